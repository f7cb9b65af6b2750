"""The projector: motion, sounding parts and listening position."""
