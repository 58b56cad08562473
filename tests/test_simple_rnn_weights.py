"""`ExplainedRNN` loads the files that `SimpleRNN` saved."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_rnn_explained import ExplainedRNN
from tests.comparison import assert_same
from tests.test_layer_in_models import MODELS, X, padded, pair, subclassed


def changed_weights(model):
    for weight in model.weights:
        weight.assign(np.random.default_rng(5).normal(size=weight.shape))
    return model


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_a_weights_file_of_simple_rnn_loads_into_the_same_model(make, tmp_path):
    simple, explained = pair(make)
    changed_weights(simple).save_weights(tmp_path / "simple.weights.h5")
    explained.load_weights(tmp_path / "simple.weights.h5")
    for theirs, ours in zip(simple.weights, explained.weights, strict=True):
        assert_same(ours, theirs, 0)
    x = padded(X)[:4]
    assert_same(explained.predict(x, verbose=0), simple.predict(x, verbose=0), 1e-5)


def test_layers_of_the_same_name_find_each_other_before_those_of_the_same_place(tmp_path):
    def model(first, second, names):
        return keras.Sequential(
            [
                keras.Input((6, 3)),
                first(3, return_sequences=True, name=names[0]),
                second(3, name=names[1]),
            ]
        )

    names = ("reader", "writer")
    simple = model(layers.SimpleRNN, layers.SimpleRNN, names)
    simple.save_weights(tmp_path / "simple.weights.h5")
    mixed = model(layers.SimpleRNN, ExplainedRNN, names)
    mixed.load_weights(tmp_path / "simple.weights.h5")
    for theirs, ours in zip(simple.weights, mixed.weights, strict=True):
        assert_same(ours, theirs, 0)


def test_a_file_without_such_a_layer_is_refused_and_the_weights_stay(tmp_path):
    other = keras.Sequential([keras.Input((6, 3)), layers.GRU(4), layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    model = keras.Sequential([keras.Input((6, 3)), ExplainedRNN(4), layers.Dense(2)])
    before = model.get_weights()[:3]
    with pytest.raises(ValueError, match="expected 3 variables, but received 0"):
        model.load_weights(tmp_path / "other.weights.h5")
    for ours, theirs in zip(model.get_weights()[:3], before, strict=True):
        assert_same(ours, theirs, 0)


def test_a_subclassed_model_keeps_the_layer_under_its_attribute(tmp_path):
    simple, explained = pair(subclassed)
    simple.save_weights(tmp_path / "simple.weights.h5")
    explained.rnn.kernel.assign(np.zeros((3, 4)))
    explained.load_weights(tmp_path / "simple.weights.h5")
    assert_same(explained.rnn.kernel, simple.rnn.cell.kernel, 0)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_the_weights_of_a_whole_saved_model_load_too(suffix, tmp_path):
    def model(rnn):
        return keras.Sequential([keras.Input((6, 3)), rnn(4), layers.Dense(2)])

    simple, explained = model(layers.SimpleRNN), model(ExplainedRNN)
    simple.save(tmp_path / f"simple.{suffix}")
    explained.load_weights(tmp_path / f"simple.{suffix}")
    for theirs, ours in zip(simple.weights, explained.weights, strict=True):
        assert_same(ours, theirs, 0)


@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_a_checkpoint_of_tensorflow_with_simple_rnn_loads(make, tmp_path):
    import tensorflow as tf

    simple, explained = pair(make)
    path = tf.train.Checkpoint(model=changed_weights(simple)).write(tmp_path / "checkpoint")
    status = tf.train.Checkpoint(model=explained).read(path)
    status.assert_existing_objects_matched()
    for theirs, ours in zip(simple.weights, explained.weights, strict=True):
        assert_same(ours, theirs, 0)


@pytest.mark.backend("tensorflow")
def test_a_checkpoint_that_is_read_before_the_layer_has_weights_is_used_up(tmp_path):
    import tensorflow as tf

    simple, explained = layers.SimpleRNN(4), ExplainedRNN(4)
    simple(X)
    path = tf.train.Checkpoint(layer=simple).write(tmp_path / "checkpoint")
    status = tf.train.Checkpoint(layer=explained).read(path)
    explained.build(X.shape)
    status.assert_consumed()
    for theirs, ours in zip(simple.weights, explained.weights, strict=True):
        assert_same(ours, theirs, 0)
