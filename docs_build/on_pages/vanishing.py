"""How a gradient shrinks and grows on its way back through time, measured in layers that ran."""

from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from docs_build.numerals import in_words
from keras_rnn_explained import ExplainedRNN, backpropagate, diagnose, figures
from keras_rnn_explained.figures.charts import Chart
from keras_rnn_explained.figures.drawing import BLUE, GREEN, GREY, INK, VERMILLION
from keras_rnn_explained.figures.wording import labels_in

TIME, UNITS, FEATURES, BATCH = 50, 32, 4, 16
ACTIVATIONS = ("tanh", "relu", "linear")
SCALES = {0.5: VERMILLION, 1: BLUE, 1.5: GREEN}
FLOOR, CEILING = 1e-12, 1e9
TICKS = (1e-12, 1e-8, 1e-4, 1, 1e4, 1e8)

LABELS = {
    "en": {
        "title": "What is left of a gradient on its way back through time",
        "about": "{units} units, {time} time steps; recurrent kernel: an orthogonal matrix times "
        "the scale; it starts from size 1; below {floor}: not drawn",
        "scale": "scale {scale:g}",
        "back": "time steps back",
        "size": "size, relative",
    },
    "ja": {
        "title": "さかのぼった時刻数と残っている勾配の大きさ",
        "about": "{units}ユニット、{time}時刻。再帰カーネルは直交行列のスケール倍。"
        "出発点の大きさを1とする。{floor}未満は省略",
        "scale": "スケール {scale:g}",
        "back": "さかのぼった時刻数",
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
        chart.powers_of_ten(axes.yaxis)
        axes.yaxis.set_major_locator(chart.matplotlib.ticker.FixedLocator(TICKS))
        axes.tick_params(axis="y", labelleft=place == 0)
        chart.name(axes, labels["back"], labels["size"] if place == 0 else "")
        axes.set_title(activation, fontsize=9, fontfamily=chart.fonts, color=INK, loc="left", pad=4)
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


def power(language: str, base: float, exponent: int) -> str:
    """A number multiplied by itself."""
    return in_words(base**exponent)


def reaching(language: str, activation: str, recurrent_initializer: str) -> str:
    """How much larger or smaller the gradient of the first input is than that of the last."""
    return in_words(
        _reaching(
            ExplainedRNN(
                UNITS,
                activation=activation,
                execution="plain",
                kernel_initializer=keras.initializers.GlorotUniform(seed=2),
                recurrent_initializer=INITIALIZERS[recurrent_initializer],
            )
        )
    )


def reaching_of_gates(language: str, forget_bias: float) -> str:
    """The same in an LSTM layer whose forget gates start from a bias."""
    layer = keras.layers.LSTM(
        UNITS,
        kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        recurrent_initializer=keras.initializers.Orthogonal(seed=1),
    )
    layer.build((None, TIME, FEATURES))
    bias = np.zeros(4 * UNITS, "float32")
    bias[UNITS : 2 * UNITS] = forget_bias
    layer.cell.bias.assign(bias)
    return in_words(_reaching(layer))


def told(language: str, scale: float) -> str:
    """What `diagnose` says of the network on the page, as a quotation."""
    rows = []
    for finding in _diagnosed(scale):
        rows += [f"> {finding.message(language)}", ">", f"> {finding.advice(language)}"]
    return "\n".join(rows)


def flow(language: str, scale: float) -> Any:
    """The package's figure of a layer with a loss at each time step."""
    return figures.gradient_flow(_network(scale), language)


def spectrum(language: str, scale: float) -> Any:
    """The package's figure of the same layer's recurrent kernel."""
    return figures.recurrent_spectrum(_network(scale), language)


INITIALIZERS = {
    "glorot": keras.initializers.GlorotUniform(seed=1),
    "orthogonal": keras.initializers.Orthogonal(seed=1),
    "identity": keras.initializers.Identity(),
}


def _reaching(layer) -> float:
    x = tf.constant(_inputs(TIME))
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(layer(x))
    sizes = np.linalg.norm(tape.gradient(loss, x), axis=(0, 2))
    return float(sizes[0] / sizes[-1])


def _inputs(time):
    return np.random.default_rng(0).normal(size=(BATCH, time, FEATURES)).astype("float32")


@cache
def _diagnosed(scale: float) -> list:
    """As the code on the page."""
    x = np.random.default_rng(0).normal(size=(64, 24, 3)).astype("float32")
    y = x[:, 0, :1]
    keras.utils.set_random_seed(0)
    start = keras.initializers.Orthogonal(scale)
    layers = [
        keras.Input((24, 3)),
        ExplainedRNN(16, recurrent_initializer=start, name="rnn"),
        keras.layers.Dense(1),
    ]
    return diagnose(keras.Sequential(layers), x, y, loss="mse")


@cache
def _sizes(activation: str, scale: float) -> Any:
    """The norm of ∂L/∂a_t, one for each number of time steps back, as a part of the first."""
    layer = ExplainedRNN(
        UNITS,
        activation=activation,
        execution="plain",  # compiling takes longer than the one run
        kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        recurrent_initializer=keras.initializers.Orthogonal(scale, seed=1),
    )
    y = np.zeros((BATCH, UNITS), "float32")
    gradients = backpropagate(layer, _inputs(TIME), y, loss=_sum)
    flow = gradients.flow().size[0][::-1]
    return flow / flow[0]


def _sum(_, outputs):
    return keras.ops.sum(outputs, axis=-1)


@cache
def _network(scale: float):
    layer = ExplainedRNN(
        UNITS,
        name="rnn",
        execution="plain",
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        recurrent_initializer=keras.initializers.Orthogonal(scale, seed=1),
    )
    return backpropagate(layer, _inputs(24), np.zeros((BATCH, 24, UNITS), "float32"), loss="mse")
