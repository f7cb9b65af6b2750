"""Many mixes: planned, made by as many processes as there are cores, or by a cluster, and overviewed."""
