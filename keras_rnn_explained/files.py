"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write to, and renames what is there to `path` at the end.

    So no reader ever sees half a file, and what goes wrong leaves the file that was there.

    Raises:
        OSError: If there is no such folder, `path` is a folder itself, or can't be written.
    """
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file, got the folder {path!s}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"`path` must be in a folder that exists, got {path!s}.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
