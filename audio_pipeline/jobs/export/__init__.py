"""Sessions for other programs: one neutral model, and one module for each format."""
