import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_rnn_explained import ExplainedRNN
from keras_rnn_explained.backends.tensorflow_activations import GraphOfActivation
from tests.twins import assert_same_behaviour, twins

STATE = tf.zeros((2, 4))
# Where functions have kinks and poles, and where their parts are no longer finite.
NUMBERS = [*range(-7, 8), 0.5, 1e-3, 10, 60, 88, 89, 100, 1e4, 1e10, 1e20, 1e38]
NUMBERS = np.array([[[sign * number]] for number in NUMBERS for sign in (1, -1)], "float32")


@tf.custom_gradient
def straight_through(z):
    return tf.sign(z), lambda upstream: upstream


OWN = {
    "silu": lambda z: z * ops.sigmoid(z),
    "scaled": lambda z: 1.7159 * ops.tanh(2 * z / 3),
    "clipped": lambda z: ops.clip(z, -1, 1),
    "leaky": lambda z: ops.maximum(z, 0.1 * z),
    "in cases": lambda z: ops.where(z > 0, z, ops.expm1(z)),
    "as 0 or 1": lambda z: z * ops.cast(z > 0, z.dtype),
    "logarithm": lambda z: ops.sign(z) * ops.log1p(ops.abs(z)),
    "power": lambda z: z**3,
    "sine": ops.sin,
    "bell": lambda z: ops.exp(-z * z),
    "mish": lambda z: z * ops.tanh(ops.softplus(z)),
    "error function": ops.erf,
    "straight through": straight_through,
    "a layer": keras.layers.LeakyReLU(),
}
# Which XLA computes, or differentiates, otherwise.
OTHER_IN_XLA = {
    "selu": "selu",
    "square root in cases": lambda z: tf.where(z > 0, tf.sqrt(z), z),
    "reciprocal square root": lambda z: tf.where(z > 0, tf.math.rsqrt(z), z),
    "signed square root": lambda z: tf.sign(z) * tf.sqrt(tf.abs(z)),
    "as integers": lambda z: tf.cast(tf.cast(z, tf.int32), tf.float32) + z,
    "of Keras's operations": lambda z: ops.normalize(z),
}
OF_KERAS = [
    name
    for name, function in vars(keras.activations).items()
    if callable(function) and name not in ("get", "serialize", "deserialize", "glu", "threshold")
]


def at_each_number(activation, **options):
    """The layer after one time step, for which the pre-activation is the input."""
    pair = twins(1, 1, len(NUMBERS), activation=activation, execution="auto", **options)
    for layer in pair:
        layer.set_weights([np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1)])
    return pair


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
@pytest.mark.parametrize(
    "activation",
    [*OF_KERAS, *OWN.values(), *OTHER_IN_XLA.values()],
    ids=[*OF_KERAS, *OWN, *OTHER_IN_XLA],
)
def test_slopes_are_those_of_simple_rnn_at_kinks_and_far_out(activation):
    slopes = []
    for layer in at_each_number(activation):
        x = tf.constant(NUMBERS)
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = layer(x)
        slopes.append((output, tape.gradient(output, x)))
    for theirs, ours in zip(*slopes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_loss_of_padding_that_is_not_masked_is_that_of_selu():
    simple, explained = twins(
        4, 3, 2, activation="selu", execution="auto", bias_initializer="zeros"
    )
    for layer in (simple, explained):
        layer.set_weights([*layer.get_weights()[:2], np.zeros(4)])
    padded = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    padded[:, :3] = 0
    assert_same_behaviour(explained, simple, padded)


@pytest.mark.parametrize("activation", OWN.values(), ids=OWN)
def test_what_is_the_same_in_xla_is_compiled(activation):
    _, explained = at_each_number(activation)
    for _ in range(2):
        explained(NUMBERS)
        assert str(explained.execution) == "compiled: the number of time steps is known"


@pytest.mark.parametrize("activation", OTHER_IN_XLA.values(), ids=OTHER_IN_XLA)
def test_what_may_be_other_in_xla_is_compiled_on_request_alone(activation):
    _, explained = at_each_number(activation)
    explained(NUMBERS)
    assert str(explained.execution) == "plain: compiled, the activation may give something else"
    layer = ExplainedRNN(1, activation=activation, execution="compiled")
    layer(NUMBERS)
    assert layer.execution.way == "compiled"


def test_a_wrong_index_is_an_error_as_it_is_in_simple_rnn():
    table = tf.constant([0.0, 0.5, 1.0])
    _, explained = at_each_number(lambda z: tf.gather(table, tf.cast(z, tf.int32)) + 0 * z)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
        explained(NUMBERS)


def test_what_xla_does_not_know_is_not_compiled_on_request_either():
    dawsn = tf.math.special.dawsn
    simple, explained = twins(4, 3, 2, execution="compiled", activation=dawsn)
    assert_same_behaviour(explained, simple, np.ones((2, 4, 3), "float32"))
    assert str(explained.execution) == "plain: XLA can't compile the activation"


def test_an_activation_with_random_numbers_of_pythons_has_the_gradients_of_its_run():
    random = np.random.default_rng(0)
    layer = ExplainedRNN(50, activation=lambda z: z * random.integers(0, 2, 50).astype("float32"))
    x = tf.constant(np.random.default_rng(1).normal(size=(1, 1, 3)), "float32")
    with tf.GradientTape() as tape:
        output = layer(x)
    gradient = tape.gradient(output, layer.bias.value)
    assert 0 < np.count_nonzero(output) < 50
    np.testing.assert_array_equal(gradient != 0, output[0] != 0)


KEPT = {
    "a custom gradient": straight_through,
    "branches": lambda z: ops.cond(ops.sum(z) > 0, lambda: z, lambda: 2 * z),
    "a loop": lambda z: ops.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, z / 2), (0, z))[1],
    "a function": tf.function(lambda z: z / 2),
    "a captured tensor": (lambda many: lambda z: z + many)(tf.range(1000.0)[:1]),
}


@pytest.mark.parametrize("activation", KEPT.values(), ids=KEPT)
def test_the_same_graph_traced_again_is_no_change(activation):
    graph = GraphOfActivation(activation)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(4):
            assert graph.obstacle(STATE) is None


@pytest.mark.parametrize(
    "change",
    [lambda values: values.append(2.0), lambda values: values.append(tf.constant([1.0] * 4))],
)
def test_another_graph_is_a_change_for_ever(change):
    values = [tf.constant([1.0] * 4)]
    graph = GraphOfActivation(lambda z: z * values[-1])
    assert graph.obstacle(STATE) is None
    change(values)
    for _ in range(2):
        assert graph.obstacle(STATE).way == "autodiff"
