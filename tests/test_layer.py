import itertools
import os

import keras
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keras_rnn_explained import ExplainedRNN, backends, exporting, unfold
from keras_rnn_explained.validation import SETTLED
from tests import reference
from tests.comparison import TOLERANCE, assert_same, relative_difference
from tests.twins import ACTIVATIONS, assert_same_behaviour, behaviour, twins

BATCH, TIME, FEATURES, UNITS = 2, 5, 3, 4

WAYS = [pytest.param("plain"), pytest.param("compiled", marks=pytest.mark.slow)]


def sequences(batch=BATCH, time=TIME, features=FEATURES, dtype="float32", seed=3):
    return np.random.default_rng(seed).normal(size=(batch, time, features)).astype(dtype)


def states(dtype="float32"):
    return np.random.default_rng(4).normal(size=(BATCH, UNITS)).astype(dtype)


@keras.saving.register_keras_serializable("tests")
def wave(x):
    return keras.ops.sin(x)


MASKS = {
    "gaps": [[1, 1, 0, 1, 0], [0, 0, 1, 0, 1]],
    "padded": [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]],
    "a row all masked": [[0, 0, 0, 0, 0], [1, 0, 0, 1, 1]],
    "everything masked": [[0] * 5] * 2,
}

# Every option of SimpleRNN with a value (or several) that is not its default.
OF_THE_LAYER = [
    ("activation", "relu"),
    ("activation", None),
    ("activation", "sigmoid"),
    ("activation", "softmax"),
    ("activation", wave),
    ("use_bias", False),
    ("kernel_regularizer", "l2"),
    ("recurrent_regularizer", "l1"),
    ("bias_regularizer", "l2"),
    ("kernel_constraint", "max_norm"),
    ("recurrent_constraint", "non_neg"),
    ("bias_constraint", "unit_norm"),
    ("dropout", 0.4),
    ("recurrent_dropout", 0.4),
    ("return_sequences", True),
    ("return_state", True),
    ("go_backwards", True),
    ("stateful", True),
    ("unroll", True),
    ("zero_output_for_mask", True),
    # On JAX Keras does not run SimpleRNN in float64.
    *([] if keras.backend.backend() == "jax" else [("dtype", "float64")]),
]
OPTIONS = [
    *OF_THE_LAYER,
    ("mask", "gaps"),
    ("mask", "padded"),
    ("mask", "a row all masked"),
    ("mask", "everything masked"),
    ("initial_state", True),
    ("training", True),
]
PAIRS = [
    (one, other)
    for one, other in itertools.combinations_with_replacement(OPTIONS, 2)
    if one[0] != other[0] or one == other
]
if keras.backend.backend() != "tensorflow" or "MUTANT_UNDER_TEST" in os.environ:
    # How options meet is in modules that all backends share, but for masks. `make mutants` has no
    # time for more.
    PAIRS = [pair for pair in PAIRS if pair[0] == pair[1] or ("mask", "gaps") in pair]


def name_of(pair):
    return "-".join(
        f"{key}={getattr(value, '__name__', value)}" for key, value in dict(pair).items()
    )


@pytest.mark.parametrize("execution", WAYS)
@pytest.mark.parametrize("pair", PAIRS, ids=name_of)
def test_every_pair_of_options_does_what_simple_rnn_does(pair, execution):
    options = dict(pair)
    dtype = options.get("dtype", "float32")
    call = {"call": 2} if options.get("stateful") else {}
    if mask := options.pop("mask", None):
        call["mask"] = np.array(MASKS[mask], bool)
    if options.pop("initial_state", False):
        call["initial_state"] = states(dtype)
    # Dropout only shows in training, and then in every layer alike.
    if options.pop("training", False) or "dropout" in name_of(pair):
        call["training"] = True
        options["seed"] = 5
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME, execution, **options)
    assert_same_behaviour(explained, simple, sequences(dtype=dtype), **call)
    assert explained.execution.way == ("plain" if keras.backend.backend() == "torch" else execution)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("execution", ["plain", "compiled"])
