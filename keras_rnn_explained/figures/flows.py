"""How much of the loss at each time step reaches each earlier one."""

import os
from typing import Any

import numpy as np

from keras_rnn_explained.bptt import Flow, Gradients
from keras_rnn_explained.figures.charts import (
    COMMON_LABELS,
    MOST_COLUMNS,
    MOST_ROWS,
    Chart,
    counted,
    every,
    is_spread,
)
from keras_rnn_explained.figures.drawing import BLUE, GREY, SEQUENTIAL
from keras_rnn_explained.figures.wording import labels_in
from keras_rnn_explained.figures.writing import check_path, finished
from keras_rnn_explained.naming import kind_of

FEW_STEPS = 40  # that markers don't hide

DEEPEST = 1e-12
"""What is smaller than this part of the largest size gets the last colour."""

LABELS = {
    "en": {
        **COMMON_LABELS["en"],
        "title": "How much of the loss reaches earlier time steps",
        "title_of_one": "How much of the loss at time step {step} reaches earlier ones",
        "sample": "norm over {count:,} samples",
        "one_sample": "1 sample",
        "whole": "all {count:,} time steps with a loss",
        "one_whole": "there is no loss at another time step",
        "part": "{count:,} of the time steps with a loss",
        "one_part": "there are losses at other time steps, not shown",
        "every_row": ", of which every {ordinal} is shown",
        "none": "No time step has a loss.",
        "nothing": "time steps that nothing reaches, left out: {count:,}",
        "empty": "blank: 0",
        "broken_steps": "time steps where it is NaN or ∞, left out: {count:,}",
        "loss_axis": "loss at time step s",
        "size": "size of ∂Lₛ/∂aₜ",
    },
    "ja": {
        **COMMON_LABELS["ja"],
        "title": "各時刻の損失から過去の時刻に届く勾配の大きさ",
        "title_of_one": "時刻{step}の損失から過去の時刻に届く勾配の大きさ",
        "sample": "{count:,}サンプル全体のノルム",
        "one_sample": "1サンプル",
        "whole": "損失がある全{count:,}時刻",
        "one_whole": "損失があるのはこの時刻だけ",
        "part": "損失がある時刻のうち{count:,}時刻",
        "one_part": "ほかの時刻にも損失があるが表示していない",
        "every_row": "({step}つごとに1つを表示)",
        "none": "損失がある時刻はありません。",
        "nothing": "何も届かず表示していない時刻：{count:,}",
        "empty": "空白は0",
        "broken_steps": "NaNまたは∞で表示していない時刻：{count:,}",
        "loss_axis": "損失の時刻 s",
        "size": "∂Lₛ/∂aₜ の大きさ",
    },
}


