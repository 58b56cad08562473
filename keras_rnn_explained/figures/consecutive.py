"""Two time steps of a recurrent layer in detail, with the parameters that they share."""

import os
from typing import Any

from keras_rnn_explained.figures.drawing import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    GROUND,
    INK,
    LIGHT,
    PAPER,
    SYMBOLS,
    VERMILLION,
    Canvas,
    heading,
)
from keras_rnn_explained.figures.wording import Labels, labels_in
from keras_rnn_explained.figures.writing import check_path, finished

LABELS = {
    "en": {
        "title": "Two time steps in detail: one set of parameters",
        "parameters": "Stored once",
        "kernel": "kernel",
        "recurrent_kernel": "recurrent kernel",
        "bias": "bias",
        "step": "time step {step}",
        "output": "output",
        "earlier": "of time step\nt−1",
        "note": (
            "The same Wₐₐ acts on âₜ and on âₜ₊₁; so do Wₐₓ and bₐ. "
            "A change of Wₐₐ is felt at every time step."
        ),
    },
    "ja": {
        "title": "2つの時刻を詳しく見た図：パラメータは1組だけ",
        "parameters": "実体は1組だけ",
        "kernel": "カーネル",
        "recurrent_kernel": "再帰カーネル",
        "bias": "バイアス",
        "step": "時刻{step}",
        "output": "出力",
        "earlier": "時刻t−1の状態",
        "note": (
            "âₜ にも âₜ₊₁ にも同じ Wₐₐ が関わります。Wₐₓ と bₐ も同様です。"
            "Wₐₐ を変えると、すべての時刻に影響します。"
        ),
    },
}

# Lengths in inches.
WIDTH = 8.4
FIRST, CELL, GAP = 1.75, 2.55, 0.6
COLUMNS = {"recurrent_kernel": 0.5, "kernel": 1.22, "bias": 1.94}  # within a cell
HALF = 0.3  # half the width of the frame around a vector


def consecutive_steps(
    language: str = "en", *, title: str | None = None, path: str | os.PathLike[str] | None = None
) -> Any:
    """Draws the time steps t and t+1 with all symbols, and the parameters once for both.

    The parameters themselves are filled with colour; where a time step uses them they have its
    outline alone, as in `folded_and_unfolded`.

    Args:
        language: Of the labels, `"en"` or `"ja"`.
        title: Heading, in place of the default.
        path: Where to write the figure, as `.svg` or `.png`, if anywhere.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> figure = consecutive_steps()
        >>> words = [text.get_text() for text in figure.axes[0].texts]
        >>> words.count("Wₐₐ")  # stored once, and used at both time steps
        3
    """
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    lines, _ = heading(title or labels["title"], "", WIDTH)
    _, notes = heading("", labels["note"], WIDTH)
    top = 0.3 + 0.25 * len(lines)
    canvas = Canvas(WIDTH, top + 4.95 + 0.18 * len(notes))
    canvas.heading(lines, [])
    _stored_once(canvas, top + 0.1, labels)
    for place, step in enumerate(("ₜ", "ₜ₊₁")):
        _step(canvas, FIRST + place * (CELL + GAP), top, step, labels)
    terms, state = top + 2.45, top + 3.79
    canvas.text(0.55, terms, "aₜ₋₁", size=11, weight="bold")
    canvas.text(0.55, terms + 0.3, labels["earlier"], size=8, color=GREY)
    canvas.arrow((0.85, terms), (FIRST + 0.3, terms), colour=VERMILLION, width=1.8)
    start, end = FIRST + CELL - 0.12, FIRST + CELL + GAP
    bend = (start + end) / 2 + 0.05
    canvas.line([start, bend], [state, state], VERMILLION, width=1.8, layer=4)
    canvas.line([bend, bend], [state, terms], VERMILLION, width=1.8)
    canvas.arrow((bend, terms), (end + 0.3, terms), colour=VERMILLION, width=1.8, layer=4)
    last = FIRST + 2 * CELL + GAP - 0.12
    canvas.arrow((last, state), (last + 0.6, state), colour=VERMILLION, width=1.8, layer=4)
    for line, note in enumerate(notes):
        canvas.text(0.15, top + 4.9 + 0.18 * line, note, color=GREY, ha="left")
    return finished(canvas.figure, path)


