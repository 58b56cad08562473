"""What mistakes raise: code that fails, and command lines of `rnn-explained` that are refused."""

import io
import re
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

from keras_rnn_explained import cli


def of_code(code: str, names: dict[str, Any]) -> tuple[str, str]:
    """The kind of error that Python code raises, and its message.

    Args:
        code: The code.
        names: What it finds defined.

    Raises:
        AssertionError: If it raises nothing.
    """
    try:
        exec(code, dict(names))
    except Exception as error:
        return type(error).__name__, _without_frame(str(error))
    raise AssertionError(f"This raises nothing:\n{code}")


def of_command(arguments: list[str]) -> str:
    """What a command line of `rnn-explained` says is wrong with it.

    Raises:
        AssertionError: If it does not end with a message of its own.
    """
    shown = io.StringIO()
    with redirect_stderr(shown), redirect_stdout(io.StringIO()):
        status = cli.main(arguments)
    if status != cli.MISUSED or not shown.getvalue():
        raise AssertionError(f"`{cli.PROGRAM} {' '.join(arguments)}` ends with {status}.")
    return shown.getvalue().strip()


def _without_frame(message):
    """The message, without what Keras puts around one that a layer raises."""
    message = re.sub(r"\x1b\[\d*m", "", message)
    message = re.sub(r"^Exception encountered when calling .*?\n", "", message)
    message = re.sub(r"Arguments received by .*", "", message, flags=re.DOTALL)
    return message.strip()