def gradient_flow(
    flow: Flow | Gradients,
    language: str = "en",
    *,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws how large ∂L_s/∂a_t is: how much of the loss at time step s reaches time step t.

    It is a heat map with logarithmic colours, a row for each s and a column for each t; or a line
    over t if there is only one s. The heading says of how many samples it is, and whether all time
    steps with a loss are there.

    Args:
        flow: Of `Gradients.flow`; or the `Gradients`, whose flow is then computed.
        language: Of the labels, `"en"` or `"ja"`.
        title: Heading, in place of the default.
        path: Where to write the figure, as `.svg` or `.png`, if anywhere.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        TypeError: If `flow` is something else.
        ImportError: If matplotlib is not installed.
        ValueError: If `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> from keras_rnn_explained import ExplainedRNN, backpropagate
        >>> x, y = np.ones((2, 10, 3), "float32"), np.ones((2, 10, 4), "float32")
        >>> gradients = backpropagate(ExplainedRNN(4, return_sequences=True), x, y, loss="mse")
        >>> heat_map, *_ = gradient_flow(gradients).axes
        >>> heat_map.images[0].get_array().shape
        (10, 10)

    Source: Y. Bengio, P. Simard and P. Frasconi, "Learning Long-Term Dependencies with Gradient
    Descent Is Difficult", IEEE Transactions on Neural Networks 5 (1994).
    """
    if not isinstance(flow, (Flow, Gradients)):
        raise TypeError(
            "`flow` must be what `Gradients.flow` or `backpropagate` returns, got "
            f"{kind_of(flow)}. Draw a model's with "
            "`gradient_flow(backpropagate(model, x, y))`."
        )
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    if isinstance(flow, Gradients):
        flow = flow.flow()
    draw = _line if len(flow.loss_steps) == 1 else _map
    return finished(draw(flow, labels, title), path)


def _map(flow, labels, title):
    losses, time = flow.size.shape
    row_step, column_step = every(losses, MOST_ROWS), every(time, MOST_COLUMNS)
    shown = flow.size[::row_step, ::column_step]
    rows, columns = shown.shape
    about = [
        counted(labels, "time", time, column_step),
        counted(labels, "whole" if flow.is_whole else "part", losses)
        + (counted(labels, "row", losses, row_step) if row_step > 1 else ""),
        counted(labels, "sample", flow.samples),
        labels["empty"],
        *_said_of_broken(flow, labels),
    ]
    width = float(np.clip(0.4 * columns, 1.2, 5.2))
    height = float(np.clip(0.3 * rows, 0.8, 3.8))
    chart = Chart(
        max(width + 2.2, 4.6),
        height + 0.75,
        title or labels["title"],
        labels["separator"].join(about) if losses else labels["none"],
    )
    axes = chart.axes(0.95, 0.1, width, height)
    chart.time_axis(axes, time)
    chart.name(axes, labels["step_axis"], labels["loss_axis"])
    sizes = shown[np.isfinite(shown) & (shown > 0)]
    if not losses:
        axes.set_yticks([])
        return chart.figure
    largest = sizes.max(initial=0) or 1.0
    smallest = max(sizes.min(initial=largest), DEEPEST * largest)
    if smallest == largest:
        smallest = largest / 10
    norm = chart.matplotlib.colors.LogNorm(smallest, largest)
    image = chart.heat_map(
        axes,
        shown,
        SEQUENTIAL,
        norm,
        empty=shown == 0,
        row_step=row_step,
        column_step=column_step,
    )
    chart.time_axis(axes, time)
    # Later losses higher up, so that the diagonal rises.
    axes.set_ylim(0.5, rows * row_step + 0.5)
    places = np.arange(0, rows, every(rows, 12)) * row_step
    axes.set_yticks(places + (1 + row_step) / 2, [f"{s + 1}" for s in flow.loss_steps[places]])
    bar = chart.axes(0.95 + width + 0.2, 0.1, 0.14, height)
    open_below = sizes.min(initial=largest) < smallest
    chart.colour_bar(image, bar, labels["size"], logarithmic=True, open_below=open_below)
    return chart.figure


def _line(flow, labels, title):
    (size,), time = flow.size, flow.size.shape[1]
    last = int(flow.loss_steps[0])
    nothing = (size[: last + 1] == 0).sum() if is_spread(size) else 0
    about = [
        counted(labels, "time", time),
        labels["one_whole" if flow.is_whole else "one_part"],
        counted(labels, "sample", flow.samples),
        *([labels["nothing"].format(count=nothing)] if nothing else []),
        *_said_of_broken(flow, labels),
    ]
    chart = Chart(
        7.2,
        3.1,
        title or labels["title_of_one"].format(step=last + 1),
        labels["separator"].join(about),
    )
    axes = chart.axes(0.95, 0.15, 6.0, 2.35)
    chart.sizes(axes, size)
    marker = {"marker": "o", "markersize": 4} if time <= FEW_STEPS else {}
    steps = np.arange(1, last + 2)
    axes.plot(steps, size[: last + 1], color=BLUE, linewidth=1.5, clip_on=False, **marker)
    axes.axvline(last + 1, color=GREY, linewidth=0.9, linestyle=(0, (3, 3)), zorder=0)
    chart.time_axis(axes, time)
    chart.name(axes, labels["step_axis"], labels["size"])
    return chart.figure


def _said_of_broken(flow, labels):
    broken = (~np.isfinite(flow.size)).sum()
    form = "broken" if len(flow.loss_steps) > 1 else "broken_steps"
    return [labels[form].format(count=broken)] if broken else []
