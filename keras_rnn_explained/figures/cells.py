"""The cell of a recurrent layer: a dense layer that also gets its own previous output."""

import os
from typing import Any

from keras_rnn_explained.figures.drawing import (
    BLUE,
    GREEN,
    GREY,
    GROUND,
    INK,
    LIGHT,
    PAPER,
    VERMILLION,
    Canvas,
    heading,
)
from keras_rnn_explained.figures.wording import labels_in
from keras_rnn_explained.figures.writing import check_path, finished

LABELS = {
    "en": {
        "title": "The cell: a dense layer that also gets its own previous output",
        "dense": "a dense layer",
        "input": "input",
        "previous": "previous hidden state",
        "kernel": "kernel",
        "recurrent_kernel": "recurrent kernel",
        "bias": "bias",
        "pre_activation": "pre-activation",
        "activation": "activation",
        "state": "hidden state",
        "delay": "kept until the next time step",
        "output": "output",
        "note": "The cell is the whole layer. At every time step it uses the same Wₐₓ, Wₐₐ and bₐ.",
    },
    "ja": {
        "title": "RNNセル：直前の自分の出力も受け取る全結合層",
        "dense": "全結合層",
        "input": "入力",
        "previous": "直前の隠れ状態",
        "kernel": "カーネル",
        "recurrent_kernel": "再帰カーネル",
        "bias": "バイアス",
        "pre_activation": "活性化前の値",
        "activation": "活性化関数",
        "state": "隠れ状態",
        "delay": "次の時刻まで保持",
        "output": "出力",
        "note": "セルは層そのものです。どの時刻でも同じ Wₐₓ、Wₐₐ、bₐ を使います。",
    },
}

WIDTH = 7.6  # inches
ENDS, KERNELS, SUM, ACTIVATION, STATE = 0.85, 2.3, 3.65, 5.15, 6.6  # x of what stands in a column
HALF = 0.34  # half the width of the frame around a vector


def cell(
    language: str = "en", *, title: str | None = None, path: str | os.PathLike[str] | None = None
) -> Any:
    """Draws the cell with its symbols, once for all time steps.

    The upper row alone is a dense layer: x_t W_ax plus b_a, through φ. What makes it recurrent is
    the lower one, which brings a_{t−1} back through W_aa.

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
        >>> figure = cell()
        >>> words = [text.get_text() for text in figure.axes[0].texts]
        >>> [symbol in words for symbol in ("xₜ", "aₜ₋₁", "Wₐₓ", "Wₐₐ", "bₐ", "âₜ", "φ", "aₜ")]
        [True, True, True, True, True, True, True, True]

    Source: J. L. Elman, "Finding Structure in Time", Cognitive Science 14 (1990).
    """
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    lines, _ = heading(title or labels["title"], "", WIDTH)
    top = 0.43 + 0.25 * len(lines)
    dense, recurrent, loop = top + 0.95, top + 2.0, top + 2.75
    canvas = Canvas(WIDTH, loop + 1.0)
    canvas.heading(lines, [])

    canvas.box(1.6, top, 4.25, 1.45, face=PAPER, edge=LIGHT)
    canvas.text(1.72, top + 0.19, labels["dense"], color=GREY, ha="left", weight="bold")

    # The dense layer
    _vector(canvas, ENDS, dense, "xₜ", labels["input"])
    canvas.arrow((ENDS + HALF, dense), (SUM - 0.15, dense), colour=BLUE, width=1.8)
    _parameter(canvas, KERNELS, dense, "Wₐₓ", labels["kernel"], BLUE)
    canvas.arrow((SUM, top + 0.46), (SUM, dense - 0.15), colour=GREEN, width=1.8)
    canvas.pill(SUM, top + 0.33, "bₐ", GREEN, scale=1.4)
    canvas.text(SUM + 0.3, top + 0.33, labels["bias"], size=8, color=GREY, ha="left")
    canvas.circle(SUM, dense, 0.15)
    canvas.text(SUM, dense, "+", size=12)
    canvas.arrow((SUM + 0.15, dense), (ACTIVATION - 0.19, dense))
    middle = (SUM + ACTIVATION) / 2
    canvas.text(middle, dense - 0.14, "âₜ", size=11)
    canvas.text(middle, dense + 0.17, labels["pre_activation"], size=8, color=GREY)
    canvas.circle(ACTIVATION, dense, 0.19)
    canvas.text(ACTIVATION, dense, "φ", size=11)
    canvas.text(ACTIVATION, dense + 0.33, labels["activation"], size=8, color=GREY)
    canvas.arrow((ACTIVATION + 0.19, dense), (STATE - HALF, dense))
    _vector(canvas, STATE, dense, "aₜ", labels["state"])
    canvas.arrow((STATE + HALF, dense), (WIDTH - 0.15, dense))
    canvas.text((STATE + HALF + WIDTH - 0.15) / 2, dense - 0.14, labels["output"], 8, GREY)

    # What is added to it
    canvas.line(
        [STATE, STATE, ENDS], [dense + 0.22, loop, loop], VERMILLION, width=1.8, linestyle="-"
    )
    canvas.arrow((ENDS, loop), (ENDS, recurrent + 0.22), colour=VERMILLION, width=1.8)
    canvas.box(2.6, loop - 0.15, 2.5, 0.3, face=GROUND, edge=VERMILLION, layer=3)
    canvas.text((2.6 + 5.1) / 2, loop, labels["delay"], layer=4)
    _vector(canvas, ENDS, recurrent, "aₜ₋₁", labels["previous"])
    canvas.line([ENDS + HALF, SUM], [recurrent, recurrent], VERMILLION, width=1.8)
    canvas.arrow((SUM, recurrent), (SUM, dense + 0.15), colour=VERMILLION, width=1.8)
    _parameter(canvas, KERNELS, recurrent, "Wₐₐ", labels["recurrent_kernel"], VERMILLION)

    canvas.text(0.15, loop + 0.5, "âₜ = xₜ Wₐₓ + aₜ₋₁ Wₐₐ + bₐ,   aₜ = φ(âₜ)", 11, ha="left")
    canvas.text(0.15, loop + 0.78, labels["note"], size=8, color=GREY, ha="left")
    return finished(canvas.figure, path)


def _vector(canvas: Canvas, x: float, y: float, symbol: str, name: str) -> None:
    canvas.box(x - HALF, y - 0.22, 2 * HALF, 0.44, GROUND, INK, layer=3)
    canvas.text(x, y, symbol, size=12, weight="bold", layer=4)
    canvas.text(x, y - 0.36, name, size=8, color=GREY)


def _parameter(canvas: Canvas, x: float, y: float, symbol: str, name: str, colour: str) -> None:
    canvas.pill(x, y, symbol, colour, scale=1.4)
    canvas.text(x, y + 0.25, name, size=8, color=GREY)