@pytest.mark.parametrize("activation", reference.ACTIVATIONS)
def test_outputs_and_gradients_are_those_of_the_float64_loop(activation, execution, masked):
    _, layer = twins(
        UNITS, FEATURES, BATCH, TIME, execution, activation=activation, return_sequences=True
    )
    x, initial_state = sequences(), states()
    mask = np.array([[1, 1, 0, 1, 0], [1, 0, 1, 1, 1]], bool) if masked else None
    arguments = [x, *layer.get_weights(), initial_state]
    _, expected = reference.forward(*arguments, activation=activation, mask=mask)
    upstream = np.random.default_rng(2).normal(size=expected.shape).astype("float32")
    gradients = reference.bptt(*arguments, activation=activation, upstream=upstream, mask=mask)

    actual = behaviour(layer, x, initial_state=initial_state, mask=mask)
    assert_same(actual["output 0 of call 0"], expected, TOLERANCE["float32"])
    for name, gradient in gradients.items():
        assert_same(actual[f"gradient of {name}"], gradient, TOLERANCE["float32"], name)


SLOPES_OF_THEIR_OWN = ("elu", "hard_silu", "hard_swish", "relu")
"""The activations whose slopes may be other ones at what is not finite, that of relu on torch."""


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_not_finite_shows_as_in_simple_rnn(activation):
    x = np.array([[[np.nan]], [[np.inf]], [[-np.inf]]], "float32")
    results = []
    for layer in twins(1, 1, len(x), activation=activation, execution="auto"):
        layer.set_weights([np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1)])
        results.append(behaviour(layer, x))
    theirs, ours = results
    assert_same_numbers(ours, theirs, "output 0 of call 0")
    if activation not in SLOPES_OF_THEIR_OWN:
        assert_same_numbers(ours, theirs, "gradient of x")


