"""A small network that forecasts the sunspots, and what the package shows of it."""

from functools import cache
from typing import Any

import keras
import numpy as np

from docs_build.on_pages import drawings
from keras_rnn_explained import ExplainedRNN, backpropagate, figures
from keras_rnn_explained.datasets import forecast_windows, load_series
from keras_rnn_explained.report.texts import texts_in

UNITS, STEPS, EPOCHS = 6, 12, 15


@cache
def _gradients():
    keras.utils.set_random_seed(0)
    data = forecast_windows(load_series("sunspots"), STEPS)
    model = keras.Sequential(
        [keras.Input((STEPS, 1)), ExplainedRNN(UNITS, name="rnn"), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(data.x_train, data.y_train, epochs=EPOCHS, verbose=0)
    return backpropagate(model, data.x_test[:32], data.y_test[:32], layer="rnn")


def drawn(language: str, function: str, name: str, caption: str = "", **options: Any) -> str:
    """A figure of this network.

    Args:
        language: Of the page.
        function: Of `keras_rnn_explained.figures`.
        name: What a screen reader says of it.
        caption: Below it, in Markdown.
        options: What else the function takes.
    """
    of_states = function in ("state_map", "unfolded_window")
    looked_at = _gradients().unfolding if of_states else _gradients()
    figure = getattr(figures, function)(looked_at, language=language, **options)
    return drawings.shown(language, figure, name, caption)


def shape(language: str, of: str) -> str:
    """The size of this network's `"units"`, `"time"`, `"features"` or `"batch"`."""
    return str(getattr(_gradients().unfolding, of))


def parameters(language: str) -> str:
    """How many parameters its layer has, written out."""
    u = _gradients().unfolding
    total = u.features * u.units + u.units**2 + u.units
    return f"{u.features}·{u.units} + {u.units}² + {u.units} = {total}"


def norm(language: str, parameter: str) -> str:
    """Norm of the gradient of a parameter."""
    return f"{np.linalg.norm(getattr(_gradients(), parameter)):.3f}"


def share(language: str, parameter: str, last: int) -> str:
    """How much the last time steps add to the sum of the summands' norms, in percent."""
    norms = [np.linalg.norm(summand) for summand in _gradients().summands(parameter)]
    return f"{100 * sum(norms[-last:]) / sum(norms):.0f}"


def reach(language: str) -> str:
    """‖∂L/∂a_1‖ ÷ ‖∂L/∂a_T‖."""
    error = np.linalg.norm(_gradients().error, axis=(0, 2))
    return f"{error[0] / error[-1]:.2g}"


def radius(language: str) -> str:
    """The largest |eigenvalue| of the recurrent kernel."""
    return f"{_gradients().spectral_radius:.2f}"


def equation(language: str, unit: int = 1) -> str:
    """The last time step of the first sample for one unit, with its numbers, as LaTeX."""
    u, place = _gradients().unfolding, unit - 1
    terms = [u.input_projection[0, -1, place], u.recurrent_projection[0, -1, place], u.bias[place]]
    told = " + ".join(f"({term:.3f})" if term < 0 else f"{term:.3f}" for term in terms)
    told = told.replace("-", "−")
    before, after = u.pre_activation[0, -1, place], u.state[0, -1, place]
    return rf"\tanh({told}) = \tanh({before:.3f}) = {after:.3f}"


def heading(language: str, name: str) -> str:
    """A heading as it stands on the page that `explain` writes."""
    return texts_in(language)[name]
