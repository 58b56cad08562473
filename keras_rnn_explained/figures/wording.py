"""Words on a figure: in which language, how many lines of them, and numbers among them.

Each figure has a table of its own, `LABELS`: by language, then by what the label is for.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np

LANGUAGES = ("en", "ja")

Labels = Mapping[str, str]

# What XML can't hold, and so no SVG; and what turns round the order of the letters after it.
_UNPRINTABLE = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]"
)
# Japanese has no spaces to break a line at, but no line starts with one of these.
_NOT_FIRST = "、。，．）」』・ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.)"


def labels_in(language: str, tables: Mapping[str, Labels]) -> Labels:
    """A figure's labels in a language.

    Raises:
        ValueError: If `language` is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(
            f"`language` must be {' or '.join(map(repr, LANGUAGES))}, got {language!r}."
        )
    return tables[language]


def printable(text: Any) -> str:
    """The text, with what can't be drawn or written, or would turn letters round, as "�"."""
    return _UNPRINTABLE.sub("�", str(text))


def wrapped(text: str, width: float, letter: float = 0.57) -> list[str]:
    """A text in lines of at most `width`, in units of the font's size.

    Args:
        text: What to wrap. Whitespace is as good as a space.
        width: Of a line, in em.
        letter: Mean width of a letter, in em; Japanese ones are 1.
    """
    lines = [""]
    for piece in _pieces(printable(text)):
        while piece:
            fits = _width(lines[-1] + piece.rstrip(), letter) <= width
            if fits or piece[0] in _NOT_FIRST or (not lines[-1] and len(piece) == 1):
                lines[-1] += piece
                break
            if lines[-1]:
                lines.append("")
            else:  # a word that is longer than a line
                end = max(1, int(width / letter))
                lines[-1:] = [piece[:end], ""]
                piece = piece[end:]
    return [line.rstrip() for line in lines if line] or [""]


def _pieces(text: str) -> list[str]:
    """What a line may not break: a word with the space after it, or a Japanese letter."""
    pieces: list[str] = []
    for letter in " ".join(text.split()):
        whole = not pieces or pieces[-1].endswith(" ") or _is_wide(letter + pieces[-1][-1])
        if pieces and (letter == " " or not whole):
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _is_wide(letters: str) -> bool:
    return any(unicodedata.east_asian_width(letter) in "WF" for letter in letters)


def _width(text: str, letter: float) -> float:
    return sum(1.0 if _is_wide(each) else letter for each in text)


def subscript(number: int) -> str:
    """The digits of a number as subscripts."""
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def power_of_ten(exponent: float) -> str:
    """10 to a power, as the ticks of a logarithmic axis have it."""
    return "10" + f"{exponent:.0f}".translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def decimals(value: Any) -> str:
    """A number in at most six letters or so: three decimals, and never a 0 that is none."""
    value = float(value)
    size = abs(value)
    if value == 0 or not np.isfinite(value):
        text = f"{value:.0f}"
    elif size < 0.0005 or size >= 99999.5:
        text = f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    elif size >= 99.95:
        text = f"{value:.0f}"
    else:
        text = f"{value:.3f}" if size < 9.9995 else f"{value:.2f}"
    return text.replace("-", "−")


def short(value: float) -> str:
    """A number on an axis, without zeros that say nothing."""
    return f"{value:.4g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")
