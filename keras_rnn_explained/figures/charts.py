"""What charts are made of: axes under a heading, time along them, and what is left out."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_rnn_explained.figures.drawing import (
    ABOUT_LINE,
    GREY,
    GROUND,
    INK,
    LIGHT,
    PAPER,
    SIZE,
    TITLE_LINE,
    TITLE_SIZE,
    fonts,
    heading,
    load_matplotlib,
)
from keras_rnn_explained.figures.wording import Labels, power_of_ten, printable, short

Array = NDArray[Any]

MOST_COLUMNS, MOST_ROWS = 400, 64
"""Of a heat map: more can't be told apart."""

LARGE_SPREAD = 100  # between the largest and the smallest number that a linear axis still shows

# The same three in each figure with time along it.
COMMON_LABELS = {
    "en": {
        "separator": "; ",
        "time": "{count:,} time steps",
        "one_time": "1 time step",
        "every_time": "{count:,} time steps, every {ordinal} shown",
        "backwards": "backwards: time step 1 is the end of the sequence",
        "skipped_count": "skipped by the mask (grey): {count:,}",
        "partly_count": "partly skipped (light grey): {count:,}",
        "broken": "cells that are NaN or ∞ (hatched): {count:,}",
        "step_axis": "time step t",
    },
    "ja": {
        "separator": "、",
        "time": "全{count:,}時刻",
        "one_time": "全1時刻",
        "every_time": "全{count:,}時刻({step}時刻ごとに1つを表示)",
        "backwards": "逆順に処理(時刻1が系列の末尾)",
        "skipped_count": "マスクにより飛ばす時刻(灰色)：{count:,}",
        "partly_count": "一部だけ飛ばす時刻(薄い灰色)：{count:,}",
        "broken": "NaNまたは∞のマス(斜線)：{count:,}",
        "step_axis": "時刻 t",
    },
}


