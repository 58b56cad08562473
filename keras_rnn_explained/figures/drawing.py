"""What drawings are made of: colours, letters and strokes."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from keras_rnn_explained.figures.wording import printable, wrapped

# Okabe and Ito's palette, which colour-blind readers can tell apart: one colour a parameter.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
COLOURS = {"kernel": BLUE, "recurrent_kernel": VERMILLION, "bias": GREEN}
SYMBOLS = {"kernel": "Wₐₓ", "recurrent_kernel": "Wₐₐ", "bias": "bₐ"}

# These turn round on a dark page; the three above and what is written on them stay.
INK, GREY, LIGHT, PAPER, GROUND = "#1A1A1A", "#5F5F5F", "#C9C9C9", "#F5F5F5", "#FFFFFF"
ON_COLOUR = "#FEFEFE"

DIVERGING, SEQUENTIAL = "RdBu_r", "cividis"
"""Colour maps that colour-blind readers can read: for numbers around 0, and for sizes."""

LATIN = "DejaVu Sans"  # comes with matplotlib, and has Wₐₓ and â
JAPANESE = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
    "IPAexGothic",
    "TakaoGothic",
    "MS Gothic",
)
# How their files are called.
_MAYBE_JAPANESE = re.compile("sanscjk|sansjp|hiragino|yugoth|meiryo|ipaexg|takao|msgothic", re.I)

TITLE_LINE, ABOUT_LINE = 0.25, 0.18
TITLE_SIZE, SIZE = 12.5, 9


def load_matplotlib() -> Any:
    """The `matplotlib` package. Imported here and nowhere else: only drawing should cost the time.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        for part in ("cm", "colors", "figure", "font_manager", "patches", "path", "ticker"):
            import_module(f"matplotlib.{part}")
    except ImportError as error:
        raise ImportError(
            "Drawing needs matplotlib, which is not installed. Install it with "
            "`pip install 'keras_rnn_explained[figures]'`."
        ) from error
    return import_module("matplotlib")


@cache
def fonts() -> list[str]:
    """The installed ones of the families above.

    Matplotlib takes each letter from the first that has it, and complains of those not there.
    """
    manager = load_matplotlib().font_manager
    if not _installed(manager):
        # It remembers for good which fonts there were when it first ran. Look again.
        known = {font.fname for font in manager.fontManager.ttflist}
        for file in set(manager.findSystemFonts()) - known:
            if _MAYBE_JAPANESE.search(Path(file).name):
                manager.fontManager.addfont(file)
    return [LATIN, *_installed(manager)]


def _installed(manager: Any) -> list[str]:
    names = {font.name for font in manager.fontManager.ttflist}
    return [name for name in JAPANESE if name in names]


def heading(title: str, about: str, width: float) -> tuple[list[str], list[str]]:
    """The lines of a title and of what stands below it, on a figure of a width in inches."""
    inside = (width - 0.3) * 72
    return (
        wrapped(title, inside / TITLE_SIZE, letter=0.67),
        wrapped(about, inside / SIZE) if about else [],
    )


class Canvas:
    """A drawing in inches, which are its own units. y grows downwards.

    Attributes:
        matplotlib: The package.
        figure: What is drawn on.
        axes: Its only axes, which fill it.
    """

    def __init__(self, width: float, height: float):
        self.matplotlib = load_matplotlib()
        self.fonts = fonts()
        self.figure = self.matplotlib.figure.Figure(figsize=(width, height))
        self.figure.set_facecolor(GROUND)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def heading(self, title: list[str], about: list[str]) -> float:
        """Writes the lines of `heading` and gives back where they end."""
        self.figure.set_label(" ".join(title))
        y = 0.28
        for line in title:
            self.text(0.15, y, line, size=TITLE_SIZE, weight="bold", ha="left")
            y += TITLE_LINE
        y += 0.02
        for line in about:
            self.text(0.15, y, line, color=GREY, ha="left")
            y += ABOUT_LINE
        return y

    def text(self, x, y, text, size=SIZE, color=INK, ha="center", layer=3, **more):
        """A text, vertically centred on y."""
        look = {"fontsize": size, "color": color, "ha": ha, "va": "center", "zorder": layer}
        look["fontfamily"] = self.fonts
        # "$" is a dollar sign.
        return self.axes.text(x, y, printable(text), parse_math=False, **look, **more)

    def line(self, x, y, colour=INK, width=1.4, layer=2, **more):
        """A line through points."""
        look = {"color": colour, "linewidth": width, "solid_capstyle": "round", "zorder": layer}
        self.axes.plot(x, y, clip_on=False, **look, **more)

    def dot(self, x, y, colour=INK, size=4.5):
        """A dot, its size in points."""
        self.axes.plot([x], [y], "o", color=colour, markersize=size, clip_on=False)

    def _patch(self, patch):
        # Nothing lies beyond the axes, and a figure that says nothing of clipping is smaller.
        self.axes.add_patch(patch).set_clip_on(False)

    def box(self, x, y, width, height, face=GROUND, edge=INK, layer=1, **more):
        """A frame with rounded corners."""
        self._patch(
            self.matplotlib.patches.FancyBboxPatch(
                (x, y),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor=face,
                edgecolor=edge,
                linewidth=1,
                zorder=layer,
                **more,
            )
        )

    def circle(self, x, y, radius, face=GROUND, edge=INK, layer=3, width=1.2):
        """A circle around a point."""
        self._patch(
            self.matplotlib.patches.Circle(
                (x, y), radius, facecolor=face, edgecolor=edge, linewidth=width, zorder=layer
            )
        )

    def arrow(self, *points, width=1.2, colour=INK, curved=False, layer=3):
        """An arrow through points: straight from one to the next, or along their Bézier curve."""
        codes = [1, 4, 4, 4] if curved else None  # the codes of `matplotlib.path.Path`
        path = self.matplotlib.path.Path(points, codes)
        self._patch(
            self.matplotlib.patches.FancyArrowPatch(
                path=path,
                arrowstyle="-|>,head_length=4,head_width=2",
                shrinkA=0,
                shrinkB=0,
                linewidth=width,
                color=colour,
                joinstyle="round",
                zorder=layer,
            )
        )

    def pill(self, x, y, symbol, colour, scale=1.0, filled=True):
        """The sign of a parameter: its symbol on its colour, or in a frame of its colour."""
        width, height = 0.31 * scale, 0.18 * scale
        face, ink, weight = (colour, ON_COLOUR, "bold") if filled else (GROUND, INK, "normal")
        self.box(x - width / 2, y - height / 2, width, height, face, colour, layer=4)
        self.text(x, y, symbol, size=8 * scale, color=ink, weight=weight, layer=5)
