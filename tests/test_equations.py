import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from keras_rnn_explained import equations
from keras_rnn_explained.execution import as_tensor, unrolled_scan
from tests import reference
from tests.comparison import TOLERANCE, assert_same
from tests.differentiation import differentiate

NAMES = ("x", "kernel", "recurrent_kernel", "bias", "initial_state")
SCANS = {"unrolled": unrolled_scan}
scan, DTYPE = unrolled_scan, "float32"  # on torch the layer has no other loop
if keras.backend.backend() == "jax":
    from jax.lax import scan

    SCANS["scan"] = scan
elif keras.backend.backend() == "tensorflow":
    from keras_rnn_explained.backends.tensorflow_loops import scan

    SCANS |= {"keras.ops": ops.scan, "scan": scan}
    DTYPE = "float64"  # elsewhere Keras makes float32 of it here and there


def problem(batch=3, time=5, features=2, units=4, seed=0, masked=False, dropped=False):
    """Arguments by name, and the mask, dropout mask and upstream gradient, as NumPy arrays."""
    random = np.random.default_rng(seed)
    arguments = {
        "x": random.normal(size=(batch, time, features)),
        "kernel": random.normal(size=(features, units)),
        "recurrent_kernel": random.normal(size=(units, units)) / np.sqrt(units),
        "bias": random.normal(size=units),
        "initial_state": random.normal(size=(batch, units)),
    }
    mask = random.random((batch, time)) < 0.6 if masked else None
    dropout = ((random.random((batch, units)) < 0.7) / 0.7).astype(DTYPE) if dropped else None
    upstream = random.normal(size=(batch, time, units)).astype(DTYPE)
    return {name: a.astype(DTYPE) for name, a in arguments.items()}, mask, dropout, upstream


def time_major(array):
    return None if array is None else as_tensor(np.swapaxes(array, 0, 1))


def options(activation, mask, dropout, scan):
    return {
        "activation": keras.activations.get(activation),
        "mask": None if mask is None else time_major(mask[..., None]),
        "dropout_mask": None if dropout is None else as_tensor(dropout),
        "scan": scan,
    }


def run_recurrence(arguments, **keywords):
    tensors = {name: as_tensor(array) for name, array in arguments.items()}
    tensors["x"] = time_major(arguments["x"])
    return equations.recurrence(**tensors, **keywords)


def run_bptt(arguments, states, upstream, activation, mask, dropout, scan, truncate=None):
    """`local_errors` and `parameter_gradients`, put together by name in NumPy, batch first."""
    keywords = options(activation, mask, dropout, scan)
    derivative = equations.derivative_from_state(keywords.pop("activation"))
    recurrent_kernel = as_tensor(arguments["recurrent_kernel"])
    local_error, initial_state = equations.local_errors(
        states,
        recurrent_kernel,
        time_major(upstream),
        ops.zeros_like(states[0]),
        activation_backward=lambda error, state: error * derivative(state),
        truncate=truncate,
        **keywords,
    )
    parameters = equations.parameter_gradients(
        time_major(arguments["x"]),
        states,
        as_tensor(arguments["initial_state"]),
        local_error,
        keywords["dropout_mask"],
    )
    x = equations.input_gradient(local_error, as_tensor(arguments["kernel"]))
    return {
        "x": ops.swapaxes(x, 0, 1),
        **parameters._asdict(),
        "initial_state": initial_state,
    }


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_recurrence_is_the_loop_over_time_steps(activation, masked, dropped, scan):
    arguments, mask, dropout, _ = problem(masked=masked, dropped=dropped)
    states = run_recurrence(arguments, **options(activation, mask, dropout, scan))
    _, expected = reference.forward(
        *arguments.values(), activation=activation, mask=mask, dropout=dropout
    )
    assert_same(ops.swapaxes(states, 0, 1), expected, 1e-13)


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_bptt_is_each_loss_term_followed_back_through_time(activation, masked, dropped, scan):
    arguments, mask, dropout, upstream = problem(masked=masked, dropped=dropped)
    states = run_recurrence(arguments, **options(activation, mask, dropout, scan))
    actual = run_bptt(arguments, states, upstream, activation, mask, dropout, scan)
    expected = reference.bptt(
        *arguments.values(), activation=activation, upstream=upstream, mask=mask, dropout=dropout
    )
    for name in NAMES:
        assert_same(actual[name], expected[name], 1e-12, name)


