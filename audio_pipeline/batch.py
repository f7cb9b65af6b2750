"""Many mixes."""