def assert_same_numbers(ours, theirs, name):
    actual, expected = (keras.ops.convert_to_numpy(one[name]) for one in (ours, theirs))
    np.testing.assert_allclose(actual, expected, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("truncate", [1, 2, 5, 6, 9])
@pytest.mark.parametrize("execution", ["plain", "compiled"])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_truncated_gradients_are_those_of_the_float64_loop(truncate, execution, return_sequences):
    layer = ExplainedRNN(
        UNITS,
        return_sequences=return_sequences,
        truncate_bptt=truncate,
        execution=execution,
        bias_initializer="random_normal",
    )
    x, initial_state = sequences(), states()
    actual = behaviour(layer_built(layer), x, initial_state=initial_state)
    upstream = np.zeros((BATCH, TIME, UNITS))
    shape = upstream.shape if return_sequences else upstream[:, -1].shape
    weights = np.random.default_rng(2).normal(size=shape).astype("float32")
    if return_sequences:
        upstream = weights
    else:
        upstream[:, -1] = weights
    expected = reference.bptt(
        x, *layer.get_weights(), initial_state, "tanh", upstream, truncate=truncate
    )
    for name, gradient in expected.items():
        assert_same(actual[f"gradient of {name}"], gradient, TOLERANCE["float32"], name)


@pytest.mark.parametrize("execution", ["plain", "compiled"])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_truncated_too_an_activation_gets_arrays_of_batch_and_units(execution, return_sequences):
    options = {"truncate_bptt": 2, "execution": execution, "return_sequences": return_sequences}

    def of_units(z):
        return keras.ops.softmax(z, axis=1)

    same, ours = (
        layer_built(ExplainedRNN(UNITS, activation=activation, **options))
        for activation in ("softmax", of_units)
    )
    ours.set_weights(same.get_weights())
    expected = behaviour(same, sequences(), initial_state=states())
    for name, value in behaviour(ours, sequences(), initial_state=states()).items():
        assert_same(value, expected[name], TOLERANCE["float32"], name)


def centred(z):
    """An activation that, as batch normalization does, mixes the sequences of a batch."""
    return keras.ops.tanh(z - keras.ops.mean(z, axis=0) / 2)


@pytest.mark.parametrize("execution", ["plain", "compiled"])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("truncate", [None, TIME])
def test_an_activation_that_mixes_sequences_mixes_those_of_one_time_step(
    execution, return_sequences, truncate
):
    options = {"activation": centred, "return_sequences": return_sequences}
    simple = layer_built(keras.layers.SimpleRNN(UNITS, **options))
    ours = layer_built(ExplainedRNN(UNITS, truncate_bptt=truncate, execution=execution, **options))
    ours.set_weights(simple.get_weights())
    expected = behaviour(simple, sequences(), initial_state=states())
    if truncate is not None:  # from the last state to the initial one it's a time step more
        del expected["gradient of initial_state"]
    actual = behaviour(ours, sequences(), initial_state=states())
    for name, value in expected.items():
        assert_same(actual[name], value, TOLERANCE["float32"], name)


def test_an_activation_without_a_slope_has_no_gradients_and_is_no_error():
    def step(z):
        return keras.ops.cast(z > 0, z.dtype)

    layer = layer_built(ExplainedRNN(UNITS, activation=step, execution="plain"))
    found = behaviour(layer, sequences(), initial_state=states())
    for name in ("kernel", "recurrent_kernel", "bias", "x", "initial_state"):
        assert_same(found[f"gradient of {name}"], np.zeros_like(found[f"gradient of {name}"]), 0)


@pytest.mark.parametrize("look", [False, True])
def test_truncation_is_refused_where_automatic_differentiation_would_not_truncate(look):
    layer = layer_built(ExplainedRNN(UNITS, activation=keras.layers.PReLU(), truncate_bptt=2))
    message = (
        "`truncate_bptt` must be `None` with this activation, got 2: the activation has variables, "
        "which need gradients too, so that automatic differentiation takes the gradients back to "
        "the first time step. Leave `truncate_bptt` out, or take another activation."
    )
    with pytest.raises(ValueError, match=message):
        unfold(layer, sequences()) if look else layer(sequences())


def layer_built(layer, batch=BATCH, time=None, features=FEATURES):
    layer.build((batch, time, features))
    return layer


def test_truncation_leaves_outputs_alone_and_none_is_full_bptt():
    x = sequences()
    full, cut, long = (
        layer_built(ExplainedRNN(UNITS, truncate_bptt=k, execution="plain")) for k in (None, 2, 6)
    )
    for layer in (cut, long):
        layer.set_weights(full.get_weights())
    assert_same(cut(x), full(x), 0)
    ours, theirs = behaviour(long, x), behaviour(full, x)
    for name, value in ours.items():
        assert_same(value, theirs[name], 1e-6, name)
    cut, theirs = behaviour(cut, x)["gradient of kernel"], theirs["gradient of kernel"]
    assert relative_difference(cut, theirs) > 1e-3


def simple_rnn_can(dtype, masked, *, unroll, go_backwards, zero_output_for_mask, **options):
    """Whether Keras runs `SimpleRNN` with these options, and by its documentation."""
    masked_in_unrolled_loop = masked and unroll
    return {
        # Its two loops read the mask in different orders then.
        "tensorflow": not (masked_in_unrolled_loop and go_backwards and zero_output_for_mask),
        "jax": dtype == "float32" and not (masked_in_unrolled_loop and zero_output_for_mask),
        "torch": not (masked_in_unrolled_loop and go_backwards),
    }[keras.backend.backend()]


@given(
    units=st.integers(1, 5),
    features=st.integers(1, 4),
    batch=st.integers(1, 4),
    time=st.integers(1, 6),
    activation=st.sampled_from(["tanh", "relu", "sigmoid", None, "softsign", "softmax"]),
    use_bias=st.booleans(),
    return_sequences=st.booleans(),
    return_state=st.booleans(),
    go_backwards=st.booleans(),
    unroll=st.booleans(),
    zero_output_for_mask=st.booleans(),
    dropout=st.sampled_from([0.0, 0.5]),
    recurrent_dropout=st.sampled_from([0.0, 0.5]),
    dtype=st.sampled_from(["float32", "float64"]),
    masked=st.booleans(),
    state_given=st.booleans(),
    training=st.booleans(),
    seed=st.integers(0, 2**31 - 1),
)
def test_any_configuration_does_what_simple_rnn_does(
    units, features, batch, time, dtype, masked, state_given, training, seed, **options
):
    assume(simple_rnn_can(dtype, masked, **options))
    random = np.random.default_rng(seed)
    call = {"training": training}
    if masked:
        call["mask"] = random.random((batch, time)) < 0.6
    if state_given:
        call["initial_state"] = random.normal(size=(batch, units)).astype(dtype)
    simple, explained = twins(units, features, batch, dtype=dtype, seed=seed, **options)
    x = sequences(batch, time, features, dtype, seed)
    assert_same_behaviour(explained, simple, x, **call)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16", "bfloat16", "float16"])
@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_low_precision_keeps_simple_rnns_dtypes_and_its_values_within_their_own_rounding(
    policy, execution
):
    simple, explained = twins(
        UNITS,
        FEATURES,
        BATCH,
        TIME,
        execution,
        dtype=policy,
        return_sequences=True,
        recurrent_initializer="zeros",  # TensorFlow draws no orthogonal matrix in bfloat16
    )
    tolerance = TOLERANCE[explained.compute_dtype]
    assert_same_behaviour(explained, simple, sequences(), tolerance)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_the_global_dtype_policy_applies(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        layer = ExplainedRNN(UNITS)
        output = layer(sequences())
    finally:
        keras.config.set_dtype_policy(before)
    assert layer.dtype_policy.name == policy
    assert keras.backend.standardize_dtype(output.dtype) == layer.compute_dtype
    assert layer.kernel.dtype == layer.variable_dtype


@pytest.mark.parametrize("seeded", [False, True])
def test_a_seed_gives_simple_rnns_initial_weights(seeded):
    initial = {"kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal"}
    if seeded:
        initial = {
            "kernel_initializer": keras.initializers.GlorotUniform(seed=1),
            "recurrent_initializer": keras.initializers.Orthogonal(seed=2),
            "bias_initializer": keras.initializers.RandomNormal(seed=3),
        }
    made = []
    for make in (keras.layers.SimpleRNN, ExplainedRNN):
        keras.utils.set_random_seed(7)
        layers = [make(UNITS, **initial), make(UNITS, **initial)]
        made.append([w for layer in layers for w in layer_built(layer).get_weights()])
    for theirs, ours in zip(*made, strict=True):
        assert_same(ours, theirs, 0)


def test_dropout_masks_are_simple_rnns_call_after_call_and_past_calls_without_training():
    simple, explained = twins(
        UNITS, FEATURES, BATCH, TIME, dropout=0.5, recurrent_dropout=0.5, seed=9
    )
    training, inference, neither = {"training": True}, {"training": False}, {}
    for how in (training, inference, training, training, neither, inference, training):
        assert_same(explained(sequences(), **how), simple(sequences(), **how), 1e-6)


def test_the_method_itself_drops_nothing_where_it_is_told_nothing_of_training():
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME, dropout=0.5, recurrent_dropout=0.5)
    x = keras.ops.convert_to_tensor(sequences())  # which is not made where `__call__` is not run
    assert_same(explained.call(x), simple.call(x), 1e-6)


def test_a_dropout_rate_of_1_draws_no_mask_so_that_the_other_rates_masks_stay_simple_rnns():
    simple, explained = twins(
        UNITS, FEATURES, BATCH, TIME, dropout=1.0, recurrent_dropout=0.5, seed=9
    )
    for training in (False, True, True):
        x = sequences()
        assert_same(explained(x, training=training), simple(x, training=training), 1e-6)


def test_without_a_seed_the_global_seed_gives_simple_rnns_dropout():
    outputs = []
    for make in (keras.layers.SimpleRNN, ExplainedRNN):
        keras.utils.set_random_seed(11)
        outputs.append(make(UNITS, dropout=0.5, recurrent_dropout=0.5)(sequences(), training=True))
    assert_same(outputs[1], outputs[0], 1e-6)


@pytest.mark.parametrize("rate", [-0.5, 1.5])
def test_a_dropout_rate_is_clipped_as_simple_rnn_clips_it(rate):
    assert (
        ExplainedRNN(UNITS, dropout=rate).dropout == keras.layers.SimpleRNN(1, dropout=rate).dropout
    )


@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_the_activity_regularizer_is_applied_as_in_other_layers(execution):
    layer = ExplainedRNN(UNITS, activity_regularizer="l2", execution=execution)
    other = keras.layers.Identity(activity_regularizer="l2")
    other(layer(sequences()))
    assert layer.losses[0] > 0
    assert_same(layer.losses[0], other.losses[0], 1e-6)


@pytest.mark.backend("tensorflow", "torch")  # on JAX Keras refuses it
@pytest.mark.parametrize(
    "shape", [(1, UNITS), (UNITS,)], ids=["one for the batch", "without a batch"]
)
@pytest.mark.parametrize("time", [1, TIME])
def test_one_initial_state_serves_the_whole_batch(shape, time):
    simple, explained = twins(UNITS, FEATURES, BATCH, time)
    state = states()[:1].reshape(shape)
    assert_same_behaviour(explained, simple, sequences(time=time), initial_state=state)


@pytest.mark.backend("tensorflow", "torch")  # on JAX Keras refuses it
@pytest.mark.parametrize("shape", [(1, UNITS), (UNITS,)])
def test_one_initial_state_for_the_whole_batch_has_one_recurrent_dropout_mask(shape):
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME, recurrent_dropout=0.5, seed=5)
    state = np.ones(shape, "float32")
    assert_same_behaviour(explained, simple, sequences(), initial_state=state, training=True)


