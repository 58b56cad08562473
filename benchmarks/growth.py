"""The drawing: how the time of a training step grows with time steps, batch and units."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.experiments import EXPERIMENTS, GROWING, SMALL
from benchmarks.peers import PEERS
from benchmarks.results import Results

# Okabe and Ito's palette, which colour-blind readers can tell apart, and markers besides.
LOOKS = {
    "ours": ("#D55E00", "o"),
    "simple_rnn": ("#0072B2", "s"),
    "torch": ("#009E73", "^"),
    "jax": ("#CC79A7", "v"),
}
# Of the package's own drawings, whose importing would start TensorFlow.
INK, GREY, LIGHT = "#1A1A1A", "#5F5F5F", "#C9C9C9"

NAMES = {
    "time": "time steps",
    "batch": "sequences",
    "units": "units",
    "measured": "milliseconds a training step",
}


def draw(results: Results, path: Path) -> bool:
    """Draws what the experiment `growth` measured, as SVG or whatever the path's suffix says.

    Returns:
        Whether it did: it needs those results, and matplotlib.
    """
    if not results.of("growth") or find_spec("matplotlib") is None:
        return False
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "growth"}):
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure(results).savefig(path, metadata=metadata, dpi=110)
    return True


def figure(
    results: Results, names: dict[str, str] = NAMES, measures: tuple[str, ...] = tuple(GROWING)
) -> Any:
    """The drawing, as a matplotlib figure with a panel for each measure.

    Args:
        results: With those of the experiment `growth`.
        names: What the axes are called, by the keys of `NAMES`.
        measures: Of `GROWING`.
    """
    import matplotlib
    from matplotlib.figure import Figure

    from keras_rnn_explained.figures.drawing import fonts

    style: Any = {"font.size": 10, "text.color": INK, "font.family": fonts()}
    measured = results.of("growth")
    with matplotlib.rc_context(style):
        drawing = Figure(figsize=(3.5 * len(measures), 4.1), layout="constrained")
        panels = drawing.subplots(1, len(measures), sharey=True, squeeze=False)[0]
        for axes, measure in zip(panels, measures, strict=True):
            _panel(axes, measure, measured, names)
        panels[0].set_ylabel(names["measured"], color=INK)
        handles, labels = panels[0].get_legend_handles_labels()
        columns = min(len(labels), 2 * len(measures))
        legend: Any = {"loc": "outside upper center", "ncols": columns, "frameon": False}
        drawing.legend(handles, labels, **legend)
    return drawing


def _panel(axes, measure, measured, names):
    """One measure grows, the others are `SMALL`'s."""
    others = {name: getattr(SMALL, name) for name in GROWING if name != measure}
    line = [r for r in measured if all(getattr(r.case, n) == v for n, v in others.items())]
    for peer in EXPERIMENTS["growth"].peers:
        points = sorted(
            (getattr(r.case, measure), 1e3 * r.summary.median) for r in line if r.peer == peer
        )
        if points:
            colour, marker = LOOKS[peer]
            axes.loglog(
                *zip(*points, strict=True),
                color=colour,
                marker=marker,
                markersize=5.5 if peer == "ours" else 4.5,
                linewidth=2.4 if peer == "ours" else 1.4,
                zorder=3 if peer == "ours" else 2,
                label=PEERS[peer].label,
            )
    axes.set_xticks(GROWING[measure], labels=[str(value) for value in GROWING[measure]])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.tick_params(color=LIGHT, labelcolor=INK)
    axes.grid(color=LIGHT, linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LIGHT)
    axes.set_xlabel(names[measure], color=INK)
    constant = " · ".join(f"{names[name]}: {value}" for name, value in others.items())
    axes.set_title(constant, fontsize=9, color=GREY, loc="left")
