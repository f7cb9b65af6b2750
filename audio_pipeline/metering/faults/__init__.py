"""Faults of channels, as quality control lists them."""
