"""The playground's presets, and its first view as it is without JavaScript."""

import json
from functools import cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_rnn_explained import ExplainedRNN, backpropagate, figures
from keras_rnn_explained.bptt import Gradients
from keras_rnn_explained.datasets import load_series
from keras_rnn_explained.figures.wording import decimals

PICTURE = "assets/playground.svg"

Setting = dict[str, Any]

WINDOW, LATER = 8, 2  # time steps of a window; how many years ahead are forecast
TRAINING_STEPS = 300


def presets(language: str) -> str:
    """All presets, where the script finds them."""
    return f'<script type="application/json" id="playground-presets">{json.dumps(_all())}</script>'


def still(language: str, name: str) -> str:
    """The first preset, unfolded, for a page without JavaScript.

    Args:
        language: Of the page.
        name: What a screen reader says of the figure.
    """
    return f'<noscript><img src="{PICTURE}" alt="{escape(name)}"></noscript>'


def picture(language: str) -> bytes:
    """That figure: a file of its own, since only readers without JavaScript need to load it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "first.svg")
        figures.unfolded_window(_gradients("first").unfolding, path=path, language=language)
        return path.read_bytes()


def numbers(language: str, preset: str, step: str, unit: str) -> str:
    """All numbers of a preset, forward and backward, as a table.

    Args:
        language: Of the page.
        preset: Its name.
        step: Heading of the column of time steps.
        unit: Likewise of units.
    """
    g = _gradients(preset)
    u = g.unfolding
    arrays = (u.pre_activation, u.state, g.upstream, g.error, g.local_error)
    lines = [
        f"| {step} | {unit} | $\\pre_t$ | $a_t$ | $\\upstream_t$ | $\\error_t$ | $\\local_t$ |",
        "|--:|--:|" + "--:|" * len(arrays),
    ]
    for t in range(u.time):
        for i in range(u.units):
            cells = " | ".join(decimals(array[0, t, i]) for array in arrays)
            lines.append(f"| {t + 1} | {i + 1} | {cells} |")
    return "\n".join(lines)


def summands(language: str, preset: str, entry: str, total: str) -> str:
    """What each time step of a preset adds to the gradient of its recurrent kernel, as a table.

    Args:
        language: Of the page.
        preset: Its name.
        entry: Heading of the column that names an entry of the recurrent kernel.
        total: Heading of the column of the sums.
    """
    g = _gradients(preset)
    each = list(g.summands("recurrent_kernel"))
    lines = [
        f"| {entry} | " + " | ".join(f"t = {t + 1}" for t in range(len(each))) + f" | {total} |",
        "|---|" + "--:|" * (len(each) + 1),
    ]
    for i, j in np.ndindex(g.recurrent_kernel.shape):
        cells = [decimals(one[i, j]) for one in [*each, g.recurrent_kernel]]
        lines.append(f"| {i + 1} → {j + 1} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


@cache
def _all() -> dict[str, Setting]:
    return {
        "first": _setting(
            kernel=[[0.8, -0.5]],
            recurrentKernel=[[0.6, 0.4], [-0.3, 0.5]],
            bias=[0.1, 0],
            x=[[1], [-0.5], [0.5], [1]],
            target=[[0, 0]] * 3 + [[0.5, -0.5]],
        ),
        # Each unit says what the one before it said a time step ago.
        "echo": _setting(
            kernel=[[1, 0, 0]],
            recurrentKernel=[[0, 1, 0], [0, 0, 1], [0, 0, 0]],
            bias=[0, 0, 0],
            x=[[1], [-0.5], [0.8], [0], [0]],
            target=[[0, 0, 0]] * 4 + [[0, 0, 1]],
            activation="linear",
        ),
        "counter": _setting(
            kernel=[[1]],
            recurrentKernel=[[1]],
            bias=[0],
            x=[[1], [0], [1], [1], [0], [1]],
            target=[[0]] * 5 + [[5]],
            activation="relu",
        ),
        "vanishing": _setting(
            kernel=[[1]],
            recurrentKernel=[[0.5]],
            bias=[0],
            x=[[1], [0], [0], [0], [0], [0], [0], [0]],
            target=[[0]] * 7 + [[1]],
        ),
        "exploding": _setting(
            kernel=[[0.5]],
            recurrentKernel=[[1.8]],
            bias=[0],
            x=[[1], [0], [0], [0], [0], [0], [0], [0]],
            target=[[0]] * 7 + [[1]],
            activation="linear",
        ),
        "sunspots": _trained(),
    }


def _setting(activation: str = "tanh", loss: str = "last", **arrays: Any) -> Setting:
    sizes = {
        "units": len(arrays["bias"]),
        "steps": len(arrays["x"]),
        "features": len(arrays["kernel"]),
    }
    return {**sizes, "activation": activation, "loss": loss, **arrays}


def _trained() -> Setting:
    """A layer of two units that was trained on the sunspot series, on the last years of it.

    Its states are its forecasts: that of unit 1 for the next year, that of unit 2 for the year
    after that.
    """
    values = load_series("sunspots").values
    scaled = values / 100 - 0.5  # within φ's range
    starts = np.arange(len(scaled) - WINDOW - LATER + 1)
    x = scaled[starts[:, None] + np.arange(WINDOW)][..., None]
    ahead = np.arange(1, LATER + 1)
    y = scaled[starts[:, None, None] + np.arange(WINDOW)[:, None] + ahead]
    keras.utils.set_random_seed(1)
    layer = ExplainedRNN(LATER, return_sequences=True)
    model = keras.Sequential([keras.Input((WINDOW, 1)), layer])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    for _ in range(TRAINING_STEPS):
        model.train_on_batch(x[: -2 * WINDOW], y[: -2 * WINDOW])
    kernel, recurrent_kernel, bias = (_rounded(array) for array in layer.get_weights())
    return _setting(
        loss="all",
        kernel=kernel,
        recurrentKernel=recurrent_kernel,
        bias=bias,
        x=_rounded(x[-1]),
        target=_rounded(y[-1]),
    )


def _rounded(array: Any) -> Any:
    return np.round(np.asarray(array, "float64"), 3).tolist()


@cache
def _gradients(preset: str) -> Gradients:
    setting = _all()[preset]
    everywhere = setting["loss"] == "all"
    layer = ExplainedRNN(
        setting["units"],
        activation=setting["activation"],
        return_sequences=everywhere,
        dtype="float64",
        name="rnn",
    )
    x, target = (np.array([setting[name]], "float64") for name in ("x", "target"))
    layer.build(x.shape)
    names = ("kernel", "recurrentKernel", "bias")
    layer.set_weights([np.array(setting[name], "float64") for name in names])
    return backpropagate(layer, x, target if everywhere else target[:, -1], _loss)


def _loss(target: Any, states: Any) -> Any:
    return ops.sum((states - target) ** 2) / 2
