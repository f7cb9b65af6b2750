"""From premaster to master: gain, ceiling, dither."""
