"""The last time steps of one sample side by side: one layer, unfolded, with its numbers."""

import os
from numbers import Integral
from typing import Any

from keras_rnn_explained.figures.checks import check_unfolding, place_of_sample, skipped_steps
from keras_rnn_explained.figures.drawing import (
    ABOUT_LINE,
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    GROUND,
    INK,
    LIGHT,
    PAPER,
    SYMBOLS,
    TITLE_LINE,
    VERMILLION,
    Canvas,
    heading,
    load_matplotlib,
)
from keras_rnn_explained.figures.wording import Labels, decimals, labels_in, subscript
from keras_rnn_explained.figures.writing import check_path, finished
from keras_rnn_explained.unfolding import Unfolding

MOST_STEPS = 12
"""More time steps than this side by side can't be read."""

SHOWN = 3  # units, and features, whose numbers are written out

# Lengths in inches.
TERM = 0.72  # width of one of the three terms of â_t
PADDING = 0.08  # of a cell, left and right
BOX = 0.54  # width of the frame around a vector
GAP = 0.46  # between two cells: room for the arrow that carries the state
CELL = 3 * TERM + 2 * PADDING
LEFT, RIGHT = 1.85, 0.85  # margins: names of the parameters; the state that leaves
ROW = 0.165  # from one number of a column to the next

LABELS = {
    "en": {
        "title": "One layer, unfolded: {shown}",
        "one": "sample {sample}, time step {last} of {time}",
        "two": "sample {sample}, time steps {first} and {last} of {time}",
        "more": "sample {sample}, time steps {first} to {last} of {time}",
        "separator": ", ",
        "unit": "{count:,} unit",
        "units": "{count:,} units",
        "many_units": "{count:,} units in all (first {few} shown)",
        "feature": "{count:,} feature",
        "features": "{count:,} features",
        "many_features": "{count:,} features in all (first {few} shown)",
        "activation": "activation {name}",
        "backwards": "backwards: time step 1 is the end of the sequence",
        "parameters": "One set of parameters, used at every time step: {count:,} numbers",
        "kernel": "kernel",
        "recurrent_kernel": "recurrent kernel",
        "bias": "bias",
        "step": "time step {step}",
        "skipped": "time step {step}: skipped (mask)",
        "partly": "time step {step}: some units masked",
        "stays": "stays",
        "initial": "initial state",
        "previous": "of time step {step}",
        "outgoing": "last\nstate",
        "note": "The numbers are those that ran, rounded.",
        "dropout": "Dropout, the same at all time steps: {symbol}′ = {symbol} ⊙ ({factors}).",
    },
    "ja": {
        "title": "1つの層を時間方向に展開した図：{shown}",
        "one": "サンプル{sample}、全{time}時刻のうち時刻{last}",
        "two": "サンプル{sample}、全{time}時刻のうち時刻{first}と{last}",
        "more": "サンプル{sample}、全{time}時刻のうち時刻{first}〜{last}",
        "separator": "、",
        "unit": "ユニット数{count:,}",
        "units": "ユニット数{count:,}",
        "many_units": "ユニット数{count:,}(先頭の{few}つを表示)",
        "feature": "特徴量数{count:,}",
        "features": "特徴量数{count:,}",
        "many_features": "特徴量数{count:,}(先頭の{few}つを表示)",
        "activation": "活性化関数{name}",
        "backwards": "逆順に処理(時刻1が系列の末尾)",
        "parameters": "すべての時刻で同じパラメータを使います(合計{count:,}個の数値)",
        "kernel": "カーネル",
        "recurrent_kernel": "再帰カーネル",
        "bias": "バイアス",
        "step": "時刻{step}",
        "skipped": "時刻{step}：マスクにより飛ばします",
        "partly": "時刻{step}：一部のユニットをマスク",
        "stays": "保持",
        "initial": "初期状態",
        "previous": "時刻{step}の状態",
        "outgoing": "最後の\n状態",
        "note": "数値は実際の計算結果を丸めたものです。",
        "dropout": "ドロップアウト(全時刻で共通)：{symbol}′ = {symbol} ⊙ ({factors})",
    },
}


