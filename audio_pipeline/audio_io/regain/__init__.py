"""Rewriting of a recording with a gain."""
