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
INK, LIGHT = "#1A1A1A", "#DDDDDD"
NAMES = {"time": "time steps", "batch": "sequences", "units": "units"}


def draw(results: Results, path: Path) -> bool:
    """Draws what the experiment `growth` measured, as SVG or whatever the path's suffix says.

    Returns:
        Whether it did: it needs those results, and matplotlib.
    """
    measured = results.of("growth")
    if not measured or find_spec("matplotlib") is None:
        return False
    import matplotlib
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "growth",
        "font.size": 10,
        "text.color": INK,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(10.5, 4.1), layout="constrained")
        panels = figure.subplots(1, len(GROWING), sharey=True)
        for axes, measure in zip(panels, GROWING, strict=True):
            _panel(axes, measure, measured)
        panels[0].set_ylabel("milliseconds a training step")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    return True


def _panel(axes, measure, measured):
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
    axes.set_xlabel(NAMES[measure])
    constant = " · ".join(f"{value} {NAMES[name]}" for name, value in others.items())
    axes.set_title(constant, fontsize=9, color="#5F5F5F", loc="left")
