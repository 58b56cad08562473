"""What the commands of `rnn-explained` share: quiet imports, progress, checks, tables."""

import os
import signal
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from keras_rnn_explained.installation import load_backend


class MisuseError(Exception):
    """What the user asked for can't be done; the message says what can."""


def harmless(text: object) -> str:
    """A text of whoever's for the terminal: one line, and nothing in it but letters and spaces.

    What steers the terminal or turns the order of letters round is there as in Python's `repr`.

    Examples:
        >>> harmless("red: " + chr(27) + "[31m") == "red: " + chr(92) + "x1b[31m"
        True
    """
    return "".join(
        letter
        if letter.isprintable() or unicodedata.category(letter) == "Zs"
        else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


@contextmanager
def quiet_start() -> Iterator[None]:
    """For the imports that start Keras, without what its backend logs to standard error meanwhile.

    Some of its lines no setting keeps back, as they come before its logging is set up.

    Raises:
        MisuseError: If there is no backend that the package runs on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as log:
        standard_error = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            try:
                load_backend()
            except ImportError as error:
                raise MisuseError(str(error)) from error
            yield
            if "tensorflow" in sys.modules:
                sys.modules["tensorflow"].get_logger().setLevel("CRITICAL")
        except Exception:
            log.seek(0)
            os.write(standard_error, log.read())  # then they may tell what went wrong
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)


class _InterruptibleProgress(Progress):
    """Progress that ends at Ctrl-C.

    Python drops a `KeyboardInterrupt` raised in a destructor or in a callback from C, and tracing
    and training have many: the next update raises it again.
    """

    interrupted = False

    def start(self) -> None:
        self._handler_before = signal.getsignal(signal.SIGINT)
        if self._handler_before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        super().start()

    def stop(self) -> None:
        super().stop()
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, self._handler_before)

    def update(self, *args: Any, **keywords: Any) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        super().update(*args, **keywords)

    def _interrupt(self, *_: Any) -> None:
        self.interrupted = True
        raise KeyboardInterrupt


def progress_bars(console: Console) -> Progress:
    """Bars that are shown while something lasts."""
    # Where nobody watches, as in a file, it would only be noise.
    return _InterruptibleProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def check_suffix(output: Path, suffixes: tuple[str, ...]) -> None:
    """Before Keras starts: whether a file is of a kind that can be written."""
    if output.suffix.lower() not in suffixes:
        raise MisuseError(
            f"argument --output: must end in {' or '.join(suffixes)}, which says what to write; "
            f"got {output}."
        )


def check_folder(output: Path) -> None:
    """Before minutes of training, not after: whether a file can be made where it is to be."""
    folder = output.parent
    if output.is_dir():
        raise MisuseError(f"argument --output: must be a file, but {output} is a folder.")
    if not folder.is_dir():
        raise MisuseError(f"argument --output: there is no folder {folder}. Make it first.")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MisuseError(
            f"argument --output: can't write into the folder {folder.absolute()} "
            f"({error.strerror}). Give a file in another one, as in --output /tmp/demo.svg."
        ) from error


def table_of(title: str, *left: str, right: str | tuple[str, ...]) -> Table:
    """A table with columns set to the left, and columns set to the right after them."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in left:
        table.add_column(column)
    for column in (right,) if isinstance(right, str) else right:
        table.add_column(column, justify="right")
    return table


def many(count: int, noun: str) -> str:
    """How many there are of something."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
