"""What a projector is made of: its motion, its noisy parts, and where it is heard from."""
