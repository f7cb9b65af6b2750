"""Many mixes: planned, rendered by processes or a cluster, and summarised."""
