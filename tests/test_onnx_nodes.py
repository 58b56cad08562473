"""What Keras or ONNX can't do is refused by name, with what to do; damaged files are, too."""

import sys

import keras
import numpy as np
import pytest
from keras import layers

from keras_rnn_explained import ExplainedRNN, from_onnx, to_onnx
from tests.test_onnx_weights import DIRECTIONS, UNITS, in_runtime, model_of_node, onnx


def changed(change, **options):
    """A model of one node, after `change` of its graph and the node."""
    model = model_of_node(**options)
    change(model.graph, model.graph.node[0])
    return model


def with_weights(name, array):
    def change(graph, node):
        (old,) = (one for one in graph.initializer if one.name == name)
        old.CopyFrom(onnx.numpy_helper.from_array(array, name))

    return changed(change)


def computed_weights(graph, node):
    graph.node.insert(0, onnx.helper.make_node("Neg", ["W"], ["minus_w"]))
    node.input[1] = "minus_w"


def renamed(kind):
    def change(graph, node):
        node.op_type = kind

    return changed(change)


def twice(graph, node):
    graph.node.append(node)
    graph.node[1].name = ""
    graph.node[1].output[:] = ["second", ""]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: model_of_node(clip=3.0), r"'the_rnn' has clip=3.0.*Export it without"),
        (lambda: model_of_node(lengths=True), r"`sequence_lens`.*`lengths_as_mask=True`"),
        (lambda: model_of_node(state=True), r"`initial_h`.*`initial_state=True`"),
        (lambda: model_of_node(mode="fast"), "the attribute 'mode'"),
        (lambda: model_of_node(activations=["ThresholdedRelu"]), "ThresholdedRelu with alpha=1,"),
        (
            lambda: model_of_node(activations=["ScaledTanh"], activation_alpha=[2.0]),
            "ScaledTanh with alpha=2, beta=1, which Keras has not. It has Tanh",
        ),
        (lambda: model_of_node(activations=["HardSigmoid"]), "alpha=0.2, beta=0.5"),
        (lambda: model_of_node(activations=["Gelu"]), "the activation Gelu, which"),
        (lambda: model_of_node(activations=["Tanh"] * 2), "2 activations, expected 1"),
        (lambda: model_of_node(dtype="float16"), "float32 or float64, got float16"),
        (lambda: with_weights("R", np.zeros((1, 4, 4))), "got float32, float64"),
        (lambda: with_weights("W", np.zeros((1, 5, 3), "f")), r"expected \(1, 4, 3\)"),
        (lambda: with_weights("W", np.zeros((), "f")), r"W of shape \(\)"),
        (lambda: with_weights("B", np.zeros((2, 8), "f")), r"expected \(1, 8\), for 1 dir"),
        (lambda: changed(computed_weights), "weights W that are no constant but 'minus_w'"),
        (lambda: changed(lambda _, node: node.input.__delitem__(slice(2, None))), "lacks 'R'"),
        (lambda: renamed("LSTM"), r"type LSTM, which has gates: `keras.layers.LSTM`"),
        (lambda: renamed("GRU"), "`keras.layers.GRU`"),
        (lambda: renamed("Loop"), "no RNN node, but nodes of types 'Loop'"),
        (lambda: changed(twice), "has 2 RNN nodes: 'the_rnn', 'second'. Say which"),
    ],
)
def test_what_keras_can_not_do_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        from_onnx(make())


def test_a_direction_that_is_none_is_refused():
    def change(graph, node):
        next(one for one in node.attribute if one.name == "direction").s = b"sideways"

    with pytest.raises(ValueError, match="'sideways', expected one of 'forward', 'reverse'"):
        from_onnx(changed(change))


def test_one_of_several_nodes_is_taken_by_its_name_or_that_of_its_output():
    model = changed(twice)
    for name in ("the_rnn", "second"):
        assert tuple(from_onnx(model, node=name).get_layer("rnn").kernel.shape) == (3, UNITS)
    with pytest.raises(ValueError, match=r"got 'third'\. There is 'the_rnn', 'second'"):
        from_onnx(model, node="third")


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_an_initial_state_known_to_be_0_is_left_out(direction):
    def change(graph, node):
        zeros = np.zeros((DIRECTIONS[direction], 3, UNITS), "float32")
        graph.initializer.append(onnx.numpy_helper.from_array(zeros, "zeros"))
        node.input[5] = "zeros"
        del graph.input[1]

    model = changed(change, direction=direction, state=True)
    x = np.ones((3, 5, 3), "float32")
    y = in_runtime(model, X=x.swapaxes(0, 1))["Y"]
    np.testing.assert_allclose(
        from_onnx(model)(x), np.moveaxis(y, 2, 0).reshape(3, 5, -1), atol=1e-5
    )


@pytest.mark.parametrize(("value", "is_zero"), [(None, True), (0.0, True), (0.5, False)])
def test_a_filled_initial_state_counts_as_what_it_is_filled_with(value, is_zero):
    def change(graph, node):
        filling = {}
        if value is not None:
            array = np.array([value], "float32")
            filling["value"] = onnx.numpy_helper.from_array(array)
        fill = onnx.helper.make_node("ConstantOfShape", ["shape"], ["filled"], **filling)
        graph.node.insert(0, fill)
        node.input[5] = "filled"

    model = changed(change, state=True)
    if is_zero:
        from_onnx(model)
    else:
        with pytest.raises(ValueError, match="that may not be 0"):
            from_onnx(model)


