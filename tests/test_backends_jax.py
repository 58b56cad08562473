import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, unfold
from tests import reference
from tests.comparison import assert_same
from tests.twins import assert_same_behaviour, twins

pytestmark = pytest.mark.backend("jax")
jax = pytest.importorskip("jax")

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


def function_of(layer):
    """The layer as a pure function of its weights and x."""

    def call(weights, x):
        pairs = zip(layer.trainable_weights, weights, strict=True)
        with keras.StatelessScope(list(pairs)):
            return layer(x)

    return call, [weight.value for weight in layer.trainable_weights]


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_gradients_of_gradients_under_jit_are_simple_rnns(execution, activation):
    results = []
    for layer in twins(4, 3, 2, execution=execution, activation=activation, return_sequences=True):
        call, weights = function_of(layer)

        def size(weights, x, call=call):
            return jax.numpy.sum(jax.numpy.sin(2 * call(weights, x)))

        def of_gradients(weights, x, size=size):
            first = jax.grad(size, argnums=(0, 1))(weights, x)
            return sum(jax.numpy.sum(jax.numpy.sin(one)) for one in jax.tree.leaves(first))

        second = jax.jit(jax.value_and_grad(of_gradients, argnums=(0, 1)))(weights, X)
        results.append(jax.tree.leaves(second))
    for theirs, ours in zip(*results, strict=True):
        assert_same(ours, theirs, 1e-4)


@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_vmap_is_one_call_after_another(execution):
    layer = ExplainedRNN(4, execution=execution)
    layer.build(X.shape)
    call, weights = function_of(layer)
    many = np.random.default_rng(1).normal(size=(3, *X.shape)).astype("float32")

    def loss(x):
        return jax.numpy.sum(call(weights, x) ** 2)

    together = jax.vmap(jax.value_and_grad(loss))(many)
    alone = [jax.value_and_grad(loss)(x) for x in many]
    for place in (0, 1):
        assert_same(together[place], np.stack([one[place] for one in alone]), 1e-5)


def test_a_stateless_call_gives_the_state_that_a_call_leaves():
    layer = ExplainedRNN(4, stateful=True, dropout=0.5, seed=1)
    layer.build(X.shape)
    model = keras.Sequential([keras.Input(batch_shape=X.shape), layer])
    seeds = [np.array(v) for v in model.non_trainable_variables]
    output, changed = model.stateless_call(
        [v.value for v in model.trainable_variables],
        [v.value for v in model.non_trainable_variables],
        X,
        training=True,
    )
    for variable, seed in zip(model.non_trainable_variables, seeds, strict=True):
        np.testing.assert_array_equal(variable, seed)
    assert_same(layer(X, training=True), output, 1e-6)
    for variable, after in zip(model.non_trainable_variables, changed, strict=True):
        np.testing.assert_array_equal(variable, after)


def test_an_activation_with_a_variable_is_left_to_automatic_differentiation():
    slope = keras.Variable(0.5)
    simple, explained = twins(4, 3, 2, activation=lambda z: z * slope.value)
    assert_same_behaviour(explained, simple, X)
    assert explained.execution.way == "autodiff"
    before = np.array(explained(X))
    slope.assign(0.25)
    assert np.abs(before - np.array(explained(X))).max() > 1e-3


def test_within_jit_there_are_no_numbers_to_see():
    layer = ExplainedRNN(4)
    layer.build(X.shape)
    with pytest.raises(ValueError, match=r"as `jax\.jit` and `jax\.vmap` do, where no numbers"):
        jax.jit(lambda x: unfold(layer, x).state)(X)


def by_hand(layer, x, initial_state, mask=None):
    arguments = x, *layer.get_weights(), initial_state
    return reference.forward(*arguments, activation="tanh", mask=mask)[1]


def test_float64_and_one_initial_state_for_the_batch_run_where_simple_rnn_does_not():
    layer = ExplainedRNN(4, dtype="float64", return_sequences=True)
    output = layer(X.astype("float64"))
    assert output.dtype == "float64"
    assert_same(output, by_hand(layer, X, np.zeros((2, 4))), 1e-12)

    layer = ExplainedRNN(4, return_sequences=True)
    state = np.full((1, 4), 0.5, "float32")
    output = layer(X, initial_state=state)
    assert_same(output, by_hand(layer, X, np.repeat(state, 2, axis=0)), 1e-6)


def test_masked_outputs_are_zero_in_an_unrolled_loop_too():
    layer = ExplainedRNN(4, unroll=True, zero_output_for_mask=True)
    output = layer(X, mask=np.array([[True, True, True, False], [True] * 4]))
    assert not output[0].any()
    assert output[1].all()
