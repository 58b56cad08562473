"""The command `rnn-explained explain`: a saved model and a file of arrays in, a page out."""

import argparse
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from keras_rnn_explained.archive import unpacked_size
from keras_rnn_explained.terminal import (
    MisuseError,
    check_folder,
    check_suffix,
    harmless,
    progress_bars,
    quiet_start,
)

PAGES = (".html", ".htm")
REQUIRED, OPTIONAL = ("x", "y"), ("sample_weight",)

MOST_BYTES = 2**33
"""The most that a file may take when it is unpacked."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Runs the command.

    Raises:
        MisuseError: If the page can't be made; nothing is written then.
    """
    check_folder(arguments.output)
    for given in (arguments.model, arguments.data):
        if arguments.output.exists() and given.exists() and given.samefile(arguments.output):
            raise MisuseError(
                f"the report would replace {given}, which it is to be made from. Give another "
                "name after -o."
            )
    check_suffix(arguments.output, PAGES)
    if not arguments.model.is_file():
        raise MisuseError(f"there is no model file {arguments.model}.")
    if arguments.model.suffix != ".keras" or not zipfile.is_zipfile(arguments.model):
        raise MisuseError(
            f"{arguments.model} is no .keras file. Write one with `model.save('model.keras')`; "
            "the model comes first, then the data."
        )
    check_size(arguments.model)
    arrays = read_arrays(arguments.data)
    # What Keras and NumPy warn of would come between the lines, with names from the file.
    with warnings.catch_warnings(action="ignore"):
        return _explained(arguments, arrays, console)


def _explained(arguments: argparse.Namespace, arrays: dict[str, Any], console: Console) -> int:
    with quiet_start():
        from keras_rnn_explained import backends, saved_models
        from keras_rnn_explained.report import explain

    try:
        backend = backends.current()
    except RuntimeError as error:
        raise MisuseError(str(error)) from error
    # Whatever is wrong with a file: Keras raises many kinds of errors.
    try:
        model = saved_models.load(arguments.model, compile=arguments.loss is None)
    except Exception as error:
        raise MisuseError(
            f"{arguments.model} can't be loaded as a Keras model: {_one_line(error)}"
        ) from error
    try:
        with progress_bars(Console(stderr=True, markup=False, highlight=False)) as progress:
            task = progress.add_task("", total=100, now="")

            def show(fraction: float, text: str) -> None:
                progress.update(task, completed=round(100 * fraction), now=harmless(text))

            path = explain(
                model,
                arrays["x"],
                arrays["y"],
                arguments.output,
                loss=arguments.loss,
                layer=arguments.layer,
                sample_weight=arrays.get("sample_weight"),
                language=arguments.language,
                title=arguments.title,
                progress=show,
            )
    except (ValueError, TypeError, ImportError, OSError, MemoryError, *backend.ERRORS) as error:
        raise MisuseError(f"the page can't be made: {_one_line(error)}") from error
    console.print(f"Report: {harmless(path)}", soft_wrap=True)
    return 0


def check_size(path: Path) -> None:
    """Checks that a zip file takes no more than `MOST_BYTES` when it is read.

    A file of a stranger's may be small and yet fill the memory.

    Raises:
        MisuseError: If it takes more.
        zipfile.BadZipFile: If it is no zip file.
    """
    size = unpacked_size(path)
    if size > MOST_BYTES:
        raise MisuseError(
            f"{path} holds {size / 2**20:,.1f} MiB, and no more than {MOST_BYTES / 2**20:,.1f} MiB "
            "are read. Give fewer samples, or call `keras_rnn_explained.explain` in a program."
        )


def read_arrays(path: Path) -> dict[str, Any]:
    """The arrays of an `.npz` file. None is unpickled, as that could run any program.

    Raises:
        MisuseError: If it is no such file, or other arrays are in it than `x`, `y` and
            `sample_weight`, or one of the first two is not.
    """
    how = "Write it with `numpy.savez(path, x=x, y=y)`."
    try:
        if path.is_file() and not zipfile.is_zipfile(path):
            raise ValueError("it is no zip file, as those are")
        with np.load(path, allow_pickle=False) as file:
            check_size(path)
            arrays = {name: file[name] for name in file.files}
    except FileNotFoundError as error:
        raise MisuseError(f"there is no data file {path}. {how}") from error
    except MisuseError:
        raise
    except Exception as error:  # what a broken file raises is as various as its parts
        raise MisuseError(f"{path} is no .npz file of arrays: {_one_line(error)}. {how}") from error
    unknown = [name for name in arrays if name not in (*REQUIRED, *OPTIONAL)]
    missing = [name for name in REQUIRED if name not in arrays]
    for problem, names in (("has no array", missing), ("has an array it may not have,", unknown)):
        if names:
            raise MisuseError(
                f"{path} {problem} {', '.join(map(repr, names))}; expected are 'x', 'y' and, if "
                f"wanted, 'sample_weight'. {how}"
            )
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise MisuseError(f"{name!r} in {path} must hold numbers, got {array.dtype}.")
    return arrays


def _one_line(error: Exception) -> str:
    """The message, without the frames that Keras puts around one of a layer or of a file."""
    text = re.sub(r"\x1b\[\d*m", "", str(error))
    text = re.sub(r".*Exception encountered: ", "", text, flags=re.DOTALL)
    text = re.sub(r"^Exception encountered when calling .*?\n", "", text)
    text = re.sub(r"Arguments received by .*", "", text, flags=re.DOTALL)
    text = " ".join(text.split()) or type(error).__name__
    return text if len(text) <= 400 else f"{text[:400]}…"
