"""What was rendered before, kept on disk by content."""
