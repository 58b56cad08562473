"""A recurrent layer with its loop, and the chain that it unfolds to."""

import os
from numbers import Integral
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
from keras_rnn_explained.figures.wording import Labels, labels_in, subscript
from keras_rnn_explained.figures.writing import check_path, finished

MOST_STEPS = 8
"""A chain of more copies than this is no clearer."""

LABELS = {
    "en": {
        "title": "One layer: with its loop, and unfolded in time",
        "folded": "Folded: what exists",
        "unfolded": "Unfolded: the same layer at each time step",
        "layer": "layer",
        "copy": "same layer",
        "later": "one time\nstep later",
        "unfold": "unfold",
        "once": "stored once: the three parameters, which training changes",
        "again": "the same numbers, drawn again",
        "one": "Drawn once, stored once.",
        "count": "Drawn {steps} times, stored once.",
    },
    "ja": {
        "title": "1つの層：ループで描いた図と、時間方向に展開した図",
        "folded": "展開前：実際にある層",
        "unfolded": "展開後：同じ層を時刻ごとに描いたもの",
        "layer": "層",
        "copy": "同じ層",
        "later": "1時刻後",
        "unfold": "展開",
        "once": "実体は1組だけ：学習で更新される3つのパラメータ",
        "again": "上と同じ数値を描き直したもの",
        "one": "描いたのは1回、実体は1組だけです。",
        "count": "描いたのは{steps}回、実体は1組だけです。",
    },
}

# Lengths in inches.
BOX, HEIGHT = 0.86, 0.86  # of the layer
SPACING = 1.5  # from one copy to the next
LOOP, CHAIN = 0.5, 4.4  # where the layer stands, and its first copy
RIGHT = 0.5  # margin: the arrow of the last state


def folded_and_unfolded(
    language: str = "en",
    *,
    steps: int = 3,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws a layer with its loop beside the chain of its copies, one for each time step.

    The three parameters of the layer itself are filled with colour; at each copy they have its
    outline alone, because they are the same numbers, drawn again.

    Args:
        language: Of the labels, `"en"` or `"ja"`.
        steps: How many copies the chain has, at most `MOST_STEPS`.
        title: Heading, in place of the default.
        path: Where to write the figure, as `.svg` or `.png`, if anywhere.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If `steps`, `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> figure = folded_and_unfolded(steps=4)
        >>> words = [text.get_text() for text in figure.axes[0].texts]
        >>> words.count("Wₐₐ")  # in the loop, at four copies, and twice where signs are explained
        7
        >>> "Drawn 4 times, stored once." in words
        True
    """
    if not isinstance(steps, Integral) or not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"`steps` must be an integer from 1 to {MOST_STEPS}, got {steps!r}.")
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    width = max(CHAIN + (steps - 1) * SPACING + BOX + RIGHT, 8.2)
    lines, _ = heading(title or labels["title"], "", width)
    top = 0.33 + 0.25 * len(lines)
    canvas = Canvas(width, top + 4.5)
    canvas.heading(lines, [])
    _folded(canvas, top, labels)
    canvas.arrow((2.55, top + 1.6), (3.2, top + 1.6), colour=GREY, width=2.5)
    canvas.text(2.87, top + 1.42, labels["unfold"], size=8.5, color=GREY)
    _unfolded(canvas, top, int(steps), labels)
    _legend(canvas, width, top + 3.3, int(steps), labels)
    return finished(canvas.figure, path)


def _folded(canvas: Canvas, top: float, labels: Labels) -> None:
    canvas.text(0.15, top + 0.2, labels["folded"], size=10, weight="bold", ha="left")
    canvas.box(LOOP, top + 1.17, BOX, HEIGHT, PAPER, INK, layer=3)
    _layer(canvas, LOOP, top, "ₜ", labels["layer"], _stored)
    # Out on the right, and in again below.
    right, turn = LOOP + BOX, LOOP + BOX + 0.55
    out, back = top + 1.35, top + 1.85
    canvas.line([right, turn, turn], [out, out, back], VERMILLION, width=1.8)
    canvas.arrow((turn, back), (right, back), colour=VERMILLION, width=1.8)
    _stored(canvas, turn, (out + back) / 2, "Wₐₐ", VERMILLION)
    lines = labels["later"].count("\n")
    canvas.text(turn, back + 0.16 + 0.07 * lines, labels["later"], size=8, color=GREY)


def _unfolded(canvas: Canvas, top: float, steps: int, labels: Labels) -> None:
    canvas.text(CHAIN - 0.95, top + 0.2, labels["unfolded"], size=10, weight="bold", ha="left")
    middle = top + 1.6
    canvas.text(CHAIN - 0.83, middle, "a₀", size=11, weight="bold")
    for place in range(steps):
        left = CHAIN + place * SPACING
        canvas.box(left, top + 1.17, BOX, HEIGHT, GROUND, GREY, layer=3, linestyle=(0, (4, 3)))
        _layer(canvas, left, top, subscript(place + 1), labels["copy"], _drawn_again)
        start = left - (SPACING - BOX)
        canvas.arrow((start, middle), (left, middle), colour=VERMILLION, width=1.8)
        _drawn_again(canvas, (start + left) / 2 - 0.05, middle, "Wₐₐ", VERMILLION)
    end = CHAIN + (steps - 1) * SPACING + BOX
    canvas.arrow((end, middle), (end + 0.35, middle), colour=VERMILLION, width=1.8)


def _layer(canvas, left, top, step, name, sign):
    """A frame's input below, its output above, and what is in it; `sign` draws the parameters."""
    x = left + BOX / 2
    canvas.text(x, top + 0.62, f"a{step}", size=11, weight="bold")
    canvas.arrow((x, top + 1.17), (x, top + 0.8))
    canvas.text(x, top + 1.38, name, size=8.5, layer=4)
    sign(canvas, x, top + 1.78, "bₐ", GREEN)
    canvas.arrow((x, top + 2.7), (x, top + 1.17 + HEIGHT), colour=BLUE, width=1.8)
    sign(canvas, x, top + 2.36, "Wₐₓ", BLUE)
    canvas.text(x, top + 2.86, f"x{step}", size=11, weight="bold")


def _legend(canvas: Canvas, width: float, top: float, steps: int, labels: Labels) -> None:
    canvas.line([0.15, width - 0.15], [top, top], LIGHT, width=1)
    for row, (sign, meaning) in enumerate([(_stored, "once"), (_drawn_again, "again")]):
        y = top + 0.28 + 0.31 * row
        for place, name in enumerate(COLOURS):
            sign(canvas, 0.38 + 0.46 * place, y, SYMBOLS[name], COLOURS[name])
        canvas.text(1.68, y, labels[meaning], size=9, ha="left")
    count = labels["one" if steps == 1 else "count"].format(steps=steps)
    canvas.text(0.15, top + 0.92, count, size=10, weight="bold", ha="left")


def _stored(canvas: Canvas, x: float, y: float, symbol: str, colour: str) -> None:
    canvas.pill(x, y, symbol, colour, scale=1.25)


def _drawn_again(canvas: Canvas, x: float, y: float, symbol: str, colour: str) -> None:
    canvas.pill(x, y, symbol, colour, scale=1.25, filled=False)
