"""Data bigger than memory: windows from a file, and sequences of many lengths in buckets."""
