"""The folder of a delivery: its files, their names, its checksums and its letter."""
