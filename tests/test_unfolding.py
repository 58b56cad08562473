"""An unfolding holds what the equations say at each time step, and what the layer returns."""

from dataclasses import FrozenInstanceError

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN
from keras_rnn_explained.unfolding import unfold
from tests.comparison import TOLERANCE, assert_same

BATCH, TIME, FEATURES, UNITS = 3, 7, 2, 4
ARRAYS = (
    "x",
    "input_projection",
    "recurrent_projection",
    "pre_activation",
    "previous_state",
    "state",
    "kernel",
    "recurrent_kernel",
    "bias",
)


def random(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


def layer_and_input(**options):
    layer = ExplainedRNN(UNITS, **{"bias_initializer": "random_normal", **options})
    x = random(BATCH, TIME, FEATURES).astype(layer.compute_dtype)
    return layer, x


def by_hand(unfolding, x, a_0):
    """The oracle: one sample, one time step and one unit at a time, in float64."""
    names = (
        "input_projection",
        "recurrent_projection",
        "pre_activation",
        "previous_state",
        "state",
    )
    expected = {name: np.zeros((BATCH, TIME, UNITS)) for name in names}
    for n in range(BATCH):
        state = a_0[n]
        for t in range(TIME):
            expected["previous_state"][n, t] = state
            for u in range(UNITS):
                from_input = sum(x[n, t, f] * unfolding.kernel[f, u] for f in range(FEATURES))
                from_state = sum(state[v] * unfolding.recurrent_kernel[v, u] for v in range(UNITS))
                expected["input_projection"][n, t, u] = from_input
                expected["recurrent_projection"][n, t, u] = from_state
                expected["pre_activation"][n, t, u] = from_input + from_state + unfolding.bias[u]
            state = np.tanh(expected["pre_activation"][n, t])
            expected["state"][n, t] = state
    return expected


@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_each_time_step_is_what_a_loop_by_hand_gives(execution):
    layer, x = layer_and_input(dtype="float64", execution=execution)
    a_0 = random(BATCH, UNITS)
    unfolding = unfold(layer, x, initial_state=a_0)
    for name, expected in by_hand(unfolding, x, a_0).items():
        assert_same(getattr(unfolding, name), expected, TOLERANCE["float64"], name)


def test_backwards_the_time_steps_stand_in_the_order_in_which_they_ran():
    layer, x = layer_and_input(dtype="float64", go_backwards=True)
    unfolding = unfold(layer, x)
    assert unfolding.go_backwards
    np.testing.assert_array_equal(unfolding.x, x[:, ::-1])
    expected = by_hand(unfolding, x[:, ::-1], np.zeros((BATCH, UNITS)))
    assert_same(unfolding.state, expected["state"], TOLERANCE["float64"])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"execution": "plain"},
        {"go_backwards": True},
        {"use_bias": False},
        {"activation": "gelu"},
        {"activation": None},
        {"unroll": True, "execution": "plain"},
        {"dropout": 0.5, "recurrent_dropout": 0.5},
        {"dtype": "mixed_float16"},
    ],
    ids=str,
)
def test_the_states_are_exactly_what_the_layer_returns(options):
    layer, x = layer_and_input(return_sequences=True, **options)
    a_0 = random(BATCH, UNITS).astype("float32")
    returned = keras.ops.convert_to_numpy(layer(x, initial_state=a_0))
    unfolding = unfold(layer, x, initial_state=a_0)
    assert unfolding.state.dtype == returned.dtype
    np.testing.assert_array_equal(unfolding.state, returned)


def test_the_last_state_is_what_a_layer_that_returns_one_returns():
    layer, x = layer_and_input()
    np.testing.assert_array_equal(
        unfold(layer, x).state[:, -1], keras.ops.convert_to_numpy(layer(x))
    )


def test_an_unbuilt_layer_is_built_and_a_built_one_keeps_its_weights():
    layer, x = layer_and_input()
    unfolding = unfold(layer, x)
    assert layer.built
    before = layer.get_weights()
    unfold(layer, x)
    for weight, kept, shown in zip(
        layer.get_weights(),
        before,
        (unfolding.kernel, unfolding.recurrent_kernel, unfolding.bias),
        strict=True,
    ):
        np.testing.assert_array_equal(weight, kept)
        np.testing.assert_array_equal(weight, shown)


def test_a_stateful_layer_starts_from_its_state_and_does_not_move_on():
    layer, x = layer_and_input(stateful=True)
    layer(x)
    state = keras.ops.convert_to_numpy(layer.states[0])
    assert state.any()
    unfolding = unfold(layer, x)
    np.testing.assert_array_equal(unfolding.previous_state[:, 0], state)
    np.testing.assert_array_equal(layer.states[0], state)


@pytest.mark.backend("tensorflow")  # elsewhere sizes are compiled without end, or never
def test_the_states_are_exactly_those_of_a_call_when_no_more_sizes_are_compiled_for_all_states():
    units = 7  # which no other test has: layers of one size share what is compiled
    x = random(9, TIME, FEATURES).astype("float32")
    all_states, last_state = ExplainedRNN(units, return_sequences=True), ExplainedRNN(units)
    for batch in range(1, 8):
        all_states(x[:batch])
    assert all_states.execution.way == "plain"
    returned = last_state(x)
    assert last_state.execution.way == "compiled"
    np.testing.assert_array_equal(unfold(last_state, x).state[:, -1], returned)


def test_looking_leaves_what_the_last_call_did():
    layer, x = layer_and_input(execution="plain")
    unfold(layer, x)
    assert layer.execution is None
    layer(x)
    before = layer.execution
    unfold(layer, x)
    assert layer.execution is before


