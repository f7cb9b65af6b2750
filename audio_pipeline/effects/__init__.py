"""The effects. One file an effect: its parameters, with units, and its process."""