@pytest.mark.parametrize("truncate", [1, 2, 3, 5, 6, 20])
@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_truncated_bptt_follows_each_loss_term_over_k_time_steps(truncate, masked, dropped):
    arguments, mask, dropout, upstream = problem(masked=masked, dropped=dropped)
    states = run_recurrence(arguments, **options("tanh", mask, dropout, scan))
    actual = run_bptt(arguments, states, upstream, "tanh", mask, dropout, scan, truncate)
    expected = reference.bptt(
        *arguments.values(),
        activation="tanh",
        upstream=upstream,
        mask=mask,
        dropout=dropout,
        truncate=truncate,
    )
    for name in NAMES:
        assert_same(actual[name], expected[name], 1e-12, name)


@pytest.mark.parametrize("truncate", [1, 2, 4])
@pytest.mark.parametrize("loss", ["all states", "last state"])
def test_truncated_bptt_is_a_stopped_gradient_k_time_steps_before_each_loss(truncate, loss):
    arguments, _, _, upstream = problem(time=6)
    if loss == "last state":
        upstream[:, :-1] = 0
    states = run_recurrence(arguments, **options("tanh", None, None, scan))
    actual = run_bptt(arguments, states, upstream, "tanh", None, None, scan, truncate)

    def total(tensors):
        x, kernel, recurrent_kernel, bias, initial_state = (tensors[name] for name in NAMES)
        total = 0.0
        for s in range(1, 7):
            state = initial_state
            for t in range(1, s + 1):
                if t - 1 == s - truncate:
                    state = ops.stop_gradient(state)
                state = ops.tanh(x[:, t - 1] @ kernel + bias + state @ recurrent_kernel)
            total += ops.sum(state * as_tensor(upstream[:, s - 1]))
        return total, None

    _, _, expected, _ = differentiate(total, arguments)
    for name in NAMES:
        assert_same(actual[name], expected[name], 1e-12, name)


@pytest.mark.backend("tensorflow")  # for float64
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "linear"])
def test_bptt_agrees_with_finite_differences(activation, masked):
    arguments, mask, _, upstream = problem(batch=2, time=4, units=3, masked=masked)
    keywords = options(activation, mask, None, scan)
    states = run_recurrence(arguments, **keywords)
    actual = run_bptt(arguments, states, upstream, activation, mask, None, scan)

    def loss(changed):
        states = ops.convert_to_numpy(run_recurrence(changed, **keywords))
        return np.sum(np.swapaxes(states, 0, 1) * upstream)

    step = 1e-6
    for name, array in arguments.items():
        expected = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            up, down = array.copy(), array.copy()
            up[index] += step
            down[index] -= step
            difference = loss({**arguments, name: up}) - loss({**arguments, name: down})
            expected[index] = difference / (2 * step)
        assert_same(actual[name], expected, 1e-7, name)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_bptt_agrees_with_automatic_differentiation_of_the_recurrence(activation, masked):
    arguments, mask, _, upstream = problem(masked=masked)
    keywords = options(activation, mask, None, unrolled_scan)

    def loss(tensors):
        x = ops.swapaxes(tensors["x"], 0, 1)
        states = equations.recurrence(**{**tensors, "x": x}, **keywords)
        return ops.sum(states * time_major(upstream)), states

    _, states, expected, _ = differentiate(loss, arguments)
    actual = run_bptt(arguments, states, upstream, activation, mask, None, scan)
    for name in NAMES:
        assert_same(actual[name], expected[name], 1e-12, name)


def test_the_last_states_gradient_enters_bptt_from_after_the_sequence():
    arguments, _, _, upstream = problem()
    upstream[:, :-1] = 0
    states = run_recurrence(arguments, **options("tanh", None, None, scan))
    recurrent_kernel = as_tensor(arguments["recurrent_kernel"])

    def errors(upstream, final_upstream, truncate):
        return equations.local_errors(
            states,
            recurrent_kernel,
            upstream,
            final_upstream,
            activation_backward=lambda error, state: error * (1 - state**2),
            truncate=truncate,
            scan=scan,
        )

    last = as_tensor(upstream[:, -1])
    for truncate in (None, 2):
        inside = errors(time_major(upstream), ops.zeros_like(last), truncate)
        after = errors(None, last, truncate)
        for actual, expected in zip(after, inside, strict=True):
            assert_same(actual, expected, 0)


