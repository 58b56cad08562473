"""From what a layer is called with to the equations and back, against the oracle."""

import keras
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from keras import ops, tree

from keras_rnn_explained.execution import (
    Computation,
    Execution,
    Executor,
    Inputs,
    activated,
    as_tensor,
    reads_variables,
    swap_time_and_batch,
    unrolled_scan,
)
from tests import reference
from tests.comparison import assert_same

STEP = 1e-6


class Plain(Computation):
    """The equations step by step; φ' where it needs â_t is a finite difference."""

    def vector_jacobian_product(self, function, arguments, *upstream):
        (argument,), (upstream,) = arguments, upstream
        difference = function(argument + STEP) - function(argument - STEP)
        return (upstream * difference / (2 * STEP),)


def problem(batch, time, features, units, seed, use_bias, masked, dropped):
    """`Inputs` in NumPy float64, and the upstream gradients of all states and of the last."""
    random = np.random.default_rng(seed)
    inputs = Inputs(
        x=random.normal(size=(batch, time, features)),
        kernel=random.normal(size=(features, units)),
        recurrent_kernel=random.normal(size=(units, units)) / np.sqrt(units),
        bias=random.normal(size=units) if use_bias else None,
        initial_state=random.normal(size=(batch, units)),
        mask=random.random((batch, time, 1)) < 0.6 if masked else None,
        dropout_mask=(random.random((batch, units)) < 0.7) / 0.7 if dropped else None,
    )
    return inputs, random.normal(size=(batch, time, units)), random.normal(size=(batch, units))


PROBLEMS = {
    "batch": st.integers(1, 3),
    "time": st.integers(1, 5),
    "features": st.integers(1, 3),
    "units": st.integers(1, 3),
    "use_bias": st.booleans(),
    "masked": st.booleans(),
    "dropped": st.booleans(),
    "seed": st.integers(0, 2**32 - 1),
}


def of_the_reference(inputs, activation):
    """The arguments of the oracle."""
    mask = None if inputs.mask is None else inputs.mask[..., 0]
    return {
        **dict(zip(Inputs._fields[:5], inputs[:5], strict=True)),
        "activation": activation,
        "mask": mask,
        "dropout": inputs.dropout_mask,
    }


def as_tensors(inputs):
    return Inputs(*(None if array is None else as_tensor(array) for array in inputs))


ALL_AT_ONCE = {
    **{"batch": 2, "time": 5, "features": 2, "units": 3, "seed": 0},
    **{"use_bias": True, "masked": True, "dropped": True},
}


@example(activation="softsign", all_states=True, truncate=2, **ALL_AT_ONCE)
@given(
    activation=st.sampled_from(list(reference.ACTIVATIONS)),
    all_states=st.booleans(),
    truncate=st.none() | st.integers(1, 7),
    **PROBLEMS,
)
def test_states_and_gradients_are_the_oracles(activation, all_states, truncate, **sizes):
    inputs, upstream, final_upstream = problem(**sizes)
    computation = Plain(keras.activations.get(activation), all_states, truncate, unrolled_scan)
    kept, outputs = computation.forward(as_tensors(inputs))

    arguments = of_the_reference(inputs, activation)
    _, expected = reference.forward(**arguments)
    assert_same(swap_time_and_batch(kept), expected, 1e-12)
    if all_states:
        assert_same(outputs[0], expected, 1e-12)
    assert_same(outputs[1] if all_states else outputs, expected[:, -1], 1e-12)

    if not all_states:
        upstream = np.zeros_like(upstream)
    given = (as_tensor(upstream), as_tensor(final_upstream))[not all_states :]
    gradients = computation.gradients(computation.local_errors, as_tensors(inputs), kept, given)
    upstream[:, -1] += final_upstream
    expected = reference.bptt(**arguments, upstream=upstream, truncate=truncate)
    names = [name for name in expected if inputs.bias is not None or name != "bias"]
    for name, gradient in zip(names, gradients, strict=True):
        assert_same(gradient, expected[name], 1e-8, name)


@example(activation="softsign", truncate=2, **ALL_AT_ONCE)
@given(
    activation=st.sampled_from(["tanh", "softsign"]),
    truncate=st.none() | st.integers(1, 7),
    **PROBLEMS,
)
def test_a_local_error_is_the_error_times_the_slope(activation, truncate, **sizes):
    inputs, upstream, final_upstream = problem(**sizes)
    computation = Plain(keras.activations.get(activation), True, truncate, unrolled_scan)
    tensors, upstream = as_tensors(inputs), (as_tensor(upstream), as_tensor(final_upstream))
    kept, _ = computation.forward(tensors)
    errors, initial_state = computation.run_errors(tensors, kept, upstream)
    local_errors, expected_initial_state = computation.run_local_errors(tensors, kept, upstream)

    pre_activations, _ = reference.forward(**of_the_reference(inputs, activation))
    _, slope = reference.ACTIVATIONS[activation]
    expected = np.array(swap_time_and_batch(errors)) * slope(pre_activations)
    if inputs.mask is not None:
        expected = np.where(inputs.mask, expected, 0)
    assert_same(swap_time_and_batch(local_errors), expected, 1e-8)
    assert_same(initial_state, expected_initial_state, 0)