class Chart:
    """A figure with a heading, and axes below it, placed in inches from its left and its end.

    Attributes:
        matplotlib: The package.
        figure: What is drawn on.
    """

    def __init__(self, width: float, height: float, title: str, about: str):
        self.matplotlib = load_matplotlib()
        self.fonts = fonts()
        lines, below = heading(title, about, width)
        self.top = 0.25 + TITLE_LINE * len(lines) + ABOUT_LINE * len(below)
        self.width, self.height = width, self.top + height
        self.figure = self.matplotlib.figure.Figure(figsize=(self.width, self.height))
        self.figure.set_facecolor(GROUND)
        self.figure.set_label(" ".join(lines))
        y = 0.28
        for line in lines:
            self.text(0.15, y, line, size=TITLE_SIZE, weight="bold")
            y += TITLE_LINE
        y += 0.02
        for line in below:
            self.text(0.15, y, line, color=GREY)
            y += ABOUT_LINE

    def text(self, x: float, y: float, text: str, size: float = SIZE, color=INK, **more: Any):
        """A text anywhere on the figure, in inches from its upper left corner."""
        look = {"fontsize": size, "color": color, "fontfamily": self.fonts, **more}
        return self.figure.text(
            x / self.width,
            1 - y / self.height,
            printable(text),
            va="center",
            parse_math=False,
            **look,
        )

    def axes(self, left: float, top: float, width: float, height: float, **more: Any) -> Any:
        """Axes, `top` being counted from the end of the heading."""
        bottom = self.height - self.top - top - height
        place = (
            left / self.width,
            bottom / self.height,
            width / self.width,
            height / self.height,
        )
        axes = self.figure.add_axes(place, **more)
        axes.set_facecolor("none")
        self._style(axes)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        return axes

    def name(self, axes: Any, x: str = "", y: str = "") -> None:
        """Names the two directions of axes."""
        look = {"fontsize": SIZE, "color": INK, "fontfamily": self.fonts, "parse_math": False}
        axes.set_xlabel(x, **look)
        axes.set_ylabel(y, **look)

    def heat_map(
        self,
        axes: Any,
        values: Array,
        colours: str,
        norm: Any,
        *,
        empty: Array | None = None,
        row_step: int = 1,
        column_step: int = 1,
    ) -> Any:
        """One cell a number, those that are NaN or infinite hatched, those that are `empty` left.

        Rows and columns count from 1, downwards; a step is how many of them a cell stands for.
        """
        broken = ~np.isfinite(values)
        rows, columns = values.shape[0] * row_step, values.shape[1] * column_step
        image = axes.imshow(
            np.ma.masked_where(broken if empty is None else broken | empty, values),
            cmap=colours,
            norm=norm,
            interpolation="none",
            aspect="auto",
            extent=(0.5, columns + 0.5, rows + 0.5, 0.5),
        )
        if broken.any():
            row, column = np.nonzero(broken)
            steps = np.array([column_step, row_step])
            corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
            cells = (np.stack([column, row], axis=1)[:, None] + corners) * steps + 0.5
            codes = np.tile([1, 2, 2, 2, 79], len(row))  # the codes of `matplotlib.path.Path`
            path = self.matplotlib.path.Path(cells.reshape(-1, 2), codes)
            axes.add_patch(
                self.matplotlib.patches.PathPatch(
                    path, facecolor=PAPER, edgecolor=GREY, hatch="////", linewidth=0
                )
            )
        for spine in axes.spines.values():
            spine.set(visible=True, color=LIGHT)
        return image

    def colour_bar(
        self, image: Any, axes: Any, label: str, logarithmic: bool = False, open_below: bool = False
    ) -> None:
        """The numbers that colours stand for; below the least there may be others."""
        bar = self.figure.colorbar(image, cax=axes, extend="min" if open_below else "neither")
        bar.solids.set_rasterized(True)  # one picture instead of 256 rectangles
        bar.outline.set_edgecolor(LIGHT)
        self._style(axes)
        axes.minorticks_off()
        if logarithmic:
            self.powers_of_ten(axes.yaxis)
        else:
            axes.yaxis.set_major_formatter(lambda value, _: short(value))
        self.name(axes, y=label)

    def sizes(self, axes: Any, values: Array) -> None:
        """Sets the y axis for sizes: from 0, or logarithmic if they are of many orders."""
        positive = values[np.isfinite(values) & (values > 0)]
        if is_spread(values):
            axes.set_yscale("log", nonpositive="mask")
            axes.minorticks_off()
            axes.set_ylim(positive.min() / 1.5, positive.max() * 1.5)
            self.powers_of_ten(axes.yaxis)
        else:
            axes.set_ylim(0, 1.08 * positive.max(initial=0) or 1)
            axes.yaxis.set_major_formatter(lambda value, _: short(value))

    def legend(self, axes: Any, columns: int) -> Any:
        """Names what is drawn, in a row above the axes."""
        return axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            ncols=columns,
            frameon=False,
            prop={"family": self.fonts, "size": SIZE},
            labelcolor=INK,
        )

    def powers_of_ten(self, axis: Any) -> None:
        """Ticks at a few powers of 10, with their exponents as letters."""
        axis.set_major_locator(self.matplotlib.ticker.LogLocator(numticks=7))
        axis.set_major_formatter(lambda value, _: power_of_ten(round(np.log10(value))))

    def time_axis(self, axes: Any, time: int) -> None:
        """Time steps from 1 on, along x."""
        axes.set_xlim(0.5, time + 0.5)
        axes.xaxis.set_major_locator(self.counting(time))

    def counting(self, count: int) -> Any:
        """Where ticks go on an axis that counts from 1."""
        if count <= 12:
            return self.matplotlib.ticker.FixedLocator(range(1, count + 1))
        return self.matplotlib.ticker.MaxNLocator(8, integer=True, min_n_ticks=3)

    def skipped_bands(self, axes: Any, skipped: Array, partly: Array) -> None:
        """Marks the time steps that a mask skips, over the whole height of axes."""
        for steps, colour in ((skipped, LIGHT), (partly, PAPER)):
            for first, count in runs(steps):
                axes.axvspan(first + 0.5, first + count + 0.5, color=colour, linewidth=0, zorder=0)

    def skipped_strip(self, axes: Any, skipped: Array, partly: Array) -> None:
        """Marks the time steps that a mask skips, on axes of their own."""
        for steps, colour in ((skipped, GREY), (partly, LIGHT)):
            bars = [(first + 0.5, count) for first, count in runs(steps)]
            axes.broken_barh(bars, (0, 1), facecolors=colour, linewidth=0)
        axes.set(ylim=(0, 1), xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(False)

    def _style(self, axes: Any) -> None:
        axes.tick_params(
            labelsize=8, labelcolor=INK, color=GREY, labelfontfamily=self.fonts, width=0.8
        )
        for spine in axes.spines.values():
            spine.set(color=GREY, linewidth=0.8)


def is_spread(values: Array) -> bool:
    """Whether sizes are of so many orders that only a logarithmic axis shows them all."""
    positive = values[np.isfinite(values) & (values > 0)]
    return bool(len(positive)) and bool(positive.max() > LARGE_SPREAD * positive.min())


def runs(steps: Array) -> Iterator[tuple[int, int]]:
    """Where `True` begins, and for how long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], steps, [False]]).astype(int)))
    for first, end in edges.reshape(-1, 2):
        yield int(first), int(end - first)


def every(count: int, most: int) -> int:
    """Each how-many-th to take of `count`, to be at most `most`."""
    return max(1, -(-count // most))


def counted(labels: Labels, noun: str, count: int, step: int = 1) -> str:
    """How many there are, and which of them are shown."""
    form = f"every_{noun}" if step > 1 else f"one_{noun}" if count == 1 else noun
    return labels[form].format(count=count, step=step, ordinal=_ordinal(step))


def said_of_mask(labels: Labels, skipped: Array, partly: Array) -> list[str]:
    """How many time steps a mask skips, if any."""
    counts = (("skipped_count", skipped.sum()), ("partly_count", partly.sum()))
    return [labels[form].format(count=count) for form, count in counts if count]


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