def unfolded_window(
    unfolding: Unfolding,
    sample: int = 0,
    steps: int = 4,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
    language: str = "en",
) -> Any:
    """Draws the last time steps of one sample side by side, with the numbers that ran.

    Each time step is a box: x_t and a_{t−1} come in, the three terms x_t W_ax, a_{t−1} W_aa and b_a
    add up to â_t, φ makes a_t of it, and a_t goes on to the next box. The three parameters are
    drawn once, above, with a line to each place that uses them: the boxes are not several layers,
    but one layer several times.

    A time step that the mask skips is grey and dashed, and its state is the one before. With
    dropout, x_t and a_{t−1} are those before it, and a note says what they were multiplied by.

    Args:
        unfolding: Of `unfold`.
        sample: Which sample of the batch; negative counts from the end.
        steps: How many time steps to draw, at most `MOST_STEPS`; a shorter sequence is drawn whole.
        title: Heading; the default names the sample and the time steps.
        path: Where to write the figure, as `.svg` (its text stays text) or `.png`. A file of that
            name is replaced, and only once the new one is complete.
        language: Of the labels, `"en"` or `"ja"`.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        TypeError: If `unfolding` is something else, or `sample` no integer.
        ImportError: If matplotlib is not installed.
        IndexError: If there is no such sample.
        ValueError: If `steps`, `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> import numpy as np
        >>> from keras_rnn_explained import ExplainedRNN
        >>> from keras_rnn_explained.unfolding import unfold
        >>> unfolding = unfold(ExplainedRNN(3), np.ones((1, 10, 2), "float32"))
        >>> figure = unfolded_window(unfolding, steps=2)
        >>> "".join(text.get_text() for text in figure.axes[0].texts[:1])
        'One layer, unfolded: sample 0, time steps 9 and 10 of 10'
    """
    check_unfolding(unfolding, "unfolded_window")
    if not isinstance(steps, Integral) or not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"`steps` must be an integer from 1 to {MOST_STEPS}, got {steps!r}.")
    sample = place_of_sample(unfolding, sample)
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    load_matplotlib()
    first = max(0, unfolding.time - steps)
    window = _Window(unfolding, sample, range(first, unfolding.time), title, labels)
    return finished(window.draw(), path)


