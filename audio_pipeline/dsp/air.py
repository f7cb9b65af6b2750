"""Properties of air."""

SPEED_OF_SOUND = 343.0
"""m/s in air of 20 °C."""