@pytest.mark.parametrize(
    "wrap", [list, tuple, lambda states: states[0]], ids=["list", "tuple", "bare"]
)
def test_an_initial_state_may_stand_in_a_list(wrap):
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME)
    state = wrap([keras.ops.convert_to_tensor(states())])
    assert_same(explained(sequences(), state), simple(sequences(), state), 1e-6)


@pytest.mark.parametrize(
    "mask",
    [
        np.array(MASKS["gaps"], "int32"),
        np.array(MASKS["gaps"], "float32"),
        np.array(MASKS["gaps"], bool)[..., None],
        np.array(MASKS["gaps"], bool)[:1],
        np.random.default_rng(0).random((BATCH, TIME, UNITS)) < 0.5,
    ],
    ids=["integers", "floats", "three dimensions", "one for the batch", "one for each unit"],
)
@pytest.mark.parametrize("return_sequences", [False, True])
def test_a_mask_may_have_the_forms_that_simple_rnn_takes(mask, return_sequences):
    simple, explained = twins(
        UNITS, FEATURES, BATCH, TIME, return_sequences=return_sequences, return_state=True
    )
    assert_same_behaviour(explained, simple, sequences(), mask=mask, initial_state=states())


@pytest.mark.parametrize("time", [1, TIME])
def test_a_mask_for_the_whole_batch_is_shown_for_each_sequence(time):
    mask = np.ones((1, time), bool)
    assert unfold(ExplainedRNN(UNITS), sequences(time=time), mask=mask).mask.shape == (BATCH, time)


