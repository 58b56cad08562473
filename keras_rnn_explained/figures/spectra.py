"""The eigenvalues of the recurrent kernel, beside the unit circle."""

import os
from typing import Any

import numpy as np

from keras_rnn_explained.bptt import Gradients
from keras_rnn_explained.figures.charts import Chart
from keras_rnn_explained.figures.drawing import BLUE, GREY, LIGHT, VERMILLION
from keras_rnn_explained.figures.wording import decimals, labels_in, short
from keras_rnn_explained.figures.writing import check_path, finished
from keras_rnn_explained.naming import kind_of
from keras_rnn_explained.unfolding import Unfolding

LABELS = {
    "en": {
        "title": "Eigenvalues of the recurrent kernel of layer {layer}",
        "radius": "spectral radius {radius}",
        "unit": "{count:,} units, {count:,} eigenvalues",
        "one_unit": "1 unit, 1 eigenvalue",
        "circle": "unit circle",
        "real": "real part",
        "imaginary": "imaginary part",
        "broken": "The recurrent kernel holds NaN or ∞, so it has no eigenvalues.",
    },
    "ja": {
        "title": "層「{layer}」の再帰カーネルの固有値",
        "radius": "スペクトル半径 {radius}",
        "unit": "{count:,}ユニット、固有値{count:,}個",
        "one_unit": "1ユニット、固有値1個",
        "circle": "単位円",
        "real": "実部",
        "imaginary": "虚部",
        "broken": "再帰カーネルにNaNまたは∞があるため、固有値を計算できません。",
    },
}


def recurrent_spectrum(
    looked_at: Unfolding | Gradients,
    language: str = "en",
    *,
    title: str | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Draws the eigenvalues of the recurrent kernel in the complex plane, with the unit circle.

    The largest of their sizes is the spectral radius. Where |φ'| ≤ 1, gradients vanish in the long
    run if it is below 1; above 1 they can explode.

    Args:
        looked_at: Of `unfold` or `backpropagate`.
        language: Of the labels, `"en"` or `"ja"`.
        title: Heading, in place of the default.
        path: Where to write the figure, as `.svg` or `.png`, if anywhere.

    Returns:
        The `matplotlib.figure.Figure`.

    Raises:
        TypeError: If `looked_at` is something else.
        ImportError: If matplotlib is not installed.
        ValueError: If `language` or the suffix of `path` is none of the above.
        OSError: If `path` can't be written.

    Examples:
        >>> from keras_rnn_explained import ExplainedRNN, unfold
        >>> unfolding = unfold(ExplainedRNN(4), np.ones((1, 10, 2), "float32"))
        >>> (plane,) = recurrent_spectrum(unfolding).axes
        >>> len(plane.lines[-1].get_xdata())
        4

    Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the Difficulty of Training Recurrent Neural
    Networks", ICML 2013, section 2.1.
    """
    if not isinstance(looked_at, (Unfolding, Gradients)):
        raise TypeError(
            "`looked_at` must be what `unfold` or `backpropagate` returns, got "
            f"{kind_of(looked_at)}. Draw a layer's with "
            "`recurrent_spectrum(unfold(layer, x))`."
        )
    labels = labels_in(language, LABELS)
    if path is not None:
        check_path(path)
    u = looked_at.unfolding if isinstance(looked_at, Gradients) else looked_at
    kernel = u.recurrent_kernel.astype("float64")
    whole = np.isfinite(kernel).all()
    eigenvalues = np.linalg.eigvals(kernel) if whole else np.empty(0)
    radius = np.abs(eigenvalues).max(initial=0)
    form = "one_unit" if u.units == 1 else "unit"
    size = labels["radius"].format(radius=decimals(radius))
    chart = Chart(
        5.2,
        5.2,
        title or labels["title"].format(layer=u.layer),
        labels[form].format(count=u.units) if whole else labels["broken"],
    )
    axes = chart.axes(0.8, 0.4, 4.2, 4.2)
    limit = 1.12 * max(1, radius)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit))
    axes.axhline(0, color=LIGHT, linewidth=0.8)
    axes.axvline(0, color=LIGHT, linewidth=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(chart.matplotlib.ticker.MaxNLocator(5, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(lambda value, _: short(value))
    angles = np.linspace(0, 2 * np.pi, 181)
    circles: list[Any] = [(1.0, GREY, (0, (4, 3)), labels["circle"])]
    if whole:
        circles.append((radius, VERMILLION, "-", size))
    for length, colour, dashes, name in circles:
        x, y = length * np.cos(angles), length * np.sin(angles)
        axes.plot(x, y, color=colour, linestyle=dashes, linewidth=1.1, label=name)
    chart.legend(axes, columns=2)
    axes.plot(
        eigenvalues.real, eigenvalues.imag, "o", color=BLUE, markersize=4.5, markeredgewidth=0
    )
    chart.name(axes, labels["real"], labels["imaginary"])
    return finished(chart.figure, path)
