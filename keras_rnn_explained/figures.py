"""Drawings of what a layer did. They need matplotlib, the extra `figures`."""

import os
from importlib import import_module
from numbers import Integral
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from keras_rnn_explained.unfolding import Unfolding

SUFFIXES = (".svg", ".png")
"""What a figure can be written as."""

MOST_STEPS = 12
"""More time steps than this side by side can't be read."""

SHOWN = 3  # units, and features, whose numbers are written out

# Okabe and Ito's palette, which colour-blind readers can tell apart: one colour a parameter.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, GREY, LIGHT, PAPER = "#1A1A1A", "#5F5F5F", "#C9C9C9", "#F5F5F5"

# Lengths in inches, which are the drawing's own units. y grows downwards.
TERM = 0.72  # width of one of the three terms of â_t
PADDING = 0.08  # of a cell, left and right
BOX = 0.54  # width of the frame around a vector
GAP = 0.46  # between two cells: room for the arrow that carries the state
CELL = 3 * TERM + 2 * PADDING
LEFT, RIGHT = 1.85, 0.85  # margins: names of the parameters; the state that leaves
ROW = 0.165  # from one number of a column to the next
TITLE_LINE, ABOUT_LINE = 0.25, 0.18


def load_matplotlib() -> Any:
    """The `matplotlib` package. Imported here and nowhere else: only drawing should cost the time.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        for part in ("figure", "patches", "path"):
            import_module(f"matplotlib.{part}")
    except ImportError as error:
        raise ImportError(
            "Drawing needs matplotlib, which is not installed. Install it with "
            "`pip install 'keras_rnn_explained[figures]'`."
        ) from error
    return import_module("matplotlib")


def unfolded_window(
    unfolding: Unfolding,
    sample: int = 0,
    steps: int = 4,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws the last time steps of one sample side by side, with the numbers that ran.

    Each time step is a box: x_t and a_{t−1} come in, the three terms W_ax x_t, W_aa a_{t−1} and b_a
    add up to â_t, φ makes a_t of it, and a_t goes on to the next box. The three parameters are
    drawn once, above, with a line to each place that uses them: the boxes are not several layers,
    but one layer several times.

    Args:
        unfolding: Of `unfold`.
        sample: Which sample of the batch; negative counts from the end.
        steps: How many time steps to draw, at most `MOST_STEPS`; a shorter sequence is drawn whole.
        title: Heading; the default names the sample and the time steps.
        path: Where to write the figure, as `.svg` (its text stays text) or `.png`. A file of that
            name is replaced, and only once the new one is complete.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        TypeError: If `unfolding` is something else.
        ImportError: If matplotlib is not installed.
        IndexError: If there is no such sample.
        ValueError: If `steps` or the suffix of `path` is none of the above.
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
    if not isinstance(unfolding, Unfolding):
        raise TypeError(
            f"`unfolding` must be what `unfold` returns, got a {type(unfolding).__name__}. Draw a "
            "layer with `unfolded_window(unfold(layer, x))`."
        )
    if not isinstance(steps, Integral) or not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"`steps` must be an integer from 1 to {MOST_STEPS}, got {steps!r}.")
    if not -unfolding.batch <= sample < unfolding.batch:
        raise IndexError(
            f"`sample` must be between 0 and {unfolding.batch - 1}, got {sample!r}: the unfolding "
            f"holds {unfolding.batch}."
        )
    if path is not None:
        check_path(path)
    matplotlib = load_matplotlib()
    sample %= unfolding.batch
    first = max(0, unfolding.time - steps)
    steps_shown = range(first, unfolding.time)
    figure = _Drawing(matplotlib, unfolding, sample, steps_shown, title).draw()
    if path is not None:
        _write(matplotlib, figure, Path(path))
    return figure


def check_path(path: str | os.PathLike[str]) -> None:
    """Checks that a figure can be written as `path`.

    Raises:
        ValueError: If the suffix is not one of `SUFFIXES`.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"`path` must end in {' or '.join(SUFFIXES)}, which says what to write; got {path!s}."
        )


