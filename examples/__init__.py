"""Programs to start in a clone: `python -m examples.streaming.windows --help`."""