@pytest.mark.parametrize(
    ("truncate", "expected"), [(None, None), (1, 1), (5, 5), (6, None), (7, None)]
)
def test_a_loss_goes_back_over_the_time_steps_and_to_the_initial_state_at_most(truncate, expected):
    computation = Plain(ops.tanh, True, truncate, unrolled_scan)
    assert computation.truncation(ops.zeros((5, 2, 3))) == expected


@pytest.mark.parametrize("truncate", [1, 5, 6, 7])
def test_a_number_of_time_steps_that_is_not_known_limits_a_loss_when_it_is(truncate):
    tf = pytest.importorskip("tensorflow")
    computation = Plain(ops.tanh, True, truncate, unrolled_scan)
    graph = tf.function(computation.truncation, input_signature=[tf.TensorSpec((None, 2, 3))])
    assert graph(tf.zeros((5, 2, 3))) == min(truncate, 6)


@pytest.mark.parametrize("truncate", [None, 2])
def test_the_loop_that_is_handed_in_is_the_one_that_runs(truncate):
    loops = []

    def scan(*arguments, **keywords):
        loops.append(arguments)
        return unrolled_scan(*arguments, **keywords)

    inputs, upstream, final_upstream = problem(**ALL_AT_ONCE)
    computation = Plain(keras.activations.tanh, True, truncate, scan)
    kept, _ = computation.forward(as_tensors(inputs))
    assert len(loops) == 1
    upstream = as_tensor(upstream), as_tensor(final_upstream)
    computation.local_errors(as_tensors(inputs), kept, upstream)
    assert len(loops) == 2


def test_the_slope_is_written_with_the_state_where_it_can_be():
    computation = Computation(keras.activations.tanh, True, None, unrolled_scan)
    error, state = as_tensor(np.array([2.0, 3.0])), as_tensor(np.array([0.5, -0.1]))
    assert_same(computation.activation_backward(error, state), [1.5, 2.97], 1e-12)


def test_automatic_differentiation_is_for_a_backend_to_say():
    with pytest.raises(NotImplementedError):
        Computation(ops.tanh, True, None, unrolled_scan).vector_jacobian_product(ops.tanh, (), 1)


@given(dtype=st.sampled_from(["float16", "float32", "float64"]))
def test_an_activation_keeps_the_dtype(dtype):
    def widening(x):
        return ops.cast(x, "float64")

    activated = Plain(widening, True, None, unrolled_scan).activate(as_tensor(np.ones(3, dtype)))
    assert keras.backend.standardize_dtype(activated.dtype) == dtype


@given(
    length=st.integers(1, 6),
    reverse=st.booleans(),
    wrap=st.sampled_from([lambda x: [x], lambda x: {"x": x}]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_unrolled_scan_is_a_loop(length, reverse, wrap, seed):
    array = np.random.default_rng(seed).normal(size=(length, 2))

    def step(carry, now):
        (now,) = tree.flatten(now)
        return carry * 0.5 + now, carry

    start = as_tensor(np.ones(2))
    carry, ys = unrolled_scan(step, start, wrap(as_tensor(array)), reverse=reverse)
    expected, state = np.zeros((length, 2)), np.ones(2)
    for index in range(length)[:: -1 if reverse else 1]:
        expected[index], state = state, state * 0.5 + array[index]
    assert_same(carry, state, 1e-15)
    assert_same(ys, expected, 1e-15)


@pytest.mark.parametrize("dtype", ["bool", "int32", "float16", "float32", "float64"])
def test_a_tensor_has_the_dtype_and_the_numbers_of_its_array(dtype):
    array = np.array([[0, 1], [1, 1]], dtype)
    tensor = as_tensor(array)
    assert keras.backend.standardize_dtype(tensor.dtype) == dtype
    np.testing.assert_array_equal(ops.convert_to_numpy(tensor), array)


@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4))
def test_time_and_batch_change_places(shape):
    array = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    swapped = swap_time_and_batch(as_tensor(array))
    np.testing.assert_array_equal(ops.convert_to_numpy(swapped), np.swapaxes(array, 0, 1))
    assert swap_time_and_batch(None) is None


