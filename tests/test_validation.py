"""Bad input: each message names the argument, what came and what was expected."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_explained import ExplainedRNN, backpropagate, diagnose, unfold

X = np.ones((2, 3, 4), "float32")


def state(*shape):
    return np.ones(shape, "float32")


def mask(*shape):
    return np.ones(shape, bool)


CONSTRUCTOR = [
    ({"units": 0}, ValueError, "`units` must be a positive integer, got 0"),
    ({"units": -3}, ValueError, "`units` must be a positive integer, got -3"),
    ({"units": 2.5}, ValueError, "`units` must be a positive integer, got 2.5"),
    ({"units": "8"}, TypeError, "`units` must be a positive integer, got '8'"),
    ({"units": None}, TypeError, "`units` must be a positive integer, got None"),
    ({"truncate_bptt": 0}, ValueError, "`truncate_bptt` must be a positive integer, got 0"),
    ({"truncate_bptt": -1}, ValueError, "`truncate_bptt` must be a positive integer, got -1"),
    ({"truncate_bptt": 1.5}, ValueError, "`truncate_bptt` must be a positive integer, got 1.5"),
    ({"truncate_bptt": "all"}, TypeError, "`truncate_bptt` must be a positive integer, got 'all'"),
    ({"execution": "fast"}, ValueError, "one of 'auto', 'compiled', 'plain', got 'fast'"),
    ({"activation": "tahn"}, ValueError, "activation.*tahn"),
    ({"kernel_initializer": "orthgonal"}, ValueError, "initializer.*orthgonal"),
    ({"recurrent_regularizer": "l3"}, ValueError, "regularizer.*l3"),
    ({"bias_constraint": "nonneg"}, ValueError, "constraint.*nonneg"),
    ({"dropout": "0.2"}, TypeError, "`dropout` must be a number from 0 to 1, got '0.2'"),
    ({"recurrent_dropout": None}, TypeError, "`recurrent_dropout` must be a number .* got None"),
    ({"dtype": "int32"}, ValueError, "`dtype` must be a floating one, as 'float32', got 'int32'"),
    ({"seed": "one"}, ValueError, "seed.*one"),
    ({"unit": 3}, ValueError, "Unrecognized keyword arguments.*'unit': 3"),
]


@pytest.mark.parametrize(("options", "error", "message"), CONSTRUCTOR, ids=lambda v: str(v)[:40])
def test_a_wrong_option_is_named_with_what_came(options, error, message):
    with pytest.raises(error, match=message):
        ExplainedRNN(**{"units": 4} | options)


@pytest.mark.parametrize("units", [np.int64(3), True, 3])
def test_any_kind_of_integer_is_a_number_of_units(units):
    layer = ExplainedRNN(units)
    assert type(layer.units) is int
    assert layer(X).shape == (2, int(units))


CALLS = [
    (
        {},
        (X[0],),
        {},
        ValueError,
        r"\(batch, time, features\), got \(3, 4\), .* 2 dimensions",
    ),
    ({}, (X[None],), {}, ValueError, r"got \(1, 2, 3, 4\), which has 4 dimensions"),
    ({}, (X[:, :0],), {}, ValueError, r"\(2, 0, 4\), which has no time step"),
    (
        {},
        (X,),
        {"initial_state": state(2, 5)},
        ValueError,
        r"`initial_state` must have shape \(batch, units\), here \(2, 4\), got \(2, 5\)",
    ),
    ({}, (X,), {"initial_state": state(3, 4)}, ValueError, r"here \(2, 4\), got \(3, 4\)"),
    ({}, (X,), {"initial_state": state(2, 1, 4)}, ValueError, r"got \(2, 1, 4\)"),
    ({}, (X,), {"initial_state": state(5)}, ValueError, r"got \(5,\)"),
    ({}, (X,), {"initial_state": state()}, ValueError, r"got \(\)"),
    (
        {},
        (X,),
        {"initial_state": [state(2, 4), state(2, 4)]},
        ValueError,
        "`initial_state` must be one state.*got 2",
    ),
    ({}, (X,), {"initial_state": []}, ValueError, "`initial_state` must be one state.*got 0"),
    (
        {},
        (X,),
        {"mask": mask(2, 5)},
        ValueError,
        r"`mask` must have shape \(batch, time\), here \(2, 3\).*got \(2, 5\)",
    ),
    ({}, (X,), {"mask": mask(2, 2)}, ValueError, r"got \(2, 2\)"),
    ({}, (X,), {"mask": mask(3, 3)}, ValueError, r"got \(3, 3\)"),
    ({}, (X,), {"mask": mask(3)}, ValueError, r"got \(3,\)"),
    ({}, (X,), {"mask": mask(2, 3, 4, 1)}, ValueError, r"got \(2, 3, 4, 1\)"),
    ({}, (X,), {"mask": mask(2, 3, 2)}, ValueError, r"got \(2, 3, 2\)"),
    ({}, (keras.Input((5, None)),), {}, ValueError, r"number of features is not known"),
    ({}, (keras.Input((0, 4)),), {}, ValueError, r"has no time step"),
    ({}, (keras.Input((4,)),), {}, ValueError, r"which has 2 dimensions.*`return_sequences=True`"),
    (
        {},
        (keras.Input((3, 4)),),
        {"initial_state": keras.Input((7,))},
        ValueError,
        r"`initial_state`.*got \(None, 7\)",
    ),
    (
        {},
        (keras.Input((3, 4)),),
        {"initial_state": [keras.Input((4,)), keras.Input((4,))]},
        ValueError,
        "`initial_state` must be one state.*got 2",
    ),
    (
        {"stateful": True},
        (keras.Input((3, 4)),),
        {},
        ValueError,
        r"`stateful=True` the batch size must be known.*batch_shape=",
    ),
]


@pytest.mark.parametrize(("options", "args", "keywords", "error", "message"), CALLS)
def test_a_wrong_call_is_explained_and_leaves_the_layer_unbuilt_or_usable(
    options, args, keywords, error, message
):
    layer = ExplainedRNN(4, **options)
    with pytest.raises(error, match=f"(?s){message}"):
        layer(*args, **keywords)
    if not layer.built:
        assert layer.weights == []
    if not options:
        assert layer(X).shape == (2, 4)


def test_another_number_of_features_is_refused_and_the_weights_stay():
    layer = ExplainedRNN(4)
    layer(X)
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"got \(2, 3, 5\), .* built for 4 features"):
        layer(np.ones((2, 3, 5), "float32"))
    for ours, theirs in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_another_batch_size_is_refused_by_a_stateful_layer_whose_state_stays():
    layer = ExplainedRNN(4, stateful=True)
    layer(X)
    before = keras.ops.convert_to_numpy(layer.states[0])
    with pytest.raises(ValueError, match=r"batch size of the first, 2, got 5"):
        layer(np.ones((5, 3, 4), "float32"))
    np.testing.assert_array_equal(layer.states[0], before)


def test_a_stateful_layer_explains_another_batch_size_in_a_graph_too():
    layer = ExplainedRNN(4, stateful=True)
    layer(X)
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, 3, 4))])
    assert call(X).shape == (2, 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="batch size of the first, 2"):
        call(np.ones((5, 3, 4), "float32"))


def test_an_unknown_backend_is_refused_when_the_layer_is_made(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "openvino")
    with pytest.raises(RuntimeError, match=r"'tensorflow', 'jax', 'torch', but.* on 'openvino'"):
        ExplainedRNN(4)


def test_unrolling_needs_a_known_number_of_time_steps():
    layer = ExplainedRNN(4, unroll=True)
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 4))])
    with pytest.raises(ValueError, match=r"`unroll=True` needs a known number of time steps"):
        call(X)


def test_a_failed_call_moves_no_dropout_seed():
    layer = ExplainedRNN(4, dropout=0.5)
    layer(X)
    before = keras.ops.convert_to_numpy(layer.seed_generator.state)
    with pytest.raises(ValueError, match="`mask`"):
        layer(X, mask=mask(2, 7), training=True)
    np.testing.assert_array_equal(layer.seed_generator.state, before)


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("name", ["sequences", "initial_state", "mask"])
def test_a_tensor_of_another_backend_is_refused_wherever_it_stands(name, by_name):
    foreign = pytest.importorskip("torch").ones(1)
    given = {"sequences": X, "initial_state": state(2, 4), "mask": mask(2, 3), name: foreign}
    args, keywords = ((), given) if by_name else (given.values(), {})
    with pytest.raises(TypeError, match=f"`{name}` is a tensor of torch"):
        ExplainedRNN(4)(*args, **keywords)


@pytest.mark.parametrize("name", ["initial_state", "mask"])
def test_words_are_no_numbers_wherever_they_stand(name):
    given = {"initial_state": state(2, 4), "mask": mask(2, 3), name: np.full((2, 3), "a")}
    for args, keywords in (((), given), (given.values(), {})):
        with pytest.raises(TypeError, match=f"`{name}` must hold numbers"):
            ExplainedRNN(4)(X, *args, **keywords)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda: None, "got None"),
        (lambda: X.tolist(), "got a list"),
        (lambda: X.astype(complex), "got one of dtype complex128"),
        (lambda: X.astype(str), "got one of dtype str"),
        (lambda: tf.ragged.constant([[[1.0]], [[1.0]] * 2]), "got a RaggedTensor. Make it dense"),
        (lambda: tf.sparse.from_dense(X), "got a SparseTensor. Make it dense"),
    ],
)
def test_sequences_are_one_dense_array_of_numbers_wherever_they_stand(given, message):
    layer = ExplainedRNN(4)
    for args, keywords in (((given(),), {}), ((), {"sequences": given()})):
        with pytest.raises(TypeError, match=f"`sequences` must be an .*{message}"):
            layer(*args, **keywords)
    assert not layer.built
    with pytest.raises(TypeError, match="sequences"):
        layer()


def test_the_wrong_shape_of_sequences_is_that_of_a_layer_with_a_name():
    with pytest.raises(ValueError, match="Layer 'first' takes `sequences` of shape"):
        ExplainedRNN(4, name="first").build((None, 5))


def test_the_wrong_shape_of_a_build_is_explained():
    layer = ExplainedRNN(4)
    with pytest.raises(ValueError, match=r"\(batch, time, features\), got \(None, 5\).*2 dim"):
        layer.build((None, 5))
    assert layer.weights == []


def test_sequences_of_different_lengths_are_to_be_padded_and_then_are_taken():
    model = keras.Sequential([keras.Input((None, 3)), ExplainedRNN(2)])
    model.compile("sgd", "mse")
    sequences, y = [[[1, 2, 3]] * 6, [[1, 2, 3]] * 4], np.ones((2, 2))
    message = "`x` must be one array, got a list with parts of different lengths. Pad"
    for look in (
        unfold,
        lambda *given: diagnose(*given, y),
        lambda *given: backpropagate(*given, y),
    ):
        with pytest.raises(ValueError, match=message):
            look(model, sequences)
    with pytest.raises(ValueError, match=message.replace("`x`", "`y`")):
        backpropagate(model, np.ones((2, 6, 3)), [[1], [1, 2]])
    padded = keras.utils.pad_sequences(sequences, padding="post", dtype="float32")
    assert unfold(model, padded).state.shape == (2, 6, 2)