def test_a_slope_that_is_not_finite_reaches_no_gradient_where_the_time_step_is_skipped():
    slope = np.array([[np.inf, np.nan], [2.0, 3.0]])
    recurrent_kernel = np.array([[1.0, 2.0], [3.0, 4.0]])
    passed_back, local_error = equations.pass_back(
        as_tensor(np.ones((2, 2))),
        as_tensor(np.zeros((2, 2))),
        as_tensor(recurrent_kernel.T),
        activation_backward=lambda error, kept: error * as_tensor(slope),
        mask=as_tensor(np.array([[False], [True]])),
    )
    assert_same(local_error, [[0, 0], slope[1]], 1e-15)
    assert_same(passed_back, [[1, 1], slope[1] @ recurrent_kernel.T], 1e-15)


def test_a_pre_activation_is_the_sum_of_what_there_is():
    parts = input_projection, bias, recurrent_projection = np.arange(12.0).reshape(3, 1, 4)
    assert_same(equations.pre_activation(*parts), input_projection + bias + recurrent_projection, 0)
    without_bias = equations.pre_activation(input_projection, None, recurrent_projection)
    assert_same(without_bias, input_projection + recurrent_projection, 0)


@pytest.mark.parametrize("truncate", [None, 1, 2, 5])
@pytest.mark.parametrize("masked", [False, True])
def test_the_whole_error_times_the_slope_is_the_local_error(masked, truncate):
    arguments, mask, _, upstream = problem(masked=masked)
    keywords = options("tanh", mask, None, scan)
    states = run_recurrence(arguments, **keywords)
    del keywords["activation"]
    (local_error, initial_state), (error, same_initial_state) = (
        equations.local_errors(
            states,
            as_tensor(arguments["recurrent_kernel"]),
            time_major(upstream),
            ops.zeros_like(states[0]),
            activation_backward=lambda error, state: error * (1 - state**2),
            truncate=truncate,
            whole=whole,
            **keywords,
        )
        for whole in (False, True)
    )
    expected = error * (1 - states**2)
    if mask is not None:
        expected *= time_major(mask[..., None] * 1.0)
    # Not to the bit: a backend may compile what is in the loop, and then it rounds otherwise.
    assert_same(local_error, expected, TOLERANCE["float64"])
    assert_same(same_initial_state, initial_state, TOLERANCE["float64"])


@given(
    batch=st.integers(1, 3),
    time=st.integers(1, 6),
    features=st.integers(1, 3),
    units=st.integers(1, 4),
    activation=st.sampled_from(["tanh", "relu", "sigmoid", "linear"]),
    masked=st.booleans(),
    dropped=st.booleans(),
    truncate=st.none() | st.integers(1, 8),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_problem_agrees_with_the_reference(
    batch, time, features, units, activation, masked, dropped, truncate, seed
):
    arguments, mask, dropout, upstream = problem(
        batch, time, features, units, seed, masked, dropped
    )
    states = run_recurrence(arguments, **options(activation, mask, dropout, scan))
    actual = run_bptt(arguments, states, upstream, activation, mask, dropout, scan, truncate)
    _, expected_states = reference.forward(
        *arguments.values(), activation=activation, mask=mask, dropout=dropout
    )
    expected = reference.bptt(
        *arguments.values(),
        activation=activation,
        upstream=upstream,
        mask=mask,
        dropout=dropout,
        truncate=truncate,
    )
    assert_same(ops.swapaxes(states, 0, 1), expected_states, 1e-12, "states")
    for name in NAMES:
        assert_same(actual[name], expected[name], 1e-11, name)


@given(
    shape=st.tuples(*[st.integers(1, 4)] * 3),
    units=st.integers(1, 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_kernels_gradient_is_the_sum_of_its_summands(shape, units, seed):
    time, batch, _ = shape
    random = np.random.default_rng(seed)
    left, local_error, states, initial_state = (
        as_tensor(random.normal(size=size).astype(DTYPE))
        for size in (shape, *[(time, batch, units)] * 2, (batch, units))
    )
    summands = equations.summands(left, local_error)
    assert_same(summands, ops.einsum("tbf,tbu->tfu", left, local_error), 1e-12)
    gradients = equations.parameter_gradients(left, states, initial_state, local_error)
    assert_same(gradients.kernel, ops.sum(summands, axis=0), 1e-12)