@pytest.mark.parametrize("return_sequences", [False, True])
def test_a_look_is_at_the_inputs_of_the_call_and_for_the_states_that_it_gives(
    return_sequences, monkeypatch
):
    layer, asked = ExplainedRNN(UNITS, return_sequences=return_sequences, dropout=0.5), []
    layer.build((BATCH, TIME, FEATURES))

    def look(inputs, all_states, training, look=layer._executor.look):
        asked.append(all_states)
        return look(inputs, all_states, training)

    monkeypatch.setattr(layer._executor, "look", look)
    seen = unfold(layer, sequences(), training=True)
    assert_same(seen.x, sequences(), 0)
    assert set(np.unique(seen.input_dropout_mask)) == {0, 2}
    assert asked == [return_sequences]


def test_a_stateful_layer_says_its_name_where_its_state_is_not_kept(monkeypatch):
    monkeypatch.setattr(exporting, "target", lambda: "ONNX")
    layer = ExplainedRNN(UNITS, stateful=True, name="kept")
    with pytest.raises(ValueError, match="Layer 'kept' has stateful=True"):
        layer(sequences())


@pytest.mark.parametrize("is_built", [False, True])
def test_an_activation_with_weights_is_built_with_the_layer_and_only_once(is_built, monkeypatch):
    shapes, build = [], keras.layers.PReLU.build
    monkeypatch.setattr(
        keras.layers.PReLU, "build", lambda self, shape: shapes.append(shape) or build(self, shape)
    )
    activation = keras.layers.PReLU()
    if is_built:
        activation.build((BATCH, UNITS))
    before = list(activation.weights)
    layer = ExplainedRNN(UNITS, activation=activation)
    layer.build((BATCH, TIME, FEATURES))
    (weight,) = activation.weights
    assert tuple(weight.shape) == (UNITS,)
    assert any(weight is one for one in layer.weights)
    assert all(weight is one for one in before)
    assert shapes == [(BATCH, UNITS)]


@pytest.mark.parametrize("execution", WAYS)
def test_a_mask_for_each_unit_goes_before_an_activation_that_mixes_units(execution):
    simple, explained = twins(
        UNITS, FEATURES, BATCH, TIME, execution, activation="softmax", return_sequences=True
    )
    mask = np.random.default_rng(0).random((BATCH, TIME, UNITS)) < 0.5
    assert_same_behaviour(explained, simple, sequences(), mask=mask)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("zero_output", [False, True])