def _write(matplotlib: Any, figure: Any, path: Path) -> None:
    """Writes beside `path` and then renames: no reader ever sees half a figure."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"`path` must be in a folder that exists, got {path!s}.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    # Text stays text, and the same figure gives the same file: fixed ids, no date.
    settings = {"svg.fonttype": "none", "svg.hashsalt": "keras_rnn_explained"}
    kind = path.suffix.lower()[1:]
    try:
        with matplotlib.rc_context(settings), unfinished.open("wb") as file:
            metadata = {"Date": None} if kind == "svg" else None
            figure.savefig(file, format=kind, dpi=160, metadata=metadata)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


class _Drawing:
    """One figure being drawn: where things stand, and the strokes they are made of."""

    def __init__(
        self, matplotlib: Any, unfolding: Unfolding, sample: int, steps: range, title: str | None
    ):
        self.matplotlib = matplotlib
        self.unfolding = unfolding
        self.sample = sample
        self.steps = steps
        self.units = min(SHOWN, unfolding.units)
        self.features = min(SHOWN, unfolding.features)
        self.column = self._column_height(self.units, unfolding.units)
        self.parameters = [
            ("Wₐₓ", "kernel", unfolding.kernel, BLUE),
            ("Wₐₐ", "recurrent kernel", unfolding.recurrent_kernel, VERMILLION),
        ]
        if unfolding.bias is not None:
            self.parameters.append(("bₐ", "bias", unfolding.bias, GREEN))
        self.width = max(LEFT + len(steps) * (CELL + GAP) - GAP + RIGHT, 5.8)
        self.title, self.about = self._heading(title)
        # Downwards: heading, parameters, inputs, cells (terms, then the state), names, footnote.
        band_top = 0.57 + len(self.title) * TITLE_LINE + (len(self.about) - 1) * ABOUT_LINE
        self.rails = [band_top + 0.46 + 0.27 * place for place in range(len(self.parameters))]
        self.band = (band_top, self.rails[-1] + 0.2)
        self.inputs = self.band[1] + 0.38
        self.cell_top = self.inputs + self._column_height(self.features, unfolding.features) + 0.27
        self.terms_label = self.cell_top + 0.25
        self.terms_top = self.terms_label + 0.19
        self.sum_line = self.terms_top + self.column + 0.08
        self.state_label = self.sum_line + 0.2
        self.state_top = self.state_label + 0.19
        self.cell_bottom = self.state_top + self.column + 0.13
        self.height = self.cell_bottom + 0.72

    def draw(self) -> Any:
        self.figure = self.matplotlib.figure.Figure(figsize=(self.width, self.height))
        self.figure.set_facecolor("white")
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        self.axes.set_axis_off()
        for line, text in enumerate(self.title):
            y = 0.28 + line * TITLE_LINE
            self._text(0.15, y, text, size=12.5, weight="bold", ha="left")
        for line, text in enumerate(self.about):
            y = self.band[0] - 0.27 - (len(self.about) - 1 - line) * ABOUT_LINE
            self._text(0.15, y, text, color=GREY, ha="left")
        note = "The numbers are those that ran, rounded. W a is a · W, with W as Keras stores it."
        self._text(0.15, self.height - 0.17, note, color=GREY, size=8, ha="left")
        self._shared_parameters()
        self._incoming_state()
        for place, step in enumerate(self.steps):
            self._cell(place, step)
        self._outgoing_state()
        return self.figure

    def _heading(self, title: str | None) -> tuple[list[str], list[str]]:
        """What the figure is of: the lines of the title, and those below it."""
        u = self.unfolding
        first, last = self.steps[0] + 1, self.steps[-1] + 1
        if len(self.steps) == 1:
            shown = f"time step {last}"
        else:
            shown = f"time steps {first} {'and' if last == first + 1 else 'to'} {last}"
        shown = f"sample {self.sample}, {shown} of {u.time}"
        about = [
            *([] if title is None else [shown]),
            _counted(u.units, "unit"),
            _counted(u.features, "feature"),
            f"activation {u.activation}",
            *(["backwards: time step 1 is the end of the sequence"] if u.go_backwards else []),
        ]
        # About how many letters fit side by side; a title may be anything, but never nothing.
        title_lines = wrap(title or f"One layer, unfolded: {shown}", int(8.6 * self.width))
        return title_lines, wrap(", ".join(about), int(14 * self.width))

    def _shared_parameters(self) -> None:
        """Each parameter once, as a rail that runs along all time steps."""
        top, bottom = self.band
        end = max(self._cell_left(len(self.steps) - 1) + CELL, 5.0)
        self._box(0.15, top, end - 0.15, bottom - top, face=PAPER, edge=LIGHT)
        total = sum(value.size for *_, value, _ in self.parameters)
        self._text(
            0.27,
            top + 0.2,
            f"One set of parameters, used at every time step: {total:,} numbers",
            ha="left",
            weight="bold",
        )
        for rail, (symbol, name, value, colour) in zip(self.rails, self.parameters, strict=True):
            self._pill(0.48, rail, symbol, colour)
            shape = " × ".join(f"{size}" for size in value.shape)
            self._text(0.73, rail - 0.055, name, size=8, ha="left")
            self._text(0.73, rail + 0.07, shape, size=7, color=GREY, ha="left")
            last_tap = self._tap(len(self.steps) - 1, symbol)
            self._line([LEFT - 0.13, last_tap], [rail, rail], colour, width=2.2)

    def _cell(self, place: int, step: int) -> None:
        u = self.unfolding
        left = self._cell_left(place)
        self._box(left, self.cell_top, CELL, self.cell_bottom - self.cell_top, face=PAPER, edge=INK)
        self._text(
            left + CELL / 2,
            self.cell_bottom + 0.19,
            f"time step {step + 1}",
            size=9.5,
            weight="bold",
        )
        for rail, (symbol, _, _, colour) in zip(self.rails, self.parameters, strict=True):
            tap = self._tap(place, symbol)
            self._line([tap, tap], [rail, self.terms_label - 0.09], colour)
            self.axes.plot([tap], [rail], "o", color=colour, markersize=4.5)

        t, before = _subscript(step + 1), _subscript(step)
        recurrent, middle, last = (self._term(place, n) for n in range(3))

        # x_t comes in from above, beside the line of W_ax.
        x_column = middle + 0.16
        x = u.x[self.sample, step]
        self._text(x_column, self.inputs - 0.15, f"x{t}", weight="bold")
        bottom = self._column(x_column, self.inputs, x, boxed=True)
        self._arrow((x_column, bottom), (x_column, self.terms_label - 0.09))

        sample = self.sample
        self._product(recurrent, "Wₐₐ", f"a{before}", VERMILLION)
        self._column(recurrent, self.terms_top, u.recurrent_projection[sample, step])
        self._product(middle, "Wₐₓ", f"x{t}", BLUE)
        self._column(middle, self.terms_top, u.input_projection[sample, step])
        signs = [middle - 0.41]
        if u.bias is not None:
            self._pill(last, self.terms_label, "bₐ", GREEN)
            self._column(last, self.terms_top, u.bias)
            signs.append(last - 0.33)
        for sign in signs:
            self._text(sign, self.terms_label, "+", size=10)

        self._line([left + PADDING, left + CELL - PADDING], [self.sum_line] * 2, GREY, width=0.9)
        self._text(recurrent, self.state_label, f"= â{t}")
        self._column(recurrent, self.state_top, u.pre_activation[sample, step])
        centre = self.state_top + self.column / 2
        self._arrow((recurrent + BOX / 2, centre), (last - BOX / 2, centre))
        self._text(middle, centre - 0.12, u.activation, size=8, style="italic")
        self._text(last, self.state_label, f"a{t}", weight="bold")
        self._column(last, self.state_top, u.state[sample, step], boxed=True)

        if place + 1 < len(self.steps):
            self._carry(last + BOX / 2, self._cell_left(place + 1))

    def _incoming_state(self) -> None:
        """a_{t−1} of the first box, which an earlier time step or the caller gave."""
        first = self.steps[0]
        left = self._cell_left(0)
        column = left - 0.78
        middle = self.terms_top + self.column / 2
        self._text(column, self.terms_label, f"a{_subscript(first)}", weight="bold")
        self._column(
            column, self.terms_top, self.unfolding.previous_state[self.sample, first], boxed=True
        )
        whence = "initial state" if first == 0 else f"of time step {first}"
        self._text(column, self.terms_top + self.column + 0.17, whence, color=GREY, size=8)
        self._arrow((column + BOX / 2, middle), (left, middle), width=1.8)

    def _outgoing_state(self) -> None:
        """a_t of the last box. Windows end where the sequence does, so no time step follows."""
        right = self._term(len(self.steps) - 1, 2) + BOX / 2
        middle = self.state_top + self.column / 2
        self._arrow((right, middle), (right + 0.47, middle), width=1.8)
        self._text(right + 0.52, middle, "last\nstate", color=GREY, size=8, ha="left")

    # Places

    def _cell_left(self, place: int) -> float:
        return LEFT + place * (CELL + GAP)

    def _term(self, place: int, number: int) -> float:
        return self._cell_left(place) + PADDING + (number + 0.5) * TERM

    def _tap(self, place: int, symbol: str) -> float:
        """Where a parameter's line comes down to its pill, clear of the column of x_t."""
        recurrent, middle, last = (self._term(place, number) for number in range(3))
        return {"Wₐₓ": middle - 0.17, "Wₐₐ": recurrent - 0.17, "bₐ": last}[symbol]

    @staticmethod
    def _column_height(shown: int, all_of_them: int) -> float:
        return (shown + (0.75 if all_of_them > shown else 0)) * ROW

    # Strokes

    def _column(self, x: float, top: float, values: Any, boxed: bool = False) -> float:
        """The first few numbers, one below the other; gives back where they end."""
        shown = values[:SHOWN]
        height = self._column_height(len(shown), len(values))
        if boxed:
            self._box(x - BOX / 2, top - 0.04, BOX, height + 0.08, face="white", edge=INK)
        for row, value in enumerate(shown):
            self._text(x + 0.22, top + (row + 0.5) * ROW, _number(value), size=8, ha="right")
        if len(values) > len(shown):
            self._text(x, top + (len(shown) + 0.3) * ROW, "⋮", size=8, color=GREY)
        return top + height + 0.04

    def _product(self, x: float, parameter: str, factor: str, colour: str) -> None:
        self._pill(x - 0.17, self.terms_label, parameter, colour)
        self._text(x + 0.02, self.terms_label, factor, ha="left", size=8.5)

    def _pill(self, x: float, y: float, symbol: str, colour: str) -> None:
        self._box(x - 0.155, y - 0.09, 0.31, 0.18, face=colour, edge=colour, layer=4)
        self._text(x, y, symbol, size=8, color="white", weight="bold", layer=5)

    def _carry(self, start: float, end: float) -> None:
        """The state's way from one box to the next: the recurrent connection."""
        low, high = self.state_top + self.column / 2, self.terms_top + self.column / 2
        bend = (start + end) / 2 + 0.05
        points = [(start, low), (bend, low), (bend, high), (end, high)]
        curve = self.matplotlib.path.Path(points, [1, 4, 4, 4])  # a cubic Bézier curve
        self._arrow(path=curve, width=1.8)

    def _text(self, x, y, text, size=9, color=INK, ha="center", layer=3, **more):
        look = {"fontsize": size, "color": color, "ha": ha, "va": "center", "zorder": layer}
        self.axes.text(x, y, text, parse_math=False, **look, **more)  # "$" is a dollar sign

    def _line(self, x, y, colour, width=1.4):
        self.axes.plot(x, y, color=colour, linewidth=width, solid_capstyle="round", zorder=2)

    def _box(self, x, y, width, height, face, edge, layer=1):
        self.axes.add_patch(
            self.matplotlib.patches.FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=face,
                edgecolor=edge,
                linewidth=1,
                zorder=layer,
            )
        )

    def _arrow(self, start=None, end=None, path=None, width=1.2):
        self.axes.add_patch(
            self.matplotlib.patches.FancyArrowPatch(
                start,
                end,
                path=path,
                arrowstyle="-|>,head_length=4,head_width=2",
                shrinkA=0,
                shrinkB=0,
                linewidth=width,
                color=INK,
                zorder=3,
            )
        )


def _counted(count: int, noun: str) -> str:
    """How many there are, and how many of them the columns show."""
    if count > SHOWN:
        return f"{count:,} {noun}s in all (first {SHOWN} shown)"
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _number(value: Any) -> str:
    """At most three decimals, and never a 0 that is none."""
    value = float(value)
    size = abs(value)
    if value == 0 or not np.isfinite(value):
        text = f"{value:.0f}"
    elif size < 0.0005 or size >= 99999.5:
        text = f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    elif size >= 99.95:
        text = f"{value:.0f}"
    else:
        text = f"{value:.3f}" if size < 9.9995 else f"{value:.2f}"
    return text.replace("-", "−")
