"""The cell with numbers, and in time."""

from functools import cache

import keras
import numpy as np

from docs_build.on_pages import drawings
from keras_rnn_explained import ExplainedRNN, Unfolding, figures, unfold

# What the page about the cell computes by hand.
KERNEL = [[0.5, 0.2], [0.1, 0.4], [-0.3, 0.6]]
RECURRENT_KERNEL = [[0.8, 0.3], [-0.5, 0.2]]
BIAS = [0.1, -0.1]
X = [1.0, 2.0, -1.0]
PREVIOUS_STATE = [0.5, -0.2]


def one_step(language: str, title: str, name: str) -> str:
    """The time step that the page about the cell computes by hand."""
    figure = figures.unfolded_window(_one_step(), steps=1, title=title, language=language)
    return drawings.shown(language, figure, name)


def window(language: str, title: str, name: str) -> str:
    """The layer of the page about unfolding, at three time steps."""
    figure = figures.unfolded_window(_three_steps(), title=title, language=language)
    return drawings.shown(language, figure, name)


@cache
def _one_step() -> Unfolding:
    return unfold(
        _layer(), np.array([[X]], "float32"), initial_state=np.array([PREVIOUS_STATE], "float32")
    )


@cache
def _three_steps() -> Unfolding:
    keras.utils.set_random_seed(6)
    x = np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]], "float32")
    return unfold(ExplainedRNN(2), x)


def _layer() -> ExplainedRNN:
    layer = ExplainedRNN(len(BIAS))
    layer.build((None, None, len(X)))
    layer.set_weights([np.array(value) for value in (KERNEL, RECURRENT_KERNEL, BIAS)])
    return layer
