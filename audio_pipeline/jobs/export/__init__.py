"""Sessions for other programs: one neutral model, and one file for each format that writes it."""
