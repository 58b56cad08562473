"""`unfold` finds the recurrent layers of a model and shows what they did in it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_rnn_explained import ExplainedRNN, unfold

X = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")


def stacked():
    return keras.Sequential(
        [
            keras.Input((5, 2)),
            ExplainedRNN(4, return_sequences=True, name="first"),
            layers.BatchNormalization(),
            ExplainedRNN(3, name="second"),
            layers.Dense(1),
        ]
    )


def tap(model, *names):
    """What layers of a functional model give, by Keras alone."""
    return keras.Model(model.inputs, [model.get_layer(name).output for name in names])


def test_several_layers_at_once_are_shown_by_path():
    model = stacked()
    unfoldings = unfold(model, X, ["first", "second"])
    first, second = tap(model, "first", "second")(X)
    assert list(unfoldings) == ["first", "second"]
    np.testing.assert_array_equal(unfoldings["first"].state, first)
    np.testing.assert_array_equal(unfoldings["second"].state[:, -1], second)


@pytest.mark.parametrize("which", ["second", "layer"])
def test_a_layer_is_chosen_by_name_or_by_itself(which):
    model = stacked()
    unfolding = unfold(model, X, which if which == "second" else model.get_layer("second"))
    assert unfolding.layer == "second"
    assert unfolding.units == 3


def test_which_of_several_is_asked_for_with_their_names():
    with pytest.raises(ValueError, match=r"2 recurrent layers.*'first', 'second'"):
        unfold(stacked(), X)


def test_a_layer_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"'third' is no recurrent layer.*'first', 'second'"):
        unfold(stacked(), X, "third")


def test_a_model_without_a_recurrent_layer_is_refused_with_what_it_has():
    model = keras.Sequential([keras.Input((5, 2)), layers.LSTM(3), layers.Dense(1)], name="m")
    with pytest.raises(ValueError, match=r"no ExplainedRNN or SimpleRNN in 'm', which has .*LSTM"):
        unfold(model, X)


def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="not built"):
        unfold(keras.Sequential([ExplainedRNN(3)]), X)


def test_both_directions_are_layers_of_their_own():
    wrapper = layers.Bidirectional(ExplainedRNN(4, return_sequences=True, name="rnn"), name="both")
    model = keras.Sequential([keras.Input((5, 2)), wrapper])
    out = model(X)
    unfoldings = unfold(model, X, ["forward_rnn", "both/backward_rnn"])
    assert list(unfoldings) == ["both/forward_rnn", "both/backward_rnn"]
    forward, backward = unfoldings.values()
    assert backward.go_backwards
    states = [forward.state, backward.state[:, ::-1]]
    np.testing.assert_array_equal(np.concatenate(states, -1), out)
    np.testing.assert_array_equal(unfold(wrapper, X, "forward_rnn").state, forward.state)


def test_nested_models_are_looked_into():
    inner = keras.Sequential([keras.Input((5, 2)), ExplainedRNN(4, name="rnn")], name="encoder")
    inputs = keras.Input((5, 2))
    model = keras.Model(inputs, layers.Dense(2)(inner(inputs)))
    unfolding = unfold(model, X)
    assert unfolding.layer == "encoder/rnn"
    np.testing.assert_array_equal(unfolding.state[:, -1], inner(X))


def test_a_layer_called_several_times_shows_the_call_that_is_asked_for():
    shared = ExplainedRNN(4, name="shared")
    one, other = keras.Input((5, 2)), keras.Input((5, 2))
    model = keras.Model([one, other], [shared(one), shared(other)])
    with pytest.raises(ValueError, match=r"called 2 times.*`call` may be 0 to 1"):
        unfold(model, [X, 2 * X])
    # In the order in which the model makes the calls, which is Keras's own.
    inputs = [unfold(model, [X, 2 * X], call=call).x for call in (0, 1)]
    np.testing.assert_array_equal(sorted(inputs, key=np.std), [X, 2 * X])
    with pytest.raises(ValueError, match="`call` must be 0 to 1"):
        unfold(model, [X, 2 * X], call=2)


def test_inside_time_distributed_each_outer_time_step_is_a_call():
    model = keras.Sequential(
        [keras.Input((2, 5, 2)), layers.TimeDistributed(ExplainedRNN(4, name="rnn"), name="each")]
    )
    x = np.stack([X, 3 * X], 1)
    unfolding = unfold(model, x, call=1)
    assert unfolding.layer == "each/rnn"
    np.testing.assert_array_equal(unfolding.state[:, -1], np.array(model(x))[:, 1])


def test_a_subclassed_model_is_looked_into():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = ExplainedRNN(4, name="rnn")
            self.head = layers.Dense(1)

        def call(self, x):
            return self.head(self.rnn(x * 2))

    model = Mine()
    model(X)
    np.testing.assert_array_equal(unfold(model, X).x, 2 * X)


def test_a_layer_inside_a_graph_shows_no_numbers_and_that_is_said():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = ExplainedRNN(4, name="rnn")

        @tf.function
        def call(self, x):
            return self.rnn(x)

    model = Mine()
    model.build(X.shape)
    model(X)
    with pytest.raises(ValueError, match=r"inside a `tf.function`"):
        unfold(model, 2 * X[:2])


def test_a_layer_that_the_model_does_not_call_is_named():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = ExplainedRNN(4, name="idle")

        def call(self, x):
            return x

    model = Mine()
    model(X)
    with pytest.raises(ValueError, match="did not call its layer 'idle'"):
        unfold(model, X)


@pytest.mark.parametrize("argument", ["initial_state", "mask"])
def test_what_a_model_makes_itself_can_not_be_given(argument):
    with pytest.raises(ValueError, match=f"`{argument}` can be given for a layer alone"):
        unfold(stacked(), X, "first", **{argument: np.zeros((3, 4))})


def test_masks_of_the_model_are_those_of_the_run():
    model = keras.Sequential(
        [keras.Input((4,)), layers.Embedding(9, 2, mask_zero=True), ExplainedRNN(3)]
    )
    tokens = np.array([[1, 2, 0, 0], [3, 4, 5, 6]])
    unfolding = unfold(model, tokens)
    np.testing.assert_array_equal(unfolding.mask, tokens != 0)
    np.testing.assert_array_equal(unfolding.state[:, -1], model(tokens))


@pytest.mark.parametrize("training", [False, True])
def test_looking_changes_nothing(training):
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(3, 5, 2)),
            layers.BatchNormalization(),
            ExplainedRNN(4, dropout=0.5, recurrent_dropout=0.5, seed=1, stateful=True, name="rnn"),
            layers.Dropout(0.5, seed=2),
        ]
    )
    model(X, training=True)
    rnn = model.get_layer("rnn")
    seeds = [layer.seed_generator.state for layer in (rnn, model.layers[-1])]
    variables = [*model.variables, *rnn.states, *seeds]
    before = [variable.numpy() for variable in variables]
    unfold(model, X, training=training)
    for variable, was in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable, was, err_msg=variable.path)


@pytest.mark.parametrize(
    ("x", "hint"),
    [
        (tf.data.Dataset.from_tensors(X), "next\\(iter\\(dataset\\)\\)"),
        (None, "None"),
        ("data.npz", "'data.npz'"),
    ],
    ids=["dataset", "none", "path"],
)
def test_an_input_that_is_no_array_of_numbers_is_refused(x, hint):
    with pytest.raises(TypeError, match=f"`x` must be an array of numbers.*{hint}"):
        unfold(stacked(), x, "first")


def test_nested_lists_of_numbers_are_an_array():
    state = unfold(stacked_once(), X.tolist(), "first").state
    assert state.shape == (3, 5, 4)


def stacked_once():
    return keras.Sequential([keras.Input((5, 2)), ExplainedRNN(4, name="first")])


@pytest.mark.parametrize("call", ["first", 0.5])
def test_a_call_that_is_no_number_is_refused(call):
    with pytest.raises(TypeError, match="`call` must be an integer"):
        unfold(stacked(), X, "first", call=call)


def test_a_list_of_no_layers_is_refused():
    with pytest.raises(ValueError, match="`layer` is an empty list"):
        unfold(stacked(), X, [])
