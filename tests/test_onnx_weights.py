"""`from_onnx` and `to_onnx` beside ONNX Runtime: outputs and last states."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from keras_rnn_explained import ExplainedRNN, from_onnx, to_onnx
from keras_rnn_explained.onnx_nodes import DIRECTIONS
from tests.comparison import assert_same

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
reference = pytest.importorskip("onnx.reference")

BATCH, TIME, FEATURES, UNITS = 3, 5, 3, 4
X = np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype("float32")
LENGTHS = np.array([5, 2, 3], "int32")
MASK = np.arange(TIME) < LENGTHS[:, None]
SEQUENCES = {"return_sequences": True}

# Names with alpha and beta, as a node has them.
ACTIVATIONS = {
    "Tanh": ([], []),
    "Relu": ([], []),
    "Sigmoid": ([], []),
    "Softsign": ([], []),
    "Softplus": ([], []),
    "Affine": ([1.0], [0.0]),
    "ScaledTanh": ([1.0], [1.0]),
    "HardSigmoid": ([1 / 6], [0.5]),
    "Elu": ([0.5], []),
    "LeakyRelu": ([0.3], []),
}


def model_of_node(
    direction="forward", bias=True, layout=0, state=False, lengths=False, dtype="float32",
    **attributes,
):  # fmt: skip
    """An ONNX model of one RNN node with random weights."""
    rng = np.random.default_rng(1)
    count = DIRECTIONS[direction]
    arrays = {
        "W": rng.normal(size=(count, UNITS, FEATURES)),
        "R": rng.normal(size=(count, UNITS, UNITS)) / 2,
        "B": rng.normal(size=(count, 2 * UNITS)),
    }
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    shapes = {"X": (None,) * 2 + (FEATURES,), "initial_h": (None,) * 3}
    given = ["X", "W", "R", "B" * bias, "lengths" * lengths, "initial_h" * state]
    node = onnx.helper.make_node(
        "RNN", given, ["Y", "Y_h"], "the_rnn",
        hidden_size=UNITS, direction=direction, layout=layout, **attributes,
    )  # fmt: skip
    inputs = [
        onnx.helper.make_tensor_value_info(name, element, shape)
        for name, shape in shapes.items()
        if name in given
    ]
    if lengths:
        inputs.append(onnx.helper.make_tensor_value_info("lengths", onnx.TensorProto.INT32, [None]))
    graph = onnx.helper.make_graph(
        [node],
        "one_node",
        inputs,
        [
            onnx.helper.make_tensor_value_info("Y", element, [None] * 4),
            onnx.helper.make_tensor_value_info("Y_h", element, [None] * 3),
        ],
        [
            onnx.numpy_helper.from_array(array.astype(dtype), name)
            for name, array in arrays.items()
            if name in given
        ],
    )
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=7
    )


def in_runtime(model, **inputs):
    """The outputs by name."""
    session = runtime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def of_node(model, x=X, **inputs):
    """Y as `(batch, time, directions·units)` and Y_h, of a node with layout=0."""
    y, y_h = in_runtime(model, X=x.swapaxes(0, 1), **inputs).values()
    return np.moveaxis(y, 2, 0).reshape(len(x), x.shape[1], -1), y_h


# From ONNX


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_node_becomes_a_layer_that_computes_the_same(direction, activation):
    alpha, beta = ACTIVATIONS[activation]
    for bias in (True, False):
        model = model_of_node(
            direction,
            bias,
            activations=[activation, "Relu"][: DIRECTIONS[direction]],
            **{
                name: values
                for name, values in {"activation_alpha": alpha, "activation_beta": beta}.items()
                if values
            },
        )
        output, *last = from_onnx(model, return_state=True)(X)
        expected, expected_last = of_node(model)
        assert_same(output, expected, 1e-5)
        assert_same(np.stack(last), expected_last, 1e-5)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_layout_and_the_dtype_may_be_any(direction, dtype):
    """ONNX Runtime has neither batches first nor float64, but ONNX's own evaluator has."""
    model = model_of_node(direction, layout=1, dtype=dtype)
    y, y_h = reference.ReferenceEvaluator(model).run(None, {"X": X.astype(dtype)})
    output, *last = from_onnx(model, return_state=True)(X.astype(dtype))
    assert output.dtype == dtype
    assert_same(output, y.reshape(BATCH, TIME, -1), 1e-5)
    assert_same(np.stack(last, axis=1), y_h, 1e-5)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_initial_states_and_lengths_have_counterparts(direction):
    model = model_of_node(direction, state=True, lengths=True)
    shape = (DIRECTIONS[direction], BATCH, UNITS)
    start = np.random.default_rng(2).normal(size=shape).astype("float32")
    ours = from_onnx(model, return_state=True, initial_state=True, lengths_as_mask=True)
    output, *last = ours([X, *start, MASK])
    expected, expected_last = of_node(model, lengths=LENGTHS, initial_h=start)
    assert_same(output, expected, 1e-5)
    assert_same(np.stack(last), expected_last, 1e-5)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_model_is_saved_and_trained_as_any_other(direction, tmp_path):
    activations = ["LeakyRelu"] * DIRECTIONS[direction]
    model = from_onnx(model_of_node(direction, activations=activations))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_same(loaded(X), model(X), 0)
    loaded.compile("sgd", "mse")
    loaded.fit(X, np.zeros(model(X).shape), verbose=0)
    assert np.abs(loaded(X) - model(X)).max() > 1e-3


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of this way of exporting and of tracing
@pytest.mark.parametrize(
    "options",
    [{}, {"nonlinearity": "relu", "bias": False}, {"num_layers": 2, "bidirectional": True}],
    ids=str,
)
def test_files_that_torch_writes_are_read_node_by_node(options, tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    rnn = torch.nn.RNN(FEATURES, UNITS, batch_first=True, **options).eval()
    path = tmp_path / "rnn.onnx"
    torch.onnx.export(rnn, (torch.tensor(X),), str(path), dynamo=False)
    above = X
    for node in onnx.load(path).graph.node:
        if node.op_type == "RNN":
            above = from_onnx(path, node=node.name)(above)
    assert_same(above, rnn(torch.tensor(X))[0].detach(), 1e-5)


def test_weights_are_copies():
    given = model_of_node()
    before = given.SerializeToString()
    model = from_onnx(given)
    model.set_weights([0 * weight for weight in model.get_weights()])
    assert given.SerializeToString() == before


# To ONNX

ONE = st.fixed_dictionaries(
    {
        "units": st.sampled_from([4, 5]),
        "activation": st.sampled_from(
            ["tanh", "relu", "sigmoid", "softsign", "softplus", None, "hard_sigmoid", "elu",
             "leaky_relu", layers.LeakyReLU(negative_slope=0.4), layers.ELU(alpha=0.4)]
        ),
        "use_bias": st.booleans(),
        "return_state": st.booleans(),
        "direction": st.sampled_from(list(DIRECTIONS)),
        "kind": st.sampled_from([ExplainedRNN, layers.SimpleRNN]),
    }
)  # fmt: skip


def stack(options, return_sequences):
    """Layers with weights, and with dropouts between them."""
    above, chain = X, []
    for number, one in enumerate(options):
        keywords = dict(one)
        direction, kind = keywords.pop("direction"), keywords.pop("kind")
        sequences = number < len(options) - 1 or return_sequences
        chain.append(
            kind(
                **keywords,
                go_backwards=direction == "reverse",
                return_sequences=sequences,
                zero_output_for_mask=sequences,
                name=f"layer_{number}",
            )
        )
        if direction == "bidirectional":
            chain[-1] = layers.Bidirectional(chain[-1])
        above = chain[-1](above)
        above = above[0] if one["return_state"] else above
        chain[-1].set_weights(
            [np.random.default_rng(number).normal(size=w.shape) / 2 for w in chain[-1].weights]
        )
        chain.append(layers.Dropout(0.5))
    return chain[:-1]


def computed(chain, mask=None, starts=None):
    """The output, and the last states by ONNX's names, of a chain of layers."""
    above, states = X, {}
    for layer in chain:
        if isinstance(layer, layers.Dropout):
            continue
        both = isinstance(layer, layers.Bidirectional)
        directions = [layer.forward_layer, layer.backward_layer] if both else [layer]
        names = [one.name for one in directions]
        start = None if starts is None else [starts[f"{name}_initial_state"] for name in names]
        above = layer(above, mask=mask, initial_state=start)
        if directions[0].return_state:
            above, *last = above
            states |= {f"{name}_last_state": state for name, state in zip(names, last, strict=True)}
    return {"output": above} | states


def assert_same_outputs(actual, expected):
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        assert_same(actual[name], array, 1e-5)


@pytest.mark.slow
@settings(max_examples=20)
@given(options=st.lists(ONE, min_size=1, max_size=3), return_sequences=st.booleans())
def test_layers_become_nodes_that_compute_the_same(options, return_sequences):
    chain = stack(options, return_sequences)
    assert_same_outputs(in_runtime(to_onnx(chain), sequences=X), computed(chain))


@pytest.mark.slow
@settings(max_examples=12)
@given(options=st.lists(ONE, min_size=1, max_size=2), return_sequences=st.booleans())
def test_initial_states_are_inputs_by_name(options, return_sequences):
    chain = stack(options, return_sequences)
    made = to_onnx(chain, initial_state=True)
    rng = np.random.default_rng(3)
    starts = {
        value.name: rng.normal(size=(BATCH, value.type.tensor_type.shape.dim[1].dim_value))
        for value in made.graph.input[1:]
    }
    starts = {name: array.astype("float32") for name, array in starts.items()}
    assert_same_outputs(in_runtime(made, sequences=X, **starts), computed(chain, starts=starts))


@pytest.mark.slow
@settings(max_examples=12)
@given(
    options=st.lists(ONE.filter(lambda one: one["direction"] != "reverse"), min_size=1, max_size=2),
    return_sequences=st.booleans(),
)
def test_lengths_are_what_a_mask_is(options, return_sequences):
    chain = stack(options, return_sequences)
    made = to_onnx(chain, lengths=True)
    assert_same_outputs(in_runtime(made, sequences=X, lengths=LENGTHS), computed(chain, mask=MASK))


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_there_and_back_are_the_same_weights(direction, tmp_path):
    original = from_onnx(model_of_node(direction))
    path = tmp_path / "back.onnx"
    to_onnx(original.get_layer("rnn"), path)
    for stored in (path, str(path), onnx.load(path)):
        back = from_onnx(stored)
        for ours, theirs in zip(back.get_weights(), original.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert [file.name for file in tmp_path.iterdir()] == ["back.onnx"]


def test_namesakes_keep_their_own_weights():
    chain = [ExplainedRNN(UNITS, name="rnn", return_state=True, **SEQUENCES) for _ in range(2)]
    above, first = chain[0](X)
    above, second = chain[1](above)
    actual = in_runtime(to_onnx(chain), sequences=X)
    expected = {"output": above, "rnn_last_state": first, "rnn_last_state_1": second}
    assert_same_outputs(actual, expected)


def test_a_network_of_torch_goes_by_way_of_keras_to_onnx():
    torch = pytest.importorskip("torch")
    from keras_rnn_explained import from_torch

    torch.manual_seed(0)
    rnn = torch.nn.RNN(FEATURES, UNITS, 2, bidirectional=True, batch_first=True)
    output, last = (tensor.detach().numpy() for tensor in rnn(torch.tensor(X)))
    actual = in_runtime(to_onnx(from_torch(rnn, return_state=True)), sequences=X)
    assert_same(actual.pop("output"), output, 1e-5)
    assert_same(np.stack(list(actual.values())), last, 1e-5)