def _stored_once(canvas: Canvas, top: float, labels: Labels) -> None:
    """Each parameter once, as a rail that runs along both time steps."""
    second = FIRST + CELL + GAP
    canvas.box(0.15, top, second + CELL - 0.15, 1.2, PAPER, LIGHT)
    canvas.text(0.27, top + 0.17, labels["parameters"], ha="left", weight="bold")
    for row, (name, colour) in enumerate(COLOURS.items()):
        y = top + 0.42 + 0.29 * row
        canvas.pill(0.48, y, SYMBOLS[name], colour, scale=1.15)
        canvas.text(0.74, y, labels[name], size=8, ha="left")
        canvas.line([FIRST + 0.05, second + _tap(name)], [y, y], colour, width=2.2)
        for left in (FIRST, second):
            x = left + _tap(name)
            canvas.dot(x, y, colour)
            bottom = top + 2.35  # where the signs of the terms are
            if name == "kernel":
                end = left + COLUMNS[name] - 0.15
                canvas.line([x, x, end], [y, bottom, bottom], colour, width=1)
            else:
                canvas.line([x, x], [y, bottom], colour, width=1)


def _tap(name: str) -> float:
    """Where a parameter's line comes down, within a cell; that of the kernel leaves room for x."""
    return COLUMNS[name] - (0.4 if name == "kernel" else 0)


def _step(canvas: Canvas, left: float, top: float, step: str, labels: Labels) -> None:
    terms, sums, activated = top + 2.45, top + 3.05, top + 3.79
    recurrent, middle, bias = (left + COLUMNS[name] for name in COLUMNS)
    canvas.box(left, top + 2.2, CELL, 1.95, PAPER, INK)
    name = labels["step"].format(step={"ₜ": "t", "ₜ₊₁": "t+1"}[step])
    canvas.text(left + 0.12, top + 4.33, name, size=9.5, weight="bold", ha="left")

    canvas.box(middle - HALF, top + 1.48, 2 * HALF, 0.38, GROUND, INK, layer=3)
    canvas.text(middle, top + 1.67, f"x{step}", size=11, weight="bold", layer=4)
    canvas.arrow((middle, top + 1.86), (middle, terms - 0.1), colour=BLUE, width=1.8)

    canvas.line([recurrent, recurrent], [terms, sums], VERMILLION, width=1.8)
    canvas.arrow((recurrent, sums), (middle - 0.14, sums), colour=VERMILLION, width=1.8)
    canvas.arrow((middle, terms), (middle, sums - 0.14), colour=BLUE, width=1.8)
    canvas.line([bias, bias], [terms, sums], GREEN, width=1.8)
    canvas.arrow((bias, sums), (middle + 0.14, sums), colour=GREEN, width=1.8)
    for x, symbol, colour in (
        (recurrent, "Wₐₐ", VERMILLION),
        (middle, "Wₐₓ", BLUE),
        (bias, "bₐ", GREEN),
    ):
        canvas.pill(x, terms, symbol, colour, scale=1.15, filled=False)
    canvas.circle(middle, sums, 0.14)
    canvas.text(middle, sums, "+", size=11)
    canvas.arrow((middle, sums + 0.14), (middle, activated - 0.17))
    canvas.text(middle + 0.12, (sums + activated) / 2 - 0.02, f"â{step}", size=10.5, ha="left")
    canvas.circle(middle, activated, 0.17)
    canvas.text(middle, activated, "φ", size=10.5)

    state = left + CELL - 0.12 - HALF
    canvas.arrow((middle + 0.17, activated), (state - HALF, activated))
    canvas.box(state - HALF, activated - 0.19, 2 * HALF, 0.38, GROUND, INK, layer=3)
    canvas.text(state, activated, f"a{step}", size=11, weight="bold", layer=4)
    canvas.arrow((state, activated + 0.19), (state, top + 4.42))
    canvas.text(state, top + 4.55, labels["output"], size=8.5, color=GREY)