@pytest.mark.parametrize("time", [1, TIME])
def test_a_loop_that_masks_whole_steps_begins_with_the_initial_state(
    time, return_sequences, zero_output, monkeypatch
):
    monkeypatch.setattr(backends.current(), "LOOP_MASKS_WHOLE_STEPS", True)
    options = {"return_sequences": return_sequences, "zero_output_for_mask": zero_output}
    _, layer = twins(UNITS, FEATURES, BATCH, time, **options)
    mask = np.random.default_rng(0).random((BATCH, TIME, UNITS)) < 0.3
    mask[0], mask[1, :2], mask[1, -1] = False, False, True
    mask = mask[:, :time]
    whole, x = mask.any(axis=-1), sequences(time=time)
    _, expected = reference.forward(
        x, *layer.get_weights(), states(), activation="tanh", mask=whole
    )
    if zero_output:
        expected = np.where(whole[..., None], expected, 0)
    actual = layer(x, mask=mask, initial_state=states())
    assert_same(actual, expected if return_sequences else expected[:, -1], TOLERANCE["float32"])


def test_an_unrolled_loop_begins_with_zeros_on_each_backend(monkeypatch):
    monkeypatch.setattr(backends.current(), "LOOP_MASKS_WHOLE_STEPS", True)
    simple, explained = twins(
        UNITS, FEATURES, BATCH, TIME, return_sequences=True, return_state=True, unroll=True
    )
    mask = np.array([[0, 0, 1, 0, 1], [0, 1, 1, 0, 1]], bool)
    assert_same_behaviour(explained, simple, sequences(), mask=mask, initial_state=states())


@pytest.mark.parametrize("return_state", [False, True])
def test_a_mask_may_be_a_list(return_state):
    layer = ExplainedRNN(UNITS, return_sequences=True, return_state=return_state)
    mask = np.array(MASKS["gaps"], bool)
    ours, theirs = (
        keras.tree.flatten(layer(sequences(), mask=one))[0] for one in (mask.tolist(), mask)
    )
    assert_same(ours, theirs, 0)
    assert_same(ours._keras_mask, mask, 0)  # for the layer above


def test_integer_and_boolean_inputs_are_taken_as_numbers():
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME)
    for x in (np.ones((BATCH, TIME, FEATURES), int), np.ones((BATCH, TIME, FEATURES), bool)):
        assert_same(explained(x), simple(x), 1e-6)


@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_an_empty_batch_gives_an_empty_output(execution):
    layer = ExplainedRNN(UNITS, execution=execution)
    assert layer(np.zeros((0, TIME, FEATURES), "float32")).shape == (0, UNITS)


def test_state_goes_on_from_call_to_call_until_it_is_reset():
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME, stateful=True)
    x = sequences()
    first = keras.ops.convert_to_numpy(explained(x))
    second = keras.ops.convert_to_numpy(explained(x))
    assert_same(explained.states[0], second, 0)
    assert np.max(abs(first - second)) > 1e-3
    simple(x)
    assert_same(second, simple(x), 1e-6)
    explained.reset_state()
    assert_same(explained.states[0], np.zeros((BATCH, UNITS)), 0)
    assert_same(explained(x), first, 0)
    explained.reset_states()
    assert_same(explained(x), first, 0)


def test_the_state_variable_is_no_weight():
    simple, explained = twins(UNITS, FEATURES, BATCH, TIME, stateful=True, dropout=0.1)
    for kind in ("weights", "non_trainable_weights", "variables", "non_trainable_variables"):
        assert len(getattr(explained, kind)) == len(getattr(simple, kind)), kind


@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_bfloat16"])
def test_the_state_is_a_variable_like_the_one_of_simple_rnn(dtype):
    simple, explained = twins(
        UNITS, FEATURES, BATCH, TIME, stateful=True, dtype=dtype, name=f"of_{dtype}"
    )
    for name in ("shape", "dtype", "trainable", "name", "path"):
        assert getattr(explained.states[0], name) == getattr(simple.states[0], name), name


def test_building_again_keeps_the_weights_and_resets_the_state():
    _, layer = twins(UNITS, FEATURES, BATCH, TIME, stateful=True)
    layer(sequences())
    before = layer.get_weights()
    layer.build((BATCH, TIME, FEATURES))
    assert len(layer.weights) == 3
    for ours, theirs in zip(layer.get_weights(), before, strict=True):
        assert_same(ours, theirs, 0)
    assert_same(layer.states[0], np.zeros((BATCH, UNITS)), 0)


