"""A preset made ready, and the console that mixes its tiles."""
