"""Files that are written whole or not at all."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives a path beside `path` to write to, and renames what is there to `path` at the end.

    So no reader ever sees half a file, and what goes wrong leaves the file that was there. Several
    threads and processes may write the same file at once: it is that of the last one. Who could
    read a file that is replaced can read the new one; a link is replaced, and not what it points
    to.

    Raises:
        OSError: If there is no such folder, `path` is no file, or can't be written.
    """
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file, got the folder {path!s}.")
    if path.exists() and not path.is_file():
        raise OSError(f"`path` must be a file, got the device or pipe {path!s}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"`path` must be in a folder that exists, got {path!s}.")
    mode = stat.S_IMODE(path.lstat().st_mode) if path.is_file() and not path.is_symlink() else None
    # A name that nobody else chooses or guesses, and no longer than names may be.
    unfinished = path.with_name(f".{path.name[:20]}.{uuid4().hex}.part")
    try:
        unfinished.touch(0o666 if mode is None else mode, exist_ok=False)
        if mode is not None:
            unfinished.chmod(mode)
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)