SHAPES = [
    {"return_sequences": sequences_, "return_state": state}
    for sequences_ in (False, True)
    for state in (False, True)
]


@pytest.mark.parametrize("options", SHAPES)
def test_shapes_and_masks_are_told_as_simple_rnn_tells_them(options):
    simple, explained = keras.layers.SimpleRNN(UNITS, **options), ExplainedRNN(UNITS, **options)
    for shape in ((BATCH, TIME, FEATURES), (None, None, FEATURES)):
        assert explained.compute_output_shape(shape) == simple.compute_output_shape(shape)
    with pytest.raises(ValueError, match=rf"\({BATCH}, {UNITS}\), got \({BATCH + 1}, {UNITS}\)"):
        explained.compute_output_shape((BATCH, TIME, FEATURES), (BATCH + 1, UNITS))
    mask = keras.ops.ones((BATCH, TIME), "bool")
    for passed in (mask, [mask, None], None):
        ours, theirs = (layer.compute_mask(None, passed) for layer in (explained, simple))
        assert type(ours) is type(theirs)
        for one, other in zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True):
            assert one is other
    specs = [
        layer.compute_output_spec(keras.KerasTensor((None, None, FEATURES)))
        for layer in (explained, simple)
    ]
    for ours, theirs in zip(*map(keras.tree.flatten, specs), strict=True):
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert explained.state_size == simple.state_size


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "mixed_bfloat16"])
def test_the_state_before_the_first_time_step_is_simple_rnns(dtype):
    ours, theirs = (
        layer(UNITS, dtype=dtype).get_initial_state(2)
        for layer in (ExplainedRNN, keras.layers.SimpleRNN)
    )
    assert len(ours) == len(theirs) == 1
    assert ours[0].dtype == theirs[0].dtype
    assert_same(ours[0], theirs[0], 0)


def test_the_configuration_is_simple_rnns_and_what_it_drops():
    ours, theirs = ExplainedRNN(4).get_config(), keras.layers.SimpleRNN(4).get_config()
    assert ours.keys() - theirs.keys() == {"seed", "truncate_bptt", "execution"}
    assert theirs.keys() - ours.keys() == set()
    for key in theirs.keys() - {"name"}:
        assert ours[key] == theirs[key] or "initializer" in key, key


@pytest.mark.parametrize("pair", OF_THE_LAYER, ids=lambda pair: name_of([pair]))
def test_a_layer_is_made_again_from_its_configuration(pair):
    layer = ExplainedRNN(UNITS, seed=3, truncate_bptt=2, execution="plain", **dict([pair]))
    config = layer.get_config()
    again = ExplainedRNN.from_config(config)
    assert again.get_config() == config
    layer_built(layer), layer_built(again)
    again.set_weights(layer.get_weights())
    x = sequences(dtype=layer.compute_dtype)
    assert_same_behaviour(again, layer, x, training=True)


OF_A_WEIGHT = [
    ("initializer", keras.initializers.Constant(0.5)),
    ("regularizer", keras.regularizers.L2(0.25)),
    ("constraint", keras.constraints.MaxNorm(3)),
]


@pytest.mark.parametrize("part", ["kernel", "recurrent", "bias"])
@pytest.mark.parametrize(("kind", "given"), OF_A_WEIGHT, ids=[kind for kind, _ in OF_A_WEIGHT])
def test_what_is_given_for_a_weight_is_that_weights_alone_and_kept_in_the_configuration(
    part, kind, given
):
    layer = layer_built(ExplainedRNN(UNITS, **{f"{part}_{kind}": given}))
    weights = {"kernel": layer.kernel, "recurrent": layer.recurrent_kernel, "bias": layer.bias}
    for name, weight in weights.items():
        if kind == "initializer":
            assert np.all(keras.ops.convert_to_numpy(weight) == 0.5) == (name == part)
        else:
            assert getattr(weight, kind) is (given if name == part else None)
    again = ExplainedRNN.from_config(layer.get_config())
    for one in OF_A_WEIGHT:
        for name in weights:
            ours, theirs = (getattr(of, f"{name}_{one[0]}") for of in (again, layer))
            assert type(ours) is type(theirs)
            assert ours is None or ours.get_config() == theirs.get_config()


def test_the_activity_regularizer_is_kept_in_the_configuration():
    config = ExplainedRNN(UNITS, activity_regularizer=keras.regularizers.L1(0.25)).get_config()
    assert ExplainedRNN.from_config(config).activity_regularizer.l1 == 0.25


