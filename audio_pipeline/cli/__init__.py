"""The command: click only. One file a command; it parses, calls the library once, and prints."""
