"""What messages call values: with the article that a reader would say."""

from pathlib import Path

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, Unfolding
from keras_rnn_explained.naming import kind_of, path_of, with_article


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None"),
        (3, "an int"),
        (3.0, "a float"),
        ("x", "a str"),
        ([], "a list"),
        (np.zeros(1), "an ndarray"),
        (keras.layers.GRU, "the class GRU"),
        (keras.Sequential(), "a Sequential"),
    ],
)
def test_a_value_is_called_by_its_kind(value, expected):
    assert kind_of(value) == expected


@pytest.mark.parametrize(
    "expected",
    [
        *("an LSTM", "a GRU", "an RNN", "an RNNCell", "a SimpleRNN", "an ExplainedRNN", "a Dense"),
        *("an Unfolding", "an Embedding", "a UserModel", "a Masking", "an MLP", "a TCN", "an int"),
    ],
)
def test_an_article_goes_by_the_sound(expected):
    assert with_article(expected.split()[1]) == expected


@pytest.mark.parametrize("given", ["a.npz", Path("a.npz")])
def test_a_path_is_a_path(given):
    assert path_of("path", given) == Path("a.npz")


@pytest.mark.parametrize("given", [None, 3, b"a.npz", ["a.npz"], ExplainedRNN, Unfolding])
def test_something_else_is_none(given):
    with pytest.raises(TypeError, match="`csv` must be a path, got "):
        path_of("csv", given)


def test_nothing_is_no_path():
    with pytest.raises(ValueError, match="`path` must be the path of a file, got ''"):
        path_of("path", "")
