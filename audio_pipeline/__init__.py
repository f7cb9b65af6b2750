"""Mix-as-code for the ending of a film: one preset file in, a measured master out."""

__version__ = "0.2.0.dev0"
