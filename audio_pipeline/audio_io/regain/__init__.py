"""A recording written again with a gain: read here, written there."""
