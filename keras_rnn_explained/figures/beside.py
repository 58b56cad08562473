"""A dense layer beside a recurrent layer: what the one adds to the other."""

import os
from typing import Any

from keras_rnn_explained.figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    VERMILLION,
    Canvas,
    heading,
)
from keras_rnn_explained.figures.wording import Labels, labels_in
from keras_rnn_explained.figures.writing import check_path, finished

LABELS = {
    "en": {
        "title": "A dense layer and a recurrent layer",
        "dense": "Dense layer",
        "recurrent": "Recurrent layer",
        "input": "input",
        "output": "output",
        "state": "hidden state",
        "previous": "previous\nhidden state",
        "delay": "one time step later",
        "kernel": "each feature to each unit",
        "recurrent_kernel": "each unit to each unit",
        "bias": "one for each unit",
        "total": "{count} parameters",
        "constant": "{count} parameters, however many time steps",
    },
    "ja": {
        "title": "全結合層と再帰層",
        "dense": "全結合層",
        "recurrent": "再帰層",
        "input": "入力",
        "output": "出力",
        "state": "隠れ状態",
        "previous": "直前の\n隠れ状態",
        "delay": "1時刻後",
        "kernel": "特徴量とユニットのすべての組",
        "recurrent_kernel": "ユニットどうしのすべての組",
        "bias": "ユニットごとに1つ",
        "total": "パラメータ数{count}",
        "constant": "パラメータ数{count}(時刻の数によらない)",
    },
}

FEATURES, UNITS = 3, 4
WIDTH = 8.4  # inches
SPACING, RADIUS = 0.36, 0.12  # of the circles, one a number


def dense_beside_recurrent(
    language: str = "en", *, title: str | None = None, path: str | os.PathLike[str] | None = None
) -> Any:
    """Draws a dense layer of four units beside a recurrent one, number by number.

    Both have the kernel and the bias; the recurrent layer gets its own previous output as further
    inputs, through a kernel of their own.

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
        >>> figure = dense_beside_recurrent()
        >>> words = [text.get_text() for text in figure.axes[0].texts]
        >>> "aₜ = φ(xₜ Wₐₓ + aₜ₋₁ Wₐₐ + bₐ)" in words
        True
    """
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    lines, _ = heading(title or labels["title"], "", WIDTH)
    top = 0.33 + 0.25 * len(lines)
    canvas = Canvas(WIDTH, top + 5.15)
    canvas.heading(lines, [])
    _dense(canvas, 0.35, top, labels)
    canvas.line([3.75, 3.75], [top + 0.1, top + 5.0], LIGHT, width=1)
    _recurrent(canvas, 4.2, top, labels)
    return finished(canvas.figure, path)


def _dense(canvas: Canvas, left: float, top: float, labels: Labels) -> None:
    canvas.text(left, top + 0.15, labels["dense"], size=11, weight="bold", ha="left")
    canvas.text(left, top + 0.45, "a = φ(x W + b)", size=10.5, ha="left")
    inputs = _places(left + 0.75, top + 1.1, FEATURES)
    units = _places(left + 2.5, top + 1.6, UNITS)
    _connect(canvas, inputs, units, BLUE)
    _numbers(canvas, inputs, "x", labels["input"], beside=True)
    _numbers(canvas, units, "a", labels["output"], biased=True)
    count = FEATURES * UNITS
    rows = [
        ("W", BLUE, f"{FEATURES} × {UNITS} = {count}", labels["kernel"]),
        ("b", GREEN, f"{UNITS}", labels["bias"]),
    ]
    total = labels["total"].format(count=count + UNITS)
    _legend(canvas, left, top + 4.1, rows, total)


def _recurrent(canvas: Canvas, left: float, top: float, labels: Labels) -> None:
    canvas.text(left, top + 0.15, labels["recurrent"], size=11, weight="bold", ha="left")
    canvas.text(left, top + 0.45, "aₜ = φ(xₜ Wₐₓ + aₜ₋₁ Wₐₐ + bₐ)", size=10.5, ha="left")
    inputs = _places(left + 1.2, top + 1.1, FEATURES)
    before = _places(left + 1.2, top + 2.3, UNITS)
    units = _places(left + 2.95, top + 1.6, UNITS)
    _connect(canvas, before, units, VERMILLION)
    _connect(canvas, inputs, units, BLUE)
    _numbers(canvas, inputs, "xₜ", labels["input"], beside=True)
    _numbers(canvas, before, "aₜ₋₁", labels["previous"], beside=True)
    _numbers(canvas, units, "aₜ", labels["state"], biased=True)
    # The loop: out of the units, and in again one time step later.
    out, below = left + 3.5, before[-1][1] + 0.3
    middle = (units[0][1] + units[-1][1]) / 2
    canvas.line([units[0][0] + 0.22, out, out], [middle, middle, below], VERMILLION, width=1.8)
    canvas.line([out, before[0][0]], [below, below], VERMILLION, width=1.8)
    canvas.arrow(
        (before[0][0], below),
        (before[0][0], before[-1][1] + RADIUS),
        colour=VERMILLION,
        width=1.8,
    )
    canvas.text((out + before[0][0]) / 2, below - 0.13, labels["delay"], size=8, color=GREY)
    counts = FEATURES * UNITS, UNITS * UNITS
    rows = [
        ("Wₐₓ", BLUE, f"{FEATURES} × {UNITS} = {counts[0]}", labels["kernel"]),
        ("Wₐₐ", VERMILLION, f"{UNITS} × {UNITS} = {counts[1]}", labels["recurrent_kernel"]),
        ("bₐ", GREEN, f"{UNITS}", labels["bias"]),
    ]
    total = labels["constant"].format(count=sum(counts) + UNITS)
    _legend(canvas, left, top + 4.1, rows, total)


Places = list[tuple[float, float]]


def _places(x: float, top: float, count: int) -> Places:
    return [(x, top + place * SPACING) for place in range(count)]


def _connect(canvas: Canvas, starts: Places, ends: Places, colour: str) -> None:
    for start in starts:
        for end in ends:
            canvas.line([start[0], end[0]], [start[1], end[1]], colour, width=1.1, layer=1)


def _numbers(canvas, places, symbol, name, biased=False, beside=False):
    """A vector as one circle a number, with its symbol and name above or on the left."""
    for x, y in places:
        if biased:
            canvas.line([x - 0.16, x], [y - 0.26, y], GREEN, width=1.6, layer=2)
        canvas.circle(x, y, RADIUS)
    x, y = places[0]
    if beside:
        middle = (y + places[-1][1]) / 2
        canvas.text(x - 0.3, middle - 0.14, symbol, size=11, weight="bold", ha="right")
        below = middle + 0.09 + 0.07 * name.count("\n")
        canvas.text(x - 0.3, below, name, size=8, color=GREY, ha="right")
    else:
        canvas.text(x, y - 0.61, symbol, size=11, weight="bold")
        canvas.text(x, y - 0.41, name, size=8, color=GREY)


def _legend(canvas, left, top, rows, total):
    for row, (symbol, colour, count, meaning) in enumerate(rows):
        y = top + 0.26 * row
        canvas.pill(left + 0.18, y, symbol, colour, scale=1.15)
        canvas.text(left + 0.5, y, count, size=8.5, ha="left")
        canvas.text(left + 1.4, y, meaning, size=8.5, color=GREY, ha="left")
    canvas.text(left, top + 0.8, total, size=9, weight="bold", ha="left")
