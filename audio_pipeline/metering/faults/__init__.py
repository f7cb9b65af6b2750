"""Faults of channels, as an operator of quality control lists them."""
