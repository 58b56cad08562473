"""Error messages, as they are raised when the site is built."""

import io
import os
import re
import tempfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache

from docs_build.error_cases import FILES, MISTAKES, SETTING
from keras_rnn_explained import cli


def setting(language: str) -> str:
    """What comes before the code of each mistake."""
    return f"```python\n{SETTING}```"


def files(language: str) -> str:
    """What writes the files that the commands speak of."""
    return f"```python\n{FILES}```"


def group(language: str, name: str) -> str:
    """The mistakes of a group, each with its message and what to do."""
    return "\n\n".join(_section(mistake, language) for mistake in MISTAKES[name])


def _section(mistake, language):
    kind, message = raised()[mistake.id]
    if mistake.is_command:
        code = f"```bash\nrnn-explained {mistake.code.removeprefix('$ ')}\n```"
    else:
        code = f"```python\n{mistake.code}\n```"
    told = f"{kind}: {message}" if kind else message
    return (
        f"### {mistake.heading[language]} {{#{mistake.id}}}\n\n{code}\n\n"
        f"``` {{ .text .wrapped }}\n{told}\n```\n\n{mistake.remedy[language]}"
    )


@cache
def raised() -> dict[str, tuple[str, str]]:
    """What each mistake raises, by its id: kind and message. A command has no kind.

    Raises:
        AssertionError: If one raises nothing, or a command does not end with a message of its own.
    """
    found = {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        names: dict[str, object] = {}
        exec(SETTING + FILES, names)
        for mistake in (one for some in MISTAKES.values() for one in some):
            if mistake.is_command:
                found[mistake.id] = "", _of_command(mistake.code.removeprefix("$ ").split())
            else:
                found[mistake.id] = _of_code(mistake.code, names)
    return found


def _of_code(code, names):
    copies = {name: names[name].copy() for name in ("x", "y")}
    try:
        exec(code, {**names, **copies})
    except Exception as error:
        return type(error).__name__, _without_frame(str(error))
    raise AssertionError(f"This raises nothing:\n{code}")


def _of_command(arguments):
    shown = io.StringIO()
    # The width of a terminal is not to matter.
    with redirect_stderr(shown), redirect_stdout(io.StringIO()):
        status = cli.main(arguments)
    if status != cli.MISUSED or not shown.getvalue():
        raise AssertionError(f"`rnn-explained {' '.join(arguments)}` ends with {status}.")
    return shown.getvalue().strip()


def _without_frame(message):
    """The message, without what Keras puts around one that a layer raises."""
    message = re.sub(r"\x1b\[\d*m", "", message)
    message = re.sub(r"^Exception encountered when calling .*?\n", "", message)
    message = re.sub(r"Arguments received by .*", "", message, flags=re.DOTALL)
    return message.replace(os.getcwd() + os.sep, "").strip()
