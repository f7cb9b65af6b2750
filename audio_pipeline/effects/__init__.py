"""The effects: one file per effect, with its parameters, their units, and its process."""
