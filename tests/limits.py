"""Disks that are full, for whoever runs the tests."""

import resource
from contextlib import contextmanager


@contextmanager
def no_file_larger_than(size):
    """As if the disk were full: this process can make no file larger than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