class _Window:
    """One figure being drawn: what it shows, and where it stands."""

    def __init__(
        self, unfolding: Unfolding, sample: int, steps: range, title: str | None, labels: Labels
    ):
        self.unfolding = u = unfolding
        self.sample = sample
        self.steps = steps
        self.labels = labels
        mask = None if u.mask is None else u.mask[sample : sample + 1]
        self.skipped, self.partly = skipped_steps(mask, u.time)
        self.units = min(SHOWN, u.units)
        self.features = min(SHOWN, u.features)
        self.column = _column_height(self.units, u.units)
        self.parameters = [
            (name, SYMBOLS[name], getattr(u, name), COLOURS[name])
            for name in COLOURS
            if getattr(u, name) is not None
        ]
        self.width = max(LEFT + len(steps) * (CELL + GAP) - GAP + RIGHT, 5.8)
        self.title, self.about = self._heading(title)
        self.notes = self._notes()
        # Downwards: heading, parameters, inputs, cells (terms, then the state), names, notes.
        band_top = 0.57 + len(self.title) * TITLE_LINE + (len(self.about) - 1) * ABOUT_LINE
        self.rails = [band_top + 0.46 + 0.27 * place for place in range(len(self.parameters))]
        self.band = (band_top, self.rails[-1] + 0.2)
        self.inputs = self.band[1] + 0.38
        self.cell_top = self.inputs + _column_height(self.features, u.features) + 0.27
        self.terms_label = self.cell_top + 0.25
        self.terms_top = self.terms_label + 0.19
        self.sum_line = self.terms_top + self.column + 0.08
        self.state_label = self.sum_line + 0.2
        self.state_top = self.state_label + 0.19
        self.cell_bottom = self.state_top + self.column + 0.13
        self.height = self.cell_bottom + 0.55 + ABOUT_LINE * len(self.notes)

    def draw(self) -> Any:
        self.canvas = Canvas(self.width, self.height)
        self.canvas.heading(self.title, self.about)
        for line, note in enumerate(reversed(self.notes)):
            y = self.height - 0.17 - line * ABOUT_LINE
            self.canvas.text(0.15, y, note, color=GREY, size=8, ha="left")
        self._shared_parameters()
        self._incoming_state()
        for place, step in enumerate(self.steps):
            self._cell(place, step)
        self._outgoing_state()
        return self.canvas.figure

    def _heading(self, title: str | None) -> tuple[list[str], list[str]]:
        """What the figure is of: the lines of the title, and those below it."""
        u, labels = self.unfolding, self.labels
        first, last = self.steps[0] + 1, self.steps[-1] + 1
        form = {1: "one", 2: "two"}.get(len(self.steps), "more")
        shown = labels[form].format(sample=self.sample, first=first, last=last, time=u.time)
        about = [
            *([] if title is None else [shown]),
            self._counted(u.units, "unit"),
            self._counted(u.features, "feature"),
            labels["activation"].format(name=u.activation),
            *([labels["backwards"]] if u.go_backwards else []),
        ]
        # A title may be anything, but never nothing.
        title = title or labels["title"].format(shown=shown)
        return heading(title, labels["separator"].join(about), self.width)

    def _counted(self, count: int, noun: str) -> str:
        """How many there are, and how many of them the columns show."""
        form = f"many_{noun}s" if count > SHOWN else noun if count == 1 else f"{noun}s"
        return self.labels[form].format(count=count, few=SHOWN)

    def _notes(self) -> list[str]:
        u = self.unfolding
        masks = (("x", u.input_dropout_mask), ("a", u.recurrent_dropout_mask))
        notes = [self.labels["note"]]
        for symbol, mask in masks:
            if mask is not None:
                factors = [decimals(factor) for factor in mask[self.sample, :SHOWN]]
                factors += ["…"] if mask.shape[1] > SHOWN else []
                notes.append(
                    self.labels["dropout"].format(symbol=symbol, factors=", ".join(factors))
                )
        return notes

    def _shared_parameters(self) -> None:
        """Each parameter once, as a rail that runs along all time steps."""
        canvas = self.canvas
        top, bottom = self.band
        end = max(_cell_left(len(self.steps) - 1) + CELL, 5.0)
        canvas.box(0.15, top, end - 0.15, bottom - top, face=PAPER, edge=LIGHT)
        total = sum(value.size for _, _, value, _ in self.parameters)
        canvas.text(
            0.27,
            top + 0.2,
            self.labels["parameters"].format(count=total),
            ha="left",
            weight="bold",
        )
        for rail, (name, symbol, value, colour) in zip(self.rails, self.parameters, strict=True):
            canvas.pill(0.48, rail, symbol, colour)
            shape = " × ".join(f"{size}" for size in value.shape)
            canvas.text(0.73, rail - 0.055, self.labels[name], size=8, ha="left")
            canvas.text(0.73, rail + 0.07, shape, size=7, color=GREY, ha="left")
            last_tap = _tap(len(self.steps) - 1, symbol)
            canvas.line([LEFT - 0.13, last_tap], [rail, rail], colour, width=2.2)

    def _cell(self, place: int, step: int) -> None:
        u, sample, canvas = self.unfolding, self.sample, self.canvas
        left = _cell_left(place)
        skipped = self.skipped[step]
        ink = GREY if skipped else INK
        dashed = {"linestyle": (0, (4, 3))} if skipped else {}
        canvas.box(
            left, self.cell_top, CELL, self.cell_bottom - self.cell_top, PAPER, ink, **dashed
        )
        form = "skipped" if skipped else "partly" if self.partly[step] else "step"
        name = self.labels[form].format(step=step + 1)
        canvas.text(left + CELL / 2, self.cell_bottom + 0.19, name, size=9.5, weight="bold")
        for rail, (_, symbol, _, colour) in zip(self.rails, self.parameters, strict=True):
            tap = _tap(place, symbol)
            canvas.line([tap, tap], [rail, self.terms_label - 0.09], colour)
            canvas.dot(tap, rail, colour)

        t, before = subscript(step + 1), subscript(step)
        recurrent, middle, last = (_term(place, n) for n in range(3))

        # x_t comes in from above, beside the line of W_ax.
        x_column = middle - 0.16
        canvas.text(x_column, self.inputs - 0.15, f"x{t}", weight="bold")
        bottom = self._column(x_column, self.inputs, u.x[sample, step], boxed=True)
        canvas.arrow((x_column, bottom), (x_column, self.terms_label - 0.09))

        dropped_x = "" if u.input_dropout_mask is None else "′"
        dropped_a = "" if u.recurrent_dropout_mask is None else "′"
        self._product(recurrent, f"a{before}{dropped_a}", "Wₐₐ", VERMILLION)
        self._column(recurrent, self.terms_top, u.recurrent_projection[sample, step], ink)
        self._product(middle, f"x{t}{dropped_x}", "Wₐₓ", BLUE)
        self._column(middle, self.terms_top, u.input_projection[sample, step], ink)
        signs = [middle - 0.33]
        if u.bias is not None:
            canvas.pill(last, self.terms_label, "bₐ", GREEN)
            self._column(last, self.terms_top, u.bias, ink)
            signs.append(last - 0.275)
        for sign in signs:
            canvas.text(sign, self.terms_label, "+", size=10, color=ink)

        canvas.line([left + PADDING, left + CELL - PADDING], [self.sum_line] * 2, GREY, width=0.9)
        canvas.text(recurrent, self.state_label, f"= â{t}", color=ink)
        self._column(recurrent, self.state_top, u.pre_activation[sample, step], ink)
        centre = self.state_top + self.column / 2
        if skipped:
            canvas.text(middle, centre, self.labels["stays"], size=8, style="italic")
            canvas.text(last, self.state_label, f"a{t} = a{before}", weight="bold")
        else:
            canvas.arrow((recurrent + BOX / 2, centre), (last - BOX / 2, centre))
            canvas.text(middle, centre - 0.12, u.activation, size=8, style="italic")
            canvas.text(last, self.state_label, f"a{t}", weight="bold")
        self._column(last, self.state_top, u.state[sample, step], boxed=True)

        if place + 1 < len(self.steps):
            self._carry(last + BOX / 2, _cell_left(place + 1))

    def _incoming_state(self) -> None:
        """a_{t−1} of the first box, which an earlier time step or the caller gave."""
        first, canvas = self.steps[0], self.canvas
        left = _cell_left(0)
        column = left - 0.78
        middle = self.terms_top + self.column / 2
        canvas.text(column, self.terms_label, f"a{subscript(first)}", weight="bold")
        self._column(
            column, self.terms_top, self.unfolding.previous_state[self.sample, first], boxed=True
        )
        whence = self.labels["previous" if first else "initial"].format(step=first)
        canvas.text(column, self.terms_top + self.column + 0.17, whence, color=GREY, size=8)
        canvas.arrow((column + BOX / 2, middle), (left, middle), width=1.8)

    def _outgoing_state(self) -> None:
        """a_t of the last box. Windows end where the sequence does, so no time step follows."""
        right = _term(len(self.steps) - 1, 2) + BOX / 2
        middle = self.state_top + self.column / 2
        self.canvas.arrow((right, middle), (right + 0.47, middle), width=1.8)
        self.canvas.text(
            right + 0.52, middle, self.labels["outgoing"], color=GREY, size=8, ha="left"
        )

    def _column(self, x: float, top: float, values: Any, ink: str = INK, boxed: bool = False):
        """The first few numbers, one below the other; gives back where they end."""
        shown = values[:SHOWN]
        height = _column_height(len(shown), len(values))
        if boxed:
            self.canvas.box(x - BOX / 2, top - 0.04, BOX, height + 0.08, GROUND, INK)
        for row, value in enumerate(shown):
            y = top + (row + 0.5) * ROW
            self.canvas.text(x + 0.22, y, decimals(value), size=8, color=ink, ha="right")
        if len(values) > len(shown):
            self.canvas.text(x, top + (len(shown) + 0.3) * ROW, "⋮", size=8, color=GREY)
        return top + height + 0.04

    def _product(self, x: float, factor: str, parameter: str, colour: str) -> None:
        self.canvas.text(x - 0.04, self.terms_label, factor, ha="right", size=8.5)
        self.canvas.pill(x + 0.15, self.terms_label, parameter, colour)

    def _carry(self, start: float, end: float) -> None:
        """The state's way from one box to the next: the recurrent connection."""
        low, high = self.state_top + self.column / 2, self.terms_top + self.column / 2
        bend = (start + end) / 2 + 0.05
        points = [(start, low), (bend, low), (bend, high), (end, high)]
        self.canvas.arrow(*points, width=1.8, curved=True)


def _cell_left(place: int) -> float:
    return LEFT + place * (CELL + GAP)


def _term(place: int, number: int) -> float:
    return _cell_left(place) + PADDING + (number + 0.5) * TERM


def _tap(place: int, symbol: str) -> float:
    """Where a parameter's line comes down to its pill, clear of the column of x_t."""
    recurrent, middle, last = (_term(place, number) for number in range(3))
    return {"Wₐₓ": middle + 0.15, "Wₐₐ": recurrent + 0.15, "bₐ": last}[symbol]


def _column_height(shown: int, all_of_them: int) -> float:
    return (shown + (0.75 if all_of_them > shown else 0)) * ROW
