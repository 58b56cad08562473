"""What truncated BPTT leaves out, and what that costs, measured."""

from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from docs_build.numerals import in_words
from keras_rnn_explained import ExplainedRNN, backpropagate
from keras_rnn_explained.datasets import forecast_windows, load_series
from keras_rnn_explained.figures.charts import Chart, runs
from keras_rnn_explained.figures.drawing import BLUE, GREY, INK, PAPER
from keras_rnn_explained.figures.wording import labels_in

TIME, K = 9, 3

LABELS = {
    "en": {
        "title": "Which losses reach which time steps, for k = {k}",
        "about": "filled: the gradient of the loss at time step s reaches time step t",
        "whole": "not truncated",
        "window": "sliding window",
        "chunks": "chunks",
        "loss": "loss at time step s",
        "step": "time step t",
    },
    "ja": {
        "title": "どの時刻の損失がどの時刻に届くか(k = {k})",
        "about": "塗ったマス：時刻 s の損失の勾配が時刻 t に届く",
        "whole": "打ち切りなし",
        "window": "スライド窓",
        "chunks": "区切り",
        "loss": "損失の時刻 s",
        "step": "時刻 t",
    },
}


def reach(language: str) -> Any:
    """Whether anything of the loss at s reaches t, in three ways, as measured."""
    labels = labels_in(language, LABELS)
    chart = Chart(7.4, 2.95, labels["title"].format(k=K), labels["about"])
    for place, (name, reached) in enumerate(_reached().items()):
        axes = chart.axes(0.65 + 2.28 * place, 0.35, 2.05, 2.05)
        axes.set(xlim=(0.5, TIME + 0.5), ylim=(0.5, TIME + 0.5), facecolor=PAPER)
        for row, columns in enumerate(reached):
            bars = [(first + 0.5, count) for first, count in runs(columns)]
            axes.broken_barh(bars, (row + 0.5, 1), facecolors=BLUE, linewidth=0)
        lines = np.arange(1, TIME) + 0.5
        look = {"color": GREY, "linewidth": 0.4}
        axes.hlines(lines, 0.5, TIME + 0.5, **look)
        axes.vlines(lines, 0.5, TIME + 0.5, **look)
        axes.set_xticks(range(1, TIME + 1))
        axes.set_yticks(range(1, TIME + 1))
        axes.tick_params(axis="y", labelleft=place == 0)
        look = {"fontsize": 9, "fontfamily": chart.fonts, "color": INK}
        axes.set_title(labels[name], loc="left", pad=5, **look)
        chart.name(axes, labels["step"], labels["loss"] if place == 0 else "")
    return chart.figure


def costs(language: str, k: str, window: str, chunks: str) -> str:
    """A table: the difference to the whole gradient of W_aa, by k.

    Args:
        language: Of the page.
        k: Head of the first column, and so on.
        window: The layer's `truncate_bptt`.
        chunks: A call for each k time steps.
    """
    rows = [f"| {k} | {window} | {chunks} |", "|---:|---:|---:|"]
    whole = _window_gradient(None)
    for steps in LENGTHS:
        differences = (
            f"{np.linalg.norm(one - whole) / np.linalg.norm(whole):.1%}"
            for one in (_window_gradient(steps), _chunk_gradient(steps))
        )
        rows.append(f"| {steps} | {' | '.join(differences)} |")
    return "\n".join(rows).replace("%", " %")


def largest_growth(language: str, truncate: int | None) -> str:
    """How much a gradient grows in a relu layer whose recurrent kernel is too large."""
    flow = _exploding(truncate).flow().size
    sizes = flow[-1] / flow[-1, -1]
    return in_words(sizes.max())


LENGTHS = (1, 2, 4, 8, 12, 24)
WINDOW = 24


@cache
def _reached() -> dict[str, Any]:
    x = np.random.default_rng(0).normal(size=(2, TIME, 2)).astype("float32")
    y = np.zeros((2, TIME, 3), "float32")

    def flow(x, y, truncate):
        layer = ExplainedRNN(
            3,
            return_sequences=True,
            execution="plain",  # compiling takes longer than the one run
            truncate_bptt=truncate,
            recurrent_initializer=keras.initializers.Orthogonal(seed=1),
            kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        )
        return backpropagate(layer, x, y, loss="mse").flow().size > 0

    chunks = np.zeros((TIME, TIME), bool)
    for start in range(0, TIME, K):
        steps = slice(start, start + K)
        chunks[steps, steps] = flow(x[:, steps], y[:, steps], None)
    return {"whole": flow(x, y, None), "window": flow(x, y, K), "chunks": chunks}


@cache
def _sunspots():
    """Windows of the sunspots, and for each time step in them the value after it."""
    forecast = forecast_windows(load_series("sunspots"), WINDOW)
    x = forecast.x_train[::8]
    y = np.concatenate([x[:, 1:], forecast.y_train[::8, None]], axis=1)
    return x, y


def _layers(truncate: int | None = None) -> tuple[Any, Any]:
    seeded = keras.initializers.GlorotUniform(seed=2)
    rnn = ExplainedRNN(
        16,
        return_sequences=True,
        return_state=True,
        execution="plain",
        truncate_bptt=truncate,
        kernel_initializer=seeded,
        recurrent_initializer=keras.initializers.Orthogonal(seed=1),
    )
    return rnn, keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=3))


@cache
def _window_gradient(truncate: int | None) -> Any:
    """∂L/∂W_aa in one call."""
    return _gradient(*_layers(truncate), WINDOW)


@cache
def _chunk_gradient(length: int) -> Any:
    """∂L/∂W_aa in a call for each chunk, which starts from the last state before as a constant."""
    return _gradient(*_layers(), length)


def _gradient(rnn: Any, dense: Any, length: int) -> Any:
    x, y = _sunspots()
    state = np.zeros((len(x), 16), "float32")
    with tf.GradientTape() as tape:
        loss = 0.0
        for start in range(0, WINDOW, length):
            steps = slice(start, start + length)
            states, state = rnn(x[:, steps], initial_state=ops.stop_gradient(state))
            loss += ops.sum((dense(states) - y[:, steps]) ** 2)
    return np.array(tape.gradient(loss, rnn.recurrent_kernel.value))


@cache
def _exploding(truncate: int | None):
    x = np.random.default_rng(0).normal(size=(16, 30, 4)).astype("float32")
    layer = ExplainedRNN(
        32,
        activation="relu",
        execution="plain",
        return_sequences=True,
        truncate_bptt=truncate,
        kernel_initializer=keras.initializers.GlorotUniform(seed=2),
        recurrent_initializer=keras.initializers.Orthogonal(2, seed=1),
    )
    return backpropagate(layer, x, np.zeros((16, 30, 32), "float32"), loss="mse")
