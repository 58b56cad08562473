"""Recurrent layers are found wherever Keras keeps them, and named by one path each."""

import keras
import pytest
from keras import layers

from keras_rnn_explained import ExplainedRNN, recurrent_layers
from keras_rnn_explained.finding import chosen_layers, descendants

BOTH = [layers.SimpleRNN, ExplainedRNN]


def stack(*inside, name="model"):
    return keras.Sequential([keras.Input((6, 3)), *inside], name=name)


def sequences(rnn, name):
    return rnn(2, return_sequences=True, name=name)


def nested(rnn):
    inner = stack(layers.Bidirectional(sequences(rnn, "rnn"), name="both"), name="inner")
    return stack(inner, layers.Dense(2), rnn(2, name="top"))


class Holder(layers.Layer):
    def __init__(self, rnn):
        super().__init__(name="holder")
        self.blocks = [sequences(rnn, "first"), {"second": sequences(rnn, "second")}]


def shared(rnn):
    x, layer = keras.Input((6, 3)), sequences(rnn, "rnn")
    one = keras.Model(x, layer(x), name="one")
    return keras.Model(x, one(x) + layer(x), name="model")


@pytest.mark.parametrize("rnn", BOTH)
@pytest.mark.parametrize(
    ("make", "paths"),
    [
        (lambda rnn: rnn(2, name="alone"), ["alone"]),
        (lambda rnn: stack(rnn(2, name="rnn")), ["rnn"]),
        (nested, ["inner/both/forward_rnn", "inner/both/backward_rnn", "top"]),
        (lambda rnn: layers.TimeDistributed(rnn(2, name="rnn")), ["rnn"]),
        (Holder, ["first", "second"]),
        (lambda rnn: stack(layers.Dense(2)), []),
        (lambda rnn: layers.LSTM(2), []),
    ],
)
def test_recurrent_layers_are_found_by_path_outer_ones_first(make, paths, rnn):
    found = recurrent_layers(make(rnn))
    assert list(found) == paths
    assert {type(layer) for layer in found.values()} <= {rnn}
    assert [path.rpartition("/")[2] for path in found] == [one.name for one in found.values()]


@pytest.mark.parametrize("rnn", BOTH)
def test_a_shared_layer_is_found_once(rnn):
    model = shared(rnn)
    (layer,) = recurrent_layers(model).values()
    assert layer is model.get_layer("rnn")


def test_layers_of_the_same_name_in_one_place_are_all_found():
    class Twins(layers.Layer):
        def __init__(self):
            super().__init__(name="twins")
            self.one, self.two = ExplainedRNN(2, name="rnn"), ExplainedRNN(2, name="rnn")

    twins = Twins()
    found = recurrent_layers(twins)
    assert list(found.values()) == [twins.one, twins.two]


def test_a_layer_that_holds_the_layer_around_it_leads_to_no_endless_search():
    outer = layers.Layer()
    outer.inner = Holder(ExplainedRNN)
    outer.inner.around = outer
    assert list(recurrent_layers(outer)) == ["holder/first", "holder/second"]


def test_descendants_are_all_layers_with_their_paths():
    wrapper = layers.Bidirectional(sequences(ExplainedRNN, "rnn"), name="both")
    outer = keras.Sequential([keras.Sequential([wrapper], name="inner"), layers.LSTM(2, name="a")])
    assert [path for path, _ in descendants(outer)] == [
        "inner",
        "inner/both",
        "inner/both/forward_rnn",
        "inner/both/backward_rnn",
        "a",
        "a/lstm_cell",
    ]
    assert [path for path, _ in descendants(wrapper, "from")][:1] == ["from/forward_rnn"]


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ("top", ["top"]),
        ("inner/both/forward_rnn", ["inner/both/forward_rnn"]),
        ("forward_rnn", ["inner/both/forward_rnn"]),
        ("both/backward_rnn", ["inner/both/backward_rnn"]),
        (["top", "forward_rnn"], ["top", "inner/both/forward_rnn"]),
        (("top",), ["top"]),
    ],
)
def test_a_layer_is_chosen_by_name_or_by_the_end_of_its_path(wanted, paths):
    model = nested(ExplainedRNN)
    assert list(chosen_layers(model, wanted)) == paths
    found = recurrent_layers(model)
    objects = [found[path] for path in paths]
    assert list(chosen_layers(model, objects)) == paths


def test_the_whole_path_goes_before_the_end_of_another():
    inner = stack(sequences(ExplainedRNN, "rnn"), name="inner")
    model = stack(inner, ExplainedRNN(2, name="rnn"))
    assert chosen_layers(model, "rnn") == {"rnn": model.layers[-1]}


def test_the_only_layer_need_not_be_named():
    model = stack(ExplainedRNN(2, name="rnn"))
    assert chosen_layers(model) == {"rnn": model.layers[0]}


@pytest.mark.parametrize(
    ("make", "wanted", "message"),
    [
        (lambda: stack(layers.LSTM(2)), None, "no ExplainedRNN or SimpleRNN in 'model'.* LSTM"),
        (lambda: layers.Dense(2, name="own"), None, "in 'own', which has no layer"),
        (lambda: nested(ExplainedRNN), None, "'model' has 3 recurrent layers.*'top'"),
        (
            lambda: nested(ExplainedRNN),
            "dense",
            "'dense' is no recurrent layer of.*'top'",
        ),
        (lambda: nested(ExplainedRNN), "rnn", "'rnn' is no recurrent layer"),
        (lambda: nested(ExplainedRNN), ExplainedRNN(2, name="x"), "'x' is no recurrent layer"),
        (lambda: nested(ExplainedRNN), 3, "`layer` 3 is no recurrent layer"),
        (lambda: nested(ExplainedRNN), [], "`layer` is an empty list. .*'top'"),
        (
            lambda: keras.Sequential(
                [keras.Sequential([ExplainedRNN(2, name="rnn")], name=name) for name in "ab"],
                name="model",
            ),
            "rnn",
            "'rnn' fits several recurrent layers of 'model'; it may be 'a/rnn', 'b/rnn'",
        ),
    ],
)
def test_what_fits_no_layer_or_several_is_an_error_that_lists_them(make, wanted, message):
    with pytest.raises(ValueError, match=message):
        chosen_layers(make(), wanted)


@pytest.mark.parametrize("find", [recurrent_layers, chosen_layers])
def test_only_models_and_layers_can_be_searched(find):
    with pytest.raises(TypeError, match="must be a Keras model or layer, got a list"):
        find([ExplainedRNN(2)])
