"""The loudness report of a file, deliveries and their verdicts, and the comparison of reports."""
