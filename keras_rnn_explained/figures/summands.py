"""What each time step adds to the gradient of each parameter, and what the sum is."""

import os
from typing import Any

import numpy as np

from keras_rnn_explained.bptt import PARAMETERS, Gradients
from keras_rnn_explained.figures.charts import (
    COMMON_LABELS,
    Chart,
    counted,
    is_spread,
    said_of_mask,
)
from keras_rnn_explained.figures.checks import skipped_steps
from keras_rnn_explained.figures.drawing import COLOURS, SYMBOLS
from keras_rnn_explained.figures.wording import decimals, labels_in
from keras_rnn_explained.figures.writing import check_path, finished
from keras_rnn_explained.naming import kind_of
from keras_rnn_explained.unfolding import wide

FEW_STEPS = 40  # that markers don't hide

MARKERS = {"kernel": "o", "recurrent_kernel": "s", "bias": "^"}

LABELS = {
    "en": {
        **COMMON_LABELS["en"],
        "title": "What each time step adds to the gradients of layer {layer}",
        "sample": "sum over {count:,} samples",
        "one_sample": "1 sample",
        "truncated": "truncated BPTT, k = {count:,}",
        "zero": "time steps where a summand is 0, which the logarithmic axis leaves out: {count:,}",
        "broken_steps": "time steps where a summand is NaN or ∞, left out: {count:,}",
        "kernel": "kernel",
        "recurrent_kernel": "recurrent kernel",
        "bias": "bias",
        "summand": "norm of the summand",
        "sum": "norm of the sum",
    },
    "ja": {
        **COMMON_LABELS["ja"],
        "title": "層「{layer}」の勾配に各時刻が加える項",
        "sample": "{count:,}サンプルの和",
        "one_sample": "1サンプル",
        "truncated": "打ち切りBPTT(k = {count:,})",
        "zero": "項が0で対数軸に表示できない時刻：{count:,}",
        "broken_steps": "項がNaNまたは∞で表示していない時刻：{count:,}",
        "kernel": "カーネル",
        "recurrent_kernel": "再帰カーネル",
        "bias": "バイアス",
        "summand": "各時刻の項のノルム",
        "sum": "和のノルム",
    },
}


def gradient_summands(
    gradients: Gradients,
    language: str = "en",
    *,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws the norm of what each time step adds to each parameter's gradient, beside their sum's.

    The gradient of a parameter is a sum over all time steps, for it is used at each. The axis is
    logarithmic if the numbers are of many orders.

    Args:
        gradients: Of `backpropagate`.
        language: Of the labels, `"en"` or `"ja"`.
        title: Heading, in place of the default.
        path: Where to write the figure, as `.svg` or `.png`, if anywhere.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        TypeError: If `gradients` is something else.
        ImportError: If matplotlib is not installed.
        ValueError: If `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> from keras_rnn_explained import ExplainedRNN, backpropagate
        >>> x, y = np.ones((2, 10, 3), "float32"), np.ones((2, 4), "float32")
        >>> gradients = backpropagate(ExplainedRNN(4), x, y, loss="mse")
        >>> summands, sums = gradient_summands(gradients).axes
        >>> [line.get_label() for line in summands.lines]
        ['kernel', 'recurrent kernel', 'bias']
    """
    if not isinstance(gradients, Gradients):
        raise TypeError(
            f"`gradients` must be what `backpropagate` returns, got {kind_of(gradients)}. "
            "Draw a model's with `gradient_summands(backpropagate(model, x, y))`."
        )
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    u = gradients.unfolding
    names = [name for name in PARAMETERS if getattr(gradients, name) is not None]
    norms = {name: gradients.summand_norms(name) for name in names}
    sums = {name: float(np.linalg.norm(wide(getattr(gradients, name)))) for name in names}
    every_norm = np.stack(list(norms.values()))
    values = np.concatenate([every_norm.ravel(), list(sums.values())])
    skipped, partly = skipped_steps(u.mask, u.time)
    broken = ~np.isfinite(every_norm).all(axis=0)

    logarithmic = is_spread(values)
    zero = (every_norm == 0).any(axis=0).sum() if logarithmic else 0
    about = [
        counted(labels, "time", u.time),
        counted(labels, "sample", u.batch),
        *([labels["backwards"]] if u.go_backwards else []),
        *said_of_mask(labels, skipped, partly),
        *(
            []
            if gradients.truncate_bptt is None
            else [labels["truncated"].format(count=gradients.truncate_bptt)]
        ),
        *([labels["zero"].format(count=zero)] if zero else []),
        *([labels["broken_steps"].format(count=broken.sum())] if broken.any() else []),
    ]
    heading = title or labels["title"].format(layer=u.layer)
    chart = Chart(7.6, 3.9, heading, labels["separator"].join(about))
    axes = chart.axes(0.85, 0.4, 4.75, 2.75)
    beside = chart.axes(5.85, 0.4, 1.5, 2.75)
    chart.sizes(axes, values)
    chart.sizes(beside, values)
    steps = np.arange(1, u.time + 1)
    for place, name in enumerate(names):
        look = {"color": COLOURS[name], "clip_on": False}
        marker = MARKERS[name] if u.time <= FEW_STEPS else ""
        axes.plot(
            steps,
            norms[name],
            label=labels[name],
            linewidth=1.3,
            markersize=4,
            marker=marker,
            **look,
        )
        if np.isfinite(sums[name]) and (sums[name] > 0 or not logarithmic):
            beside.plot([place], [sums[name]], MARKERS[name], markersize=7, **look)
    chart.skipped_bands(axes, skipped, partly)
    chart.time_axis(axes, u.time)
    chart.name(axes, labels["step_axis"], labels["summand"])
    chart.legend(axes, columns=3)
    beside.set_xlim(-0.6, len(names) - 0.4)
    beside.set_xticks(
        range(len(names)),
        [f"{SYMBOLS[name]}\n{decimals(sums[name])}" for name in names],
        parse_math=False,
    )
    beside.tick_params(axis="y", labelleft=False)
    chart.name(beside, labels["sum"])
    return finished(chart.figure, path)
