"""How a gradient shrinks and grows on its way back through time, measured in layers that ran."""

from functools import cache
from typing import Any

import keras
import numpy as np

from docs_build.numerals import in_words
from keras_rnn_explained import ExplainedRNN, backpropagate, figures
from keras_rnn_explained.figures.charts import Chart
from keras_rnn_explained.figures.drawing import BLUE, GREEN, GREY, VERMILLION
from keras_rnn_explained.figures.wording import labels_in

TIME, UNITS, FEATURES, BATCH = 50, 32, 4, 16
ACTIVATIONS = ("tanh", "relu", "linear")
SCALES = {0.5: VERMILLION, 1: BLUE, 1.5: GREEN}
FLOOR, CEILING = 1e-12, 1e9
TICKS = (1e-12, 1e-8, 1e-4, 1, 1e4, 1e8)

LABELS = {
    "en": {
        "title": "What is left of a gradient, by how many time steps it has gone back",
        "about": "{units} units, {time} time steps; recurrent kernel: an orthogonal matrix times "
        "the scale; a size of 1 is what it starts from; below {floor}: not drawn",
        "scale": "scale {scale:g}",
        "back": "time steps back",
        "size": "size, relative",
    },
    "ja": {
        "title": "遡った時刻数と残っている勾配の大きさ",
        "about": "{units}ユニット、{time}時刻。再帰カーネルは直交行列のスケール倍。"
        "出発点の大きさを1とする。{floor}未満は省略",
        "scale": "スケール {scale:g}",
        "back": "遡った時刻数",
        "size": "相対的な大きさ",
    },
}


def kept(language: str) -> Any:
    """The size of a gradient against the time steps that it went back, by activation and scale."""
    labels = labels_in(language, LABELS)
    about = labels["about"].format(units=UNITS, time=TIME, floor="10⁻¹²")
    chart = Chart(7.6, 3.75, labels["title"], about)
    for place, activation in enumerate(ACTIVATIONS):
        axes = chart.axes(0.75 + 2.3 * place, 0.65, 2.1, 2.4)
        axes.set_yscale("log", nonpositive="mask")
        axes.minorticks_off()
        axes.set_xlim(0, TIME - 1)
        axes.set_ylim(FLOOR, CEILING)
        axes.axhline(1, color=GREY, linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
        for (scale, colour), dashes in zip(SCALES.items(), ("--", "-", "-."), strict=True):
            sizes = _sizes(activation, scale)
            axes.plot(
                sizes[sizes > FLOOR],
                color=colour,
                linewidth=1.6,
                linestyle=dashes,
                label=labels["scale"].format(scale=scale),
            )
        axes.yaxis.set_major_locator(chart.matplotlib.ticker.FixedLocator(TICKS))
        chart.powers_of_ten(axes.yaxis)
        axes.tick_params(axis="y", labelleft=place == 0)
        chart.name(axes, labels["back"], labels["size"] if place == 0 else "")
        axes.set_title(activation, fontsize=9, fontfamily="monospace", loc="left", pad=4)
        if place == 0:
            legend = chart.legend(axes, columns=3)
            legend.set_bbox_to_anchor((-0.05, 1.08))
    return chart.figure


def left_after(language: str, activation: str, scale: float, steps: int) -> str:
    """What is left of a gradient of size 1 after so many time steps back."""
    return in_words(_sizes(activation, scale)[steps])


def per_step(language: str, activation: str, scale: float) -> str:
    """By what it is multiplied at each time step, in the geometric mean over all of them."""
    return in_words(_sizes(activation, scale)[-1] ** (1 / (TIME - 1)))


def flow(language: str, scale: float) -> Any:
    """The package's figure of a layer with a loss at each time step."""
    return figures.gradient_flow(_network(scale), language)


def spectrum(language: str, scale: float) -> Any:
    """The package's figure of the same layer's recurrent kernel."""
    return figures.recurrent_spectrum(_network(scale), language)


@cache
def _sizes(activation: str, scale: float) -> Any:
    """The norm of ∂L/∂a_t, one for each number of time steps back, as a part of the first."""
    gradients = _run(activation, scale)
    flow = gradients.flow().size[0][::-1]
    return flow / flow[0]


def _run(activation, scale, time=TIME):
    x = np.random.default_rng(0).normal(size=(BATCH, time, FEATURES)).astype("float32")
    layer = ExplainedRNN(
        UNITS,
        activation=activation,
        execution="plain",  # compiling takes longer than the one run
        kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        recurrent_initializer=keras.initializers.Orthogonal(scale, seed=1),
    )
    return backpropagate(layer, x, np.zeros((BATCH, UNITS), "float32"), loss=_sum)


def _sum(_, outputs):
    return keras.ops.sum(outputs, axis=-1)


@cache
def _network(scale: float):
    x = np.random.default_rng(0).normal(size=(BATCH, 24, FEATURES)).astype("float32")
    layer = ExplainedRNN(
        UNITS,
        name="rnn",
        execution="plain",
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        recurrent_initializer=keras.initializers.Orthogonal(scale, seed=1),
    )
    return backpropagate(layer, x, np.zeros((BATCH, 24, UNITS), "float32"), loss="mse")
