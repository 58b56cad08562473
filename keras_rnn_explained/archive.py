"""Arrays and what is to be known of them as one `.npz` file, which NumPy alone can read.

Beside the arrays, the file holds under `about` a JSON text: which kind of result it is, in which
version of the format, the dtype of each array, and what else the writer says of it.
"""

import json
import os
import zipfile
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from keras_rnn_explained.files import written_whole
from keras_rnn_explained.naming import path_of

Array = NDArray[Any]

FORMAT = "keras_rnn_explained"
VERSION = 1
"""Of the format; it grows when older versions of this package could not read the file."""

ABOUT = "about"


def write(
    path: str | os.PathLike[str], kind: str, arrays: dict[str, Array], values: dict[str, Any]
) -> None:
    """Writes arrays, and values that JSON knows, whole or not at all.

    Raises:
        TypeError: If `path` is no path.
        ValueError: If it does not end in .npz.
        OSError: If it can't be written.
    """
    path = path_of("path", path)
    if path.suffix.lower() != ".npz":
        raise ValueError(f"`path` must end in .npz, got {path!s}.")
    about = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "dtypes": {name: array.dtype.name for name, array in arrays.items()},
        "values": values,
    }
    stored: dict[str, Any] = {name: _for_numpy(array) for name, array in arrays.items()}
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **stored | {ABOUT: np.array(json.dumps(about))})


def read(path: str | os.PathLike[str], kind: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and values that `write` wrote. Nothing in the file is run.

    Raises:
        TypeError: If `path` is no path.
        ValueError: If it is no such file, of another kind or a newer version, or damaged.
        OSError: If it can't be read.
    """
    path = path_of("path", path)
    wanted = f"Pass a file that `{kind}.save` wrote."
    with path.open("rb") as file, _damage_told(path, wanted):
        found = _arrays_in(file)
        about = json.loads(str(found.pop(ABOUT, "null")))
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        names = ", ".join(map(repr, found)) or "nothing"
        raise ValueError(f"{path!s} holds {names}, and not such a result. {wanted}")
    with _damage_told(path, wanted):
        version, of_kind, dtypes, values = (
            about[name] for name in ("version", "kind", "dtypes", "values")
        )
        is_newer = version > VERSION
    if is_newer:
        raise ValueError(
            f"{path!s} is in version {version} of the format, of a newer keras_rnn_explained; this "
            f"one reads versions up to {VERSION}. Upgrade it."
        )
    if of_kind != kind:
        raise ValueError(f"{path!s} holds {of_kind}, which `{of_kind}.load` reads. {wanted}")
    missing = [repr(name) for name in dtypes if name not in found]
    if missing:
        raise ValueError(f"{path!s} is damaged: it lacks {', '.join(missing)}. {wanted}")
    with _damage_told(path, wanted):
        return {name: _as_it_was(found[name], dtype) for name, dtype in dtypes.items()}, values


@contextmanager
def _damage_told(path, wanted):
    """What a broken file raises is as various as its parts: here it is one error."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"{path!s} can't be read; it is no .npz file of numbers, or damaged, or does not fit "
            f"into memory. {wanted}"
        ) from error


def unpacked_size(file: str | os.PathLike[str] | IO[bytes]) -> int:
    """How many bytes a zip file, such as .npz and .keras are, takes when it is read.

    Raises:
        zipfile.BadZipFile: If it is none.
        OSError: If it can't be read.
    """
    with zipfile.ZipFile(file) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _arrays_in(file) -> dict[str, Array]:
    # `write` compresses nothing, so a file that is larger inside than outside is not by it.
    if unpacked_size(file) > file.seek(0, os.SEEK_END):
        raise ValueError("It is larger inside than outside.")
    file.seek(0)
    loaded = np.load(file, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        raise ValueError("This is the file of one array.")
    return dict(loaded)


def _for_numpy(array: Array) -> Array:
    """NumPy's files know no bfloat16, so they get its bits as integers."""
    return array.view("uint16") if array.dtype.name == "bfloat16" else array


def _as_it_was(stored: Array, dtype: str) -> Array:
    if stored.dtype.name != dtype and dtype != "bfloat16":
        raise ValueError(f"An array is {stored.dtype.name} in place of {dtype}.")
    return stored.view(dtype)
