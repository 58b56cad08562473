"""What the programs take on their command lines, and what they need to run."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def count(text: str) -> int:
    """A number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected an integer of at least 1, got {text!r}")
    return int(text)


def folder(text: str) -> Path:
    """A folder that can be written to, or made."""
    path = Path(text)
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    if not there.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder, but {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"the folder {there} can't be written to")
    return path


@contextmanager
def needed(package: str) -> Iterator[None]:
    """For imports of a package: ends the program with what to type if it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        sys.exit(f"This needs {package}, which is not installed: pip install {package}")
