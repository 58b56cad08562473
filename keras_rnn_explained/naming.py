"""How messages name what came: with its article, and paths as they were given."""

import os
import re
from pathlib import Path
from typing import Any

# Letters whose names begin with a vowel, for what is spelled out, and words that begin so.
_SPELLED, _SPOKEN = re.compile(r"[AEFHILMNORSX][A-Z]"), re.compile(r"[AEIOaeio]|Un|ndarray")


def kind_of(value: Any) -> str:
    """What a value is, as a message says it.

    Examples:
        >>> [kind_of(value) for value in (3, "a", None, int)]
        ['an int', 'a str', 'None', 'the class int']
    """
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return with_article(type(value).__name__)


def with_article(name: str) -> str:
    """The name of a class with its article.

    Examples:
        >>> [with_article(name) for name in ("LSTM", "GRU", "Dense", "ExplainedRNN", "Unfolding")]
        ['an LSTM', 'a GRU', 'a Dense', 'an ExplainedRNN', 'an Unfolding']
    """
    spelled = re.match("[A-Z]{2}", name) is not None
    return f"{'an' if (_SPELLED if spelled else _SPOKEN).match(name) else 'a'} {name}"


def without_frame(message: str) -> str:
    """A message of TensorFlow's, without the names of its operations around it.

    Examples:
        >>> without_frame("{{function_node __wrapped__Sub}} Incompatible shapes [Op:Sub] name: ")
        'Incompatible shapes'
    """
    return re.sub(r"\{\{function_node \S*\}\} | \[Op:\w+\]( name: ?)?", "", message).strip()


def path_of(name: str, given: Any) -> Path:
    """What a caller gave as a path.

    Args:
        name: What the caller calls it.
        given: The path.

    Raises:
        TypeError: If it is none.
        ValueError: If it is empty.
    """
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(f"`{name}` must be a path, got {kind_of(given)}.")
    if not os.fspath(given):
        raise ValueError(f"`{name}` must be the path of a file, got ''.")
    return Path(given)
