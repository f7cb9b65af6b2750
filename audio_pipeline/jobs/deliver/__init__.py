"""One folder that foreign programs accept: what is in it, how it is called, its checksums and its letter."""
