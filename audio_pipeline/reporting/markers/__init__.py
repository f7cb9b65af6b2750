"""Marker lists, as editors and workstations export them: one reader for all kinds."""