def test_weights_in_constant_nodes_are_found_and_activations_whatever_their_case():
    def change(graph, node):
        for array in graph.initializer:
            constant = onnx.helper.make_node("Constant", [], [array.name], value=array)
            graph.node.insert(0, constant)
        del graph.initializer[:]

    model = changed(change, activations=["relu"])
    expected = from_onnx(model_of_node(activations=["Relu"])).get_weights()
    actual = from_onnx(model)
    assert actual.get_layer("rnn").activation is keras.activations.relu
    for ours, theirs in zip(actual.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "model.onnx"
    whole = model_of_node().SerializeToString()
    for content in (b"", b"no model", whole[: len(whole) // 2], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"model.onnx' is no ONNX model, or a damaged one"):
            from_onnx(path)
    with pytest.raises(FileNotFoundError):
        from_onnx(tmp_path / "nothing.onnx")
    model = model_of_node()
    model.graph.initializer[0].dims[0] += 1
    with pytest.raises(ValueError, match=r"is damaged: .* Export it again"):
        from_onnx(model)
    with pytest.raises(TypeError, match=r"got a NodeProto\. Of a node, give the model"):
        from_onnx(model_of_node().graph.node[0])


def test_without_onnx_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    for call in (lambda: from_onnx("model.onnx"), lambda: to_onnx(built(ExplainedRNN(4)))):
        with pytest.raises(ImportError, match=r"pip install 'keras_rnn_explained\[onnx\]'"):
            call()


# To ONNX

SEQUENCES = {"return_sequences": True}


def built(*above):
    return keras.Sequential([keras.Input((None, 3)), *above]).layers


class Subclass(ExplainedRNN):
    pass


def both(layer, **options):
    return layers.Bidirectional(layer, **options)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: built(layers.LSTM(4)), "counterpart is the node LSTM of ONNX"),
        (lambda: built(Subclass(4)), "is a Subclass, a subclass"),
        (lambda: built(ExplainedRNN(4), layers.Dense(1)), r"is a Dense.*`model.layers\[:2\]`"),
        (lambda: [ExplainedRNN(4)], "has no weights yet"),
        (lambda: built(both(ExplainedRNN(4), merge_mode="sum")), "merge_mode='sum'"),
        (
            lambda: built(
                both(ExplainedRNN(4, go_backwards=True), backward_layer=ExplainedRNN(4))
            ),
            "wrong one of two directions",
        ),
        (
            lambda: built(
                both(ExplainedRNN(4), backward_layer=ExplainedRNN(5, go_backwards=True))
            ),
            "another number of units",
        ),
        (lambda: built(ExplainedRNN(4, activation="gelu")), "gelu, which.*It has elu, hard_sig"),
        (lambda: built(ExplainedRNN(4, activation=layers.ReLU(6.0))), "the activation ReLU"),
        (lambda: built(ExplainedRNN(4, dtype="mixed_float16")), "policy 'mixed_float16'"),
        (lambda: [*built(ExplainedRNN(4)), *built(ExplainedRNN(4))], "is not the last one"),
        (
            lambda: [*built(ExplainedRNN(4, **SEQUENCES)), *built(ExplainedRNN(4))],
            "takes 3 features, but below it there are 4",
        ),
        (
            lambda: [
                *built(ExplainedRNN(3, **SEQUENCES)), *built(ExplainedRNN(4, dtype="float64"))
            ],
            "has dtype 'float64', but below it is 'float32'",
        ),
        (lambda: built(layers.Dropout(0.5)), "no recurrent layer"),
    ],
)  # fmt: skip
def test_what_onnx_can_not_do_is_refused_and_nothing_is_written(make, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        to_onnx(make(), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_stateful_is_refused():
    layer = ExplainedRNN(4, stateful=True)
    layer.build((2, None, 3))
    with pytest.raises(ValueError, match="stateful=True"):
        to_onnx(layer)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"go_backwards": True}, "go_backwards=True.*Leave `lengths` out"),
        ({"return_sequences": True}, "Make it anew with `zero_output_for_mask=True`"),
        ({"zero_output_for_mask": True}, "Make it anew with `zero_output_for_mask=False`"),
    ],
)
def test_lengths_are_refused_where_a_mask_does_something_else(options, message):
    chain = built(ExplainedRNN(4, **options))
    with pytest.raises(ValueError, match=message):
        to_onnx(chain, lengths=True)
    to_onnx(chain)


def test_what_is_no_layer_is_a_type_error():
    with pytest.raises(TypeError, match="`model` must be a recurrent layer"):
        to_onnx("model.keras")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match="is a Dense"):
        to_onnx(built(layers.Dense(1)), path)
    assert path.read_bytes() == b"before"
    to_onnx(built(ExplainedRNN(4)), path)
    assert from_onnx(path).count_params() == 3 * 4 + 4 * 4 + 4
    with pytest.raises(FileNotFoundError, match="a folder that exists"):
        to_onnx(built(ExplainedRNN(4)), tmp_path / "no" / "model.onnx")