def test_a_way_of_execution_says_what_and_why():
    way = Execution("plain", "so it was asked for")
    assert str(way) == "plain: so it was asked for"
    with pytest.raises(AttributeError):
        way.way = "compiled"


class OfUnknownRank:
    """As a tensor of a graph may be."""

    @property
    def shape(self):
        raise ValueError("the rank is not known")


@pytest.mark.parametrize(
    "state", [OfUnknownRank(), keras.KerasTensor((2, 3)), keras.KerasTensor((None, 3))]
)
def test_an_activation_may_give_what_has_or_may_have_the_shape_of_its_argument(state):
    assert activated(lambda pre_activation: state, ops.ones((2, 3))) is state


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (None, "None"),
        ([1.0], "a list"),
        (np.ones((2, 1)), r"\(2, 1\)"),
        (np.ones(2), r"\(2,\)"),
        (np.ones((2, 3, 1)), r"\(2, 3, 1\)"),
        (keras.KerasTensor((None, 4)), r"\(None, 4\)"),
    ],
)
def test_an_activation_of_another_shape_is_refused(state, told):
    with pytest.raises(ValueError, match=rf"of the pre-activations, \(2, 3\), got {told}\."):
        activated(lambda pre_activation: state, ops.ones((2, 3)))


class Noted(Executor):
    """Gives what it is asked, and computes nothing."""

    def choose(self, inputs, all_states):
        return Execution("compiled" if all_states else "plain", "to be noted")

    def run(self, inputs, all_states, way):
        return inputs, (all_states, way)


@pytest.mark.parametrize(
    ("all_states", "way"), [(False, "plain"), (True, "compiled")], ids=["last state", "all states"]
)
def test_a_call_is_noted_and_a_look_gives_all_states_in_the_same_way_and_is_not(all_states, way):
    given = Inputs(*np.ones((5, 2, 2, 2)), mask=np.ones((2, 2, 1), bool))
    run = Noted(ops.tanh, "auto", 3, True)
    assert (run.requested, run.truncate_bptt, run.unroll) == ("auto", 3, True)
    looked_at, asked = run.look(given, all_states)
    assert asked == (True, way)
    assert run.execution is None
    called, asked = run(given, all_states)
    assert asked == (all_states, way)
    assert run.execution == Execution(way, "to be noted")
    for inputs in (looked_at, called):
        assert all(map(ops.is_tensor, inputs[:-1]))
        assert inputs.dropout_mask is None


class Telling(Noted):
    """Gives itself."""

    def run(self, inputs, all_states, way):
        return self, way


def test_for_training_a_function_of_ones_own_has_an_executor_of_its_own_with_the_same_options():
    given = Inputs(*np.ones((5, 2, 2, 2)))
    run = Telling(lambda z: z, "auto", 3, True)
    own, way = run(given, True, training=True)
    assert run.execution == Execution("compiled", "to be noted")
    assert (way, run(given, True)) == ("compiled", (run, "compiled"))
    assert own is not run
    assert run(given, False, training=True)[0] is run.look(given, False, training=True)[0] is own
    assert run.look(given, False)[0] is run
    for name in ("activation", "requested", "truncate_bptt", "unroll"):
        assert getattr(own, name) is getattr(run, name)


@pytest.mark.parametrize("training", [False, True])
def test_for_training_keras_functions_are_run_as_ever(training):
    run = Telling(keras.activations.gelu, "auto", None, False)
    given = Inputs(*np.ones((5, 2, 2, 2)))
    assert run(given, True, training)[0] is run.look(given, True, training)[0] is run


@pytest.mark.parametrize("time", [1, 3])
def test_a_function_of_ones_own_gets_the_sequences_of_one_time_step_at_once(time):
    def mixed(z):
        return z * ops.mean(z, axis=0)

    computation = Plain(mixed, True, None, unrolled_scan)
    error, kept = (
        as_tensor(np.random.default_rng(seed).normal(size=(time, 2, 4))) for seed in (0, 1)
    )
    expected = [computation.activation_backward(*now) for now in zip(error, kept, strict=True)]
    assert_same(computation.activation_backward(error, kept), np.array(expected), 1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_reading_a_variable_is_noticed_and_gives_what_is_like_it(dtype):
    variable, read = keras.Variable([[1, 2]], dtype=dtype), []
    assert reads_variables(lambda: read.append(variable.value)) is True
    assert (keras.backend.standardize_dtype(read[0].dtype), tuple(read[0].shape)) == (dtype, (1, 2))
    assert reads_variables(lambda: read.append(ops.ones(2))) is False