def test_looking_draws_no_dropout_mask():
    layer, x = layer_and_input(dropout=0.5, seed=1)
    before = keras.ops.convert_to_numpy(layer.seed_generator.state)
    unfold(layer, x)
    np.testing.assert_array_equal(layer.seed_generator.state, before)


def test_without_a_bias_there_is_none():
    layer, x = layer_and_input(use_bias=False)
    unfolding = unfold(layer, x)
    assert unfolding.bias is None
    np.testing.assert_array_equal(
        unfolding.pre_activation, unfolding.input_projection + unfolding.recurrent_projection
    )


def test_its_arrays_can_be_changed_without_changing_the_layer():
    layer, x = layer_and_input()
    layer(x)
    before = layer.get_weights()
    unfolding = unfold(layer, x)
    for name in ARRAYS:
        getattr(unfolding, name)[:] = 7
    assert not (x == 7).any()
    for weight, kept in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, kept)


def test_its_fields_can_not_be_changed():
    unfolding = unfold(*layer_and_input())
    with pytest.raises(FrozenInstanceError):
        unfolding.state = None


def test_it_is_shown_by_its_sizes():
    unfolding = unfold(*layer_and_input(go_backwards=True, name="seen"))
    assert repr(unfolding) == (
        "Unfolding('seen', batch=3, time=7, features=2, units=4, activation='tanh', "
        "go_backwards=True)"
    )


@pytest.mark.parametrize(
    "not_a_layer", ["rnn", None, np.zeros(3)], ids=lambda it: type(it).__name__
)
def test_what_is_no_layer_is_refused(not_a_layer):
    with pytest.raises(TypeError, match="`model` must be a Keras model or layer, got "):
        unfold(not_a_layer, np.zeros((1, 2, 3)))


@pytest.mark.parametrize("shape", [(5, 2), (2,), (1, 5, 2, 1)])
def test_an_input_that_is_no_batch_of_sequences_is_refused_with_its_shape(shape):
    with pytest.raises(ValueError, match=r"\(batch, time, features\)") as error:
        unfold(ExplainedRNN(2), np.zeros(shape))
    assert str(shape) in str(error.value)


def test_an_input_with_other_features_than_the_layer_was_built_for_is_refused():
    layer, x = layer_and_input()
    layer(x)
    with pytest.raises(
        ValueError, match=r"got \(3, 7, 1\), but its kernel was built for 2 features"
    ):
        unfold(layer, x[..., :1])


def test_an_initial_state_of_another_batch_is_refused():
    layer, x = layer_and_input()
    with pytest.raises(ValueError, match=r"\(3, 4\), got \(2, 4\)"):
        unfold(layer, x, initial_state=np.zeros((2, UNITS)))


def test_a_mask_that_the_input_carries_counts():
    x = keras.layers.Embedding(9, 4, mask_zero=True)(np.array([[1, 2, 0], [3, 4, 5]]))
    layer = ExplainedRNN(3, return_sequences=True)
    unfolding = unfold(layer, x)
    np.testing.assert_array_equal(unfolding.mask, [[True, True, False], [True, True, True]])
    np.testing.assert_array_equal(unfolding.state[0, 2], unfolding.state[0, 1])
    np.testing.assert_array_equal(unfolding.state, keras.ops.convert_to_numpy(layer(x)))


@pytest.mark.parametrize("training", [False, True])
def test_each_time_step_obeys_its_equation_with_mask_and_dropout(training):
    layer, x = layer_and_input(
        dtype="float64", dropout=0.5, recurrent_dropout=0.5, seed=3, return_sequences=True
    )
    mask = random(BATCH, TIME) < 0.5
    u = unfold(layer, x, mask=mask, training=training)
    dropped_x, dropped_state = u.x, u.previous_state
    if training:
        dropped_x = u.x * u.input_dropout_mask[:, None]
        dropped_state = u.previous_state * u.recurrent_dropout_mask[:, None]
        assert set(np.unique(u.input_dropout_mask)) <= {0, 2}
    else:
        assert u.input_dropout_mask is None
        assert u.recurrent_dropout_mask is None
    np.testing.assert_array_equal(u.x, x)
    np.testing.assert_array_equal(u.mask, mask)
    assert_same(u.input_projection, dropped_x @ u.kernel, TOLERANCE["float64"])
    assert_same(u.recurrent_projection, dropped_state @ u.recurrent_kernel, TOLERANCE["float64"])
    pre_activation = u.input_projection + u.bias + u.recurrent_projection
    assert_same(u.pre_activation, pre_activation, TOLERANCE["float64"])
    expected = np.where(mask[..., None], np.tanh(pre_activation), u.previous_state)
    assert_same(u.state, expected, TOLERANCE["float64"])


def test_dropout_is_that_of_the_next_training_step():
    layer, x = layer_and_input(dropout=0.5, recurrent_dropout=0.5, seed=3, return_sequences=True)
    unfolding = unfold(layer, x, training=True)
    np.testing.assert_array_equal(
        unfolding.state, keras.ops.convert_to_numpy(layer(x, training=True))
    )


def test_its_arrays_come_as_a_plain_dict_without_those_that_are_none():
    unfolding = unfold(*layer_and_input(use_bias=False))
    arrays = unfolding.arrays()
    assert set(arrays) == set(ARRAYS) - {"bias"}
    assert all(arrays[name] is getattr(unfolding, name) for name in arrays)


def test_a_notebook_shows_a_table_in_which_names_are_escaped():
    layer, x = layer_and_input(name="a<script>b")
    html = unfold(layer, x)._repr_html_()
    assert "<script>" not in html
    assert "a&lt;script&gt;b" in html
    assert "3 × 7 × 4" in html


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="at least one sequence"):
        unfold(ExplainedRNN(2), np.zeros((0, 3, 2)))
