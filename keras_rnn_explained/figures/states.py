"""The hidden state of one sample as a heat map, units by time steps."""

import os
from typing import Any

import numpy as np

from keras_rnn_explained.figures.charts import (
    COMMON_LABELS,
    MOST_COLUMNS,
    MOST_ROWS,
    Chart,
    counted,
    every,
    said_of_mask,
)
from keras_rnn_explained.figures.checks import check_unfolding, place_of_sample, skipped_steps
from keras_rnn_explained.figures.drawing import DIVERGING
from keras_rnn_explained.figures.wording import labels_in
from keras_rnn_explained.figures.writing import check_path, finished
from keras_rnn_explained.unfolding import Unfolding

LABELS = {
    "en": {
        **COMMON_LABELS["en"],
        "title": "Hidden state of layer {layer}, sample {sample}",
        "unit": "{count:,} units",
        "one_unit": "1 unit",
        "every_unit": "{count:,} units, every {ordinal} shown",
        "unit_axis": "unit",
        "state": "state aₜ",
    },
    "ja": {
        **COMMON_LABELS["ja"],
        "title": "層「{layer}」の隠れ状態(サンプル{sample})",
        "unit": "全{count:,}ユニット",
        "one_unit": "全1ユニット",
        "every_unit": "全{count:,}ユニット({step}個ごとに1つを表示)",
        "unit_axis": "ユニット",
        "state": "状態 aₜ",
    },
}


def state_map(
    unfolding: Unfolding,
    sample: int = 0,
    language: str = "en",
    *,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws a_t of one sample as a heat map, a row for each unit and a column for each time step.

    White is 0. Of many units or time steps every second, third … is shown, and the heading says so.
    Numbers that are NaN or infinite are hatched; a strip above marks the time steps that the mask
    skips.

    Args:
        unfolding: Of `unfold`.
        sample: Which sample of the batch; negative counts from the end.
        language: Of the labels, `"en"` or `"ja"`.
        title: Heading, in place of the default.
        path: Where to write the figure, as `.svg` or `.png`, if anywhere.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        TypeError: If `unfolding` is something else, or `sample` no integer.
        ImportError: If matplotlib is not installed.
        IndexError: If there is no such sample.
        ValueError: If `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> from keras_rnn_explained import ExplainedRNN, unfold
        >>> unfolding = unfold(ExplainedRNN(3), np.ones((1, 10, 2), "float32"))
        >>> heat_map, *_ = state_map(unfolding).axes
        >>> heat_map.images[0].get_array().shape
        (3, 10)
    """
    check_unfolding(unfolding, "state_map")
    sample = place_of_sample(unfolding, sample)
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    u = unfolding
    state = u.state[sample].astype("float64")
    mask = None if u.mask is None else u.mask[sample : sample + 1]
    skipped, partly = skipped_steps(mask, u.time)
    unit_step, time_step = every(u.units, MOST_ROWS), every(u.time, MOST_COLUMNS)
    shown = state[::time_step, ::unit_step].T
    finite = np.isfinite(state)
    # The same colours whatever part of the state is shown.
    limit = np.abs(state[finite]).max(initial=0) or 1.0
    about = [
        counted(labels, "unit", u.units, unit_step),
        counted(labels, "time", u.time, time_step),
        *([labels["backwards"]] if u.go_backwards else []),
        *said_of_mask(labels, skipped, partly),
        *([] if finite.all() else [labels["broken"].format(count=(~finite).sum())]),
    ]

    width = float(np.clip(0.45 * shown.shape[1], 1.2, 5.6))
    height = float(np.clip(0.24 * shown.shape[0], 0.8, 4.2))
    heading = title or labels["title"].format(layer=u.layer, sample=sample)
    strip = 0.16 if skipped.any() or partly.any() else 0.0
    chart = Chart(
        max(width + 1.9, 4.6), height + strip + 0.7, heading, labels["separator"].join(about)
    )
    axes = chart.axes(0.75, strip + 0.1, width, height)
    norm = chart.matplotlib.colors.Normalize(-limit, limit)
    image = chart.heat_map(axes, shown, DIVERGING, norm, row_step=unit_step, column_step=time_step)
    axes.set_ylim(shown.shape[0] * unit_step + 0.5, 0.5)
    axes.yaxis.set_major_locator(chart.counting(u.units))
    chart.time_axis(axes, u.time)
    chart.name(axes, labels["step_axis"], labels["unit_axis"])
    if strip:
        above = chart.axes(0.75, 0.1, width, 0.1)
        chart.skipped_strip(above, skipped, partly)
        chart.time_axis(above, u.time)
        above.set_xticks([])
    bar = chart.axes(0.75 + width + 0.2, strip + 0.1, 0.14, height)
    chart.colour_bar(image, bar, labels["state"])
    return finished(chart.figure, path)
