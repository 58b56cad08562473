"""What must hold of a layer whose activation is dropout."""

import keras
import numpy as np
from keras import ops

from tests.comparison import assert_same
from tests.differentiation import differentiate

ONE_STEP = np.random.default_rng(0).normal(size=(3, 1, 4)).astype("float32")


def dropout_layer():
    """A function that drops out in training alone."""
    layer = keras.layers.Dropout(0.5, seed=1)
    return lambda z: layer(z)


def assert_gradients_are_those_of_dropout(layer, kept=2.0):
    """In one time step the bias has the gradient 2 for each state that a rate of 0.5 keeps."""
    layer.build(ONE_STEP.shape)

    def loss(inputs):
        states = layer(inputs["x"], training=True)
        return ops.sum(states), {"states": states}

    _, results, _, (_, _, bias) = differentiate(loss, {"x": ONE_STEP}, layer.trainable_weights)
    states = ops.convert_to_numpy(results["states"])
    assert 0 < np.mean(states == 0) < 1
    assert_same(bias, kept * np.sum(states != 0, axis=0), 1e-6)
