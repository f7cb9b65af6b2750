"""Pages, pictures and listening copies of a render."""
