"""The catalogue of bad input, `docs/bad_inputs.yml`, with the errors that are written there."""

import re

from docs_build.bad_inputs import catalogue
from docs_build.facts import facts
from keras_rnn_explained import cli


def setting(language: str) -> str:
    """What comes before the code of each row."""
    return f"```python\n{catalogue()['setting'].rstrip()}\n```"


def count(language: str) -> str:
    """How many rows there are."""
    every = (*catalogue()["callables"].values(), *catalogue()["commands"].values())
    return str(sum(len(rows) for arguments in every for rows in arguments.values()))


def callables(language: str) -> str:
    """The rows of each callable, by argument."""
    return "\n\n".join(
        f"### `{name}` {{#{_id(name)}}}\n\n{_rows(arguments)}"
        for name, arguments in catalogue()["callables"].items()
    )


def commands(language: str) -> str:
    """The rows of each command, by argument."""
    return "\n\n".join(
        f"### `{' '.join(filter(None, [cli.PROGRAM, name]))}` {{#{_id('command ' + name)}}}\n\n"
        f"{_rows(arguments)}"
        for name, arguments in catalogue()["commands"].items()
    )


def any_value(language: str) -> str:
    """The arguments that can't be wrong, and why."""
    return facts(
        (one["reason"][language], ", ".join(f"`{name}`" for name in one["arguments"]))
        for one in catalogue()["any_value"]
    )


def _rows(arguments):
    return "\n\n".join(
        f"**`{argument}`**\n\n"
        + facts((_code(code), _plain(error)) for code, error in rows.items())
        for argument, rows in arguments.items()
    )


def _code(text):
    return f"<code>{_plain(text)}</code>"


def _plain(text):
    """A text on one line, with nothing in it that Markdown would take for its own."""
    text = re.sub(
        r"[^\w ,.:;()=+/?'%–…`-]", lambda sign: f"&#{ord(sign[0])};", " ".join(text.split())
    )
    return text.replace("`", r"\`")  # there are many, and this is shorter on the page


def _id(name):
    return "of-" + re.sub(r"\W+|_", "-", name.lower()).strip("-")
