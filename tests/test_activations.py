import keras
import numpy as np
import pytest

from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.execution import as_tensor
from tests.comparison import assert_same


@pytest.mark.parametrize("name", [name for name in dir(keras.activations) if name[0] != "_"])
def test_what_is_taken_to_keep_rows_apart_does(name):
    activation = getattr(keras.activations, name)
    assert is_of_keras(activation)
    if name in ("get", "serialize", "deserialize", "glu", "threshold"):  # no activations of a layer
        return
    z = as_tensor(np.random.default_rng(0).normal(size=(4, 3, 2)))
    expected = [[activation(row[None])[0] for row in rows] for rows in z]
    assert_same(activation(z), np.array(expected), 1e-12)


def test_any_other_function_may_mix_rows():
    assert not is_of_keras(lambda z: keras.ops.softmax(z, axis=0))
    assert not is_of_keras(keras.layers.ReLU())
