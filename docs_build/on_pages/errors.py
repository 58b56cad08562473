"""Error messages, as they are raised when the site is built: those of `docs/errors.yml`."""

import tempfile
from contextlib import chdir
from functools import cache
from typing import Any

import yaml

from docs_build import ROOT
from docs_build.mistakes import of_code, of_command
from keras_rnn_explained import cli

FILE = ROOT / "docs" / "errors.yml"
COMMAND = "$ "


def setting(language: str) -> str:
    """What comes before the code of each mistake."""
    return f"```python\n{catalogue()['setting']}\n```"


def files(language: str) -> str:
    """What writes the files that the commands speak of."""
    return f"```python\n{catalogue()['files']}\n```"


def group(language: str, name: str) -> str:
    """The mistakes of a group, each with its message and what to do."""
    return "\n\n".join(_section(mistake, language) for mistake in catalogue()["groups"][name])


@cache
def catalogue() -> dict[str, Any]:
    """What is in the file."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def _section(mistake, language):
    kind, message = raised()[mistake["id"]]
    code = mistake["code"]
    if code.startswith(COMMAND):
        shown = f"```bash\n{cli.PROGRAM} {code.removeprefix(COMMAND)}\n```"
    else:
        shown = f"```python\n{code}\n```"
    return (
        f"### {mistake['heading'][language]} {{#{mistake['id']}}}\n\n{shown}\n\n"
        f"``` {{ .text .wrapped }}\n{kind + ': ' if kind else ''}{message}\n```\n\n"
        f"{mistake['remedy'][language]}"
    )


@cache
def raised() -> dict[str, tuple[str, str]]:
    """What each mistake raises, by its id: kind and message. A command has no kind.

    Raises:
        AssertionError: If one raises nothing, or a command does not end with a message of its own.
    """
    found = {}
    mistakes = [one for some in catalogue()["groups"].values() for one in some]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        names: dict[str, Any] = {}
        exec(f"{catalogue()['setting']}\n{catalogue()['files']}", names)
        for mistake in mistakes:
            code = mistake["code"]
            if code.startswith(COMMAND):
                found[mistake["id"]] = "", of_command(code.removeprefix(COMMAND).split())
            else:
                copies = {name: names[name].copy() for name in ("x", "y")}
                found[mistake["id"]] = of_code(code, names | copies)
    return found
