"""The projector: motion, parts and listening position."""
