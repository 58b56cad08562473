"""What goes into a recurrent layer and what comes out of it, as boxes of numbers."""

from typing import Any

from docs_build.on_pages import drawings
from keras_rnn_explained.figures.drawing import GREY, GROUND, INK, LIGHT, PAPER, Canvas

LABELS = {
    "en": {
        "title": "What goes in, and what comes out",
        "batch": "batch",
        "time": "time",
        "features": "features",
        "units": "units",
        "layer": "recurrent\nlayer",
        "kept": "{units} units",
        "all": "return_sequences=True: every state",
        "last": "return_sequences=False: the last state",
        "note": "Grey: the states of the last time step. They are the same numbers in both.",
    },
    "ja": {
        "title": "入力と出力の形",
        "batch": "バッチ",
        "time": "時刻",
        "features": "特徴量",
        "units": "ユニット",
        "layer": "再帰層",
        "kept": "ユニット数{units}",
        "all": "return_sequences=True：すべての時刻の状態",
        "last": "return_sequences=False：最後の状態だけ",
        "note": "灰色は最後の時刻の状態です。どちらの出力でも同じ数値です。",
    },
}

BATCH, TIME, FEATURES, UNITS = 3, 5, 2, 4
WIDTH, CELL = 8.2, 0.24  # inches
SHIFT = 0.15  # of each sequence of the batch, behind the one before


def picture(language: str, name: str) -> str:
    """A batch of sequences before a recurrent layer, and behind it in both ways."""
    return drawings.shown(language, _figure(LABELS[language]), name)


def _figure(labels: dict[str, str]) -> Any:
    canvas = Canvas(WIDTH, 4.75)
    canvas.heading([labels["title"]], [])
    _sheets(canvas, 0.95, 1.75, TIME, FEATURES, (labels["time"], labels["features"]), labels)
    _caption(canvas, 0.95, 3.4, "x", (BATCH, TIME, FEATURES))
    canvas.arrow((1.95, 2.3), (2.4, 2.3))
    canvas.box(2.45, 1.85, 1.1, 0.9, PAPER, INK)
    canvas.text(3.0, 2.17, labels["layer"], weight="bold")
    canvas.text(3.0, 2.53, labels["kept"].format(units=UNITS), size=8, color=GREY)
    canvas.arrow((3.55, 2.1), (4.0, 1.75))
    canvas.arrow((3.55, 2.5), (4.0, 3.3))
    canvas.text(4.1, 0.75, labels["all"], size=9, weight="bold", ha="left")
    names = (labels["time"], labels["units"])
    _sheets(canvas, 4.75, 1.35, TIME, UNITS, names, labels, last=TIME - 1)
    _caption(canvas, 6.5, 1.95, "", (BATCH, TIME, UNITS), ha="left")
    canvas.text(4.1, 2.95, labels["last"], size=9, weight="bold", ha="left")
    _sheets(canvas, 4.75, 3.55, 1, UNITS, ("", labels["units"]), labels, last=0)
    _caption(canvas, 6.5, 3.55, "", (BATCH, UNITS), ha="left")
    canvas.text(0.15, 4.52, labels["note"], size=8.5, color=GREY, ha="left")
    return canvas.figure


def _sheets(canvas, left, top, rows, columns, names, labels, last=None):
    """A sheet for each sequence of the batch, the first one in front."""
    width, height = columns * CELL, rows * CELL
    for place in reversed(range(BATCH)):
        x, y = left + place * SHIFT, top - place * SHIFT
        layer = 2 + (BATCH - place) / 10
        canvas.box(x, y, width, height, GROUND, INK, layer=layer)
        if last is not None:
            canvas.box(x, y + last * CELL, width, CELL, LIGHT, INK, layer=layer + 0.02)
        for row in range(1, rows):
            line = [y + row * CELL] * 2
            canvas.line([x, x + width], line, GREY, width=0.7, layer=layer + 0.04)
        for column in range(1, columns):
            line = [x + column * CELL] * 2
            canvas.line(line, [y, y + height], GREY, width=0.7, layer=layer + 0.04)
    if names[0]:
        canvas.text(left - 0.12, top + height / 2, names[0], size=8.5, ha="right")
    canvas.text(left + width / 2, top + height + 0.16, names[1], size=8.5)
    corner = left + width + BATCH * SHIFT - 0.2
    canvas.text(corner, top + height - 0.06, labels["batch"], size=8.5, ha="left")


def _caption(canvas, x, y, name, shape, ha="center"):
    canvas.text(x + (0.24 if name else 0), y, f"{name} {shape}".strip(), size=10, ha=ha)