def test_a_layer_has_simple_rnns_defaults_and_is_ready_to_be_masked():
    ours, theirs = ExplainedRNN(UNITS), keras.layers.SimpleRNN(UNITS)
    for part, (kind, _) in itertools.product(("kernel", "recurrent", "bias"), OF_A_WEIGHT):
        one, other = (getattr(layer, f"{part}_{kind}") for layer in (ours, theirs))
        assert type(one) is type(other)
    assert ours.activation is theirs.activation
    assert ours.activity_regularizer is None
    assert ours.states is None
    assert ours.supports_masking


def test_a_layer_without_a_state_of_its_own_has_none_to_reset():
    layer = layer_built(ExplainedRNN(UNITS))
    before = layer.get_weights()
    layer.reset_state()
    layer.build((BATCH, TIME, FEATURES))
    for one, other in zip(layer.get_weights(), before, strict=True):
        assert_same(one, other, 0)


def test_a_simple_rnns_configuration_makes_an_explained_rnn():
    config = keras.layers.SimpleRNN(UNITS, activation="relu", go_backwards=True).get_config()
    layer = ExplainedRNN.from_config(config)
    assert (layer.units, layer.activation, layer.go_backwards) == (
        UNITS,
        keras.activations.relu,
        True,
    )


# Without a seed Keras draws from torch's own generator there.
UNSEEDED = pytest.param({"dropout": 0.5}, marks=pytest.mark.backend("tensorflow", "jax"))
SEEDED = [{"dropout": 0.5, "seed": 1}, {"recurrent_dropout": 0.5, "seed": 1}]


@pytest.mark.parametrize("rates", [UNSEEDED, *SEEDED])
@pytest.mark.parametrize("way", ["weights", "model"])
def test_what_is_loaded_goes_on_with_the_masks_of_what_was_saved(tmp_path, way, rates):
    def network():
        return keras.Sequential([keras.Input((TIME, FEATURES)), ExplainedRNN(4, **rates)])

    model, x = network(), sequences()
    first = model(x, training=True)
    if way == "weights":
        path = tmp_path / "model.weights.h5"
        model.save_weights(path)
        loaded = network()
        loaded.load_weights(path)
    else:
        path = tmp_path / "model.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
    second = model(x, training=True)
    assert_same(loaded(x, training=True), second, 0)
    assert not np.array_equal(*map(keras.ops.convert_to_numpy, (first, second)))


def test_weights_saved_without_a_random_state_leave_it(tmp_path):
    """As those of a layer without dropout, and of `SimpleRNN`."""
    stored = {}
    without = ExplainedRNN(4)
    without.build((None, TIME, FEATURES))
    without.save_own_variables(stored)
    assert len(stored) == len(without.weights)
    layer = ExplainedRNN(4, dropout=0.5, seed=7)
    layer.build((None, TIME, FEATURES))
    before = keras.ops.convert_to_numpy(layer.seed_generator.state)
    layer.load_own_variables(stored)
    assert_same(layer.kernel, without.kernel, 0)
    assert np.array_equal(keras.ops.convert_to_numpy(layer.seed_generator.state), before)


@pytest.mark.parametrize("name", sorted(SETTLED))
def test_what_a_layer_is_made_from_can_be_set_no_more(name):
    layer = ExplainedRNN(4, name="rnn")
    before = getattr(layer, name)
    with pytest.raises(AttributeError, match=f"`{name}` of layer 'rnn' can't be set once"):
        setattr(layer, name, 2)
    assert getattr(layer, name) is before
    if name != "truncate_bptt":
        with pytest.raises(AttributeError, match=f"'{name}' of 'SimpleRNN' object has no setter"):
            setattr(keras.layers.SimpleRNN(4), name, 2)


def test_a_layer_with_another_option_is_made_as_the_error_says():
    layer = ExplainedRNN(UNITS)
    layer.build((None, TIME, FEATURES))
    other = ExplainedRNN.from_config({**layer.get_config(), "activation": "relu"})
    other.build((None, TIME, FEATURES))
    other.set_weights(layer.get_weights())
    x = sequences(time=1)
    expected = np.maximum(x[:, 0] @ keras.ops.convert_to_numpy(layer.kernel), 0)
    assert_same(other(x), expected, 1e-6)
