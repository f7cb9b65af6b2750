"""The cache of rendered samples on disk, addressed by content."""
