"""Which targets and weights a loss takes, and how exactly it is computed."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_rnn_explained import ExplainedRNN, backpropagate

BATCH, TIME, FEATURES, UNITS = 4, 5, 3, 2
X = np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES))


def rnn(**options):
    return ExplainedRNN(UNITS, name="rnn", **options)


@pytest.mark.parametrize("loss", ["mse", lambda y, a: ops.mean(ops.square(y - a), axis=-1)])
def test_a_loss_of_float64_is_computed_in_float64(loss):
    gradients = backpropagate(rnn(dtype="float64"), X, np.zeros((BATCH, UNITS)), loss)
    state = gradients.unfolding.state[:, -1]
    upstream = np.zeros_like(gradients.upstream)
    upstream[:, -1] = 2 * state / state.size
    np.testing.assert_allclose(gradients.upstream, upstream, rtol=1e-14)
    np.testing.assert_allclose(gradients.loss, np.mean(state**2), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_loss_of_16_bits_is_computed_in_the_default_dtype_as_in_training(dtype):
    layer, y = rnn(dtype=dtype, recurrent_initializer="zeros"), np.zeros((BATCH, UNITS))
    layer(X)
    model = keras.Sequential([layer])
    model.build(X.shape)
    model.compile(loss="mse")
    assert backpropagate(layer, X, y, "mse").loss == backpropagate(model, X, y).loss


@pytest.mark.parametrize(
    ("loss", "sequences", "shape"),
    [
        ("sparse_categorical_crossentropy", False, (BATCH,)),
        ("sparse_categorical_crossentropy", False, (BATCH, 1)),
        ("sparse_categorical_crossentropy", True, (BATCH, TIME)),
        (keras.losses.SparseCategoricalCrossentropy(), True, (BATCH, TIME, 1)),
        ("mse", True, (BATCH, TIME, UNITS)),
        (keras.losses.Huber(), False, (BATCH, UNITS)),
        (lambda y, a: ops.mean(a, axis=-1) * ops.sum(y), False, (BATCH, 7)),
    ],
)
def test_targets_that_fit_their_loss_are_taken(loss, sequences, shape):
    layer = rnn(return_sequences=sequences)
    assert np.isfinite(backpropagate(layer, X, np.ones(shape, "int32"), loss).loss)


@pytest.mark.parametrize("shape", [(BATCH, 1), (BATCH, TIME), (BATCH, TIME, 1)])
def test_weights_are_of_samples_or_of_time_steps(shape):
    layer, y = rnn(return_sequences=True), np.zeros((BATCH, TIME, UNITS))
    whole = backpropagate(layer, X, y, "mse")
    half = backpropagate(layer, X, y, "mse", sample_weight=np.full(shape, 0.5))
    np.testing.assert_allclose(half.kernel, whole.kernel / 2, rtol=1e-5)


@pytest.mark.parametrize("shape", [(BATCH,), (BATCH, UNITS), (BATCH, TIME, UNITS), (BATCH, 1, 1)])
def test_weights_are_broadcast_along_no_wrong_axis(shape):
    layer, y = rnn(return_sequences=True), np.zeros((BATCH, TIME, UNITS))
    with pytest.raises(ValueError, match=r"`sample_weight` must have the shape \(4, 5\)"):
        backpropagate(layer, X, y, "mse", sample_weight=np.ones(shape))


def test_each_output_has_targets_of_its_own_shape():
    inputs = keras.Input((TIME, FEATURES))
    states, last = ExplainedRNN(UNITS, return_sequences=True, return_state=True)(inputs)
    model = keras.Model(inputs, [states, last])
    model.compile(loss=["mse", "mae"])
    y = [np.zeros((BATCH, TIME, UNITS)), np.zeros((BATCH, UNITS))]
    assert backpropagate(model, X, y).loss > 0
    with pytest.raises(ValueError, match="number by number"):
        backpropagate(model, X, [y[0], np.zeros((BATCH, 1))])


class OfItself(keras.Sequential):
    """A model whose loss needs no targets, or takes others."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.square(y_pred))


def test_a_model_that_computes_its_loss_itself_takes_the_targets_it_likes():
    model = OfItself([keras.Input((TIME, FEATURES)), rnn()])
    model.compile(loss="mse")
    assert backpropagate(model, X, np.ones((BATCH, 9))).loss > 0


class OfSamples(keras.Sequential):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.square(y_pred[:, 0])


def test_a_loss_that_is_no_number_is_refused():
    model = OfSamples([keras.Input((TIME, FEATURES)), rnn()])
    model.compile(loss="mse")
    with pytest.raises(ValueError, match="The loss must be one number"):
        backpropagate(model, X, np.ones((BATCH, UNITS)))
