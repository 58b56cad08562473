"""From and to `RNN` nodes of ONNX."""

from itertools import count
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_rnn_explained.chains import (
    chain_of,
    check_features,
    directions_of,
    option_without_counterpart,
    problem_anywhere,
)
from keras_rnn_explained.files import written_whole
from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.naming import path_of
from keras_rnn_explained.onnx_nodes import loaded, node_in, onnx_module

TARGET = "chain of ONNX RNN nodes"
# The lowest in which the nodes mean what they mean here, so that old runtimes read the file.
OPSET, IR_VERSION = 14, 7
NO_COUNTERPART = {"stateful": False}

# By Keras's functions: the name in ONNX and the values of alpha and beta.
ACTIVATIONS = {
    keras.activations.tanh: ("Tanh", ()),
    keras.activations.relu: ("Relu", ()),
    keras.activations.sigmoid: ("Sigmoid", ()),
    keras.activations.softsign: ("Softsign", ()),
    keras.activations.softplus: ("Softplus", ()),
    keras.activations.linear: ("Affine", (1.0, 0.0)),
    keras.activations.hard_sigmoid: ("HardSigmoid", (1 / 6, 0.5)),
    keras.activations.elu: ("Elu", (1.0,)),
    keras.activations.leaky_relu: ("LeakyRelu", (0.2,)),
}
ACTIVATION_LAYERS = {
    keras.layers.ELU: lambda layer: ("Elu", (float(layer.alpha),)),
    keras.layers.LeakyReLU: lambda layer: ("LeakyRelu", (float(layer.negative_slope),)),
}


def from_onnx(
    model: Any,
    node: str | None = None,
    return_state: bool = False,
    initial_state: bool = False,
    lengths_as_mask: bool = False,
) -> keras.Model:
    """A Keras model of an `ExplainedRNN` that computes what an `RNN` node of an ONNX model does.

    The layer is called `rnn`; where the node has both directions, it is a
    `keras.layers.Bidirectional` of two. The two biases become one, their sum.

    The model takes `(batch, time, features)`, whatever the node's `layout`, and returns the node's
    Y as `(batch, time, units)` or, in both directions, `(batch, time, 2·units)`. With
    `return_state` it returns a list of that and the last states, each `(batch, units)`, which are
    the node's Y_h. With `initial_state` or `lengths_as_mask` it takes a list: the sequences and
    what these add, in this order.

    Args:
        model: A path to an ONNX file, or an `onnx.ModelProto`.
        node: The name of the node, or of its first output if it has none. Not needed if there is
            one RNN node alone.
        return_state: Whether the model returns the last states, too.
        initial_state: Whether the model takes an initial state for each direction, too,
            `(batch, units)`, in the place of the node's `initial_h`.
        lengths_as_mask: Whether the model takes a mask, too, boolean, `(batch, time)`, in the place
            of the node's `sequence_lens`: `np.arange(time) < lengths[:, None]`. Outputs after the
            end of a sequence are 0, as the node's are.

    Returns:
        A functional model with weights of its own, in the dtype of the given ones.

    Raises:
        ImportError: If the package `onnx` is not installed.
        OSError: If the file can't be read.
        TypeError: If `model` is neither.
        ValueError: If it is no ONNX model, has no RNN node or several, or the node has something
            that Keras has not, which the message names: `clip`, `sequence_lens` without
            `lengths_as_mask`, an `initial_h` that may not be 0 without `initial_state`, an
            activation, another dtype than float32 or float64, weights that are computed.

    Examples:
        >>> layer = ExplainedRNN(4, return_sequences=True)
        >>> layer.build((None, None, 3))
        >>> model = from_onnx(to_onnx(layer))
        >>> tuple(model.get_layer("rnn").kernel.shape)
        (3, 4)

    Source: [the operator RNN of ONNX](https://onnx.ai/onnx/operators/onnx__RNN.html)
    """
    found = node_in(loaded(model), node, lengths_as_mask, initial_state)

    def layer_of(direction, name, backwards):
        return ExplainedRNN(
            found.units,
            activation=direction.activation,
            use_bias=found.bias,
            return_sequences=True,
            return_state=return_state,
            zero_output_for_mask=True,
            go_backwards=backwards,
            dtype=found.dtype,
            name=name,
        )

    forward, *backward = found.directions
    layer = layer_of(forward, "rnn", found.backwards)
    if backward:
        layer = keras.layers.Bidirectional(
            layer,
            backward_layer=layer_of(backward[0], "backward_rnn", True),
            dtype=found.dtype,
            name="rnn",
        )
    sequences = keras.Input((None, found.features), dtype=found.dtype, name="sequences")
    names = ["initial_state", "backward_initial_state"][: len(found.directions)]
    states = [
        keras.Input((found.units,), dtype=found.dtype, name=name) for name in names if initial_state
    ]
    mask = keras.Input((None,), dtype="bool", name="mask") if lengths_as_mask else None
    outputs = layer(sequences, initial_state=states or None, mask=mask)
    output, *last_states = outputs if return_state else [outputs]
    layer.set_weights([weight for direction in found.directions for weight in direction.weights])
    if found.backwards:
        # The layer gives its states in the order in which it meets them, ONNX in that of the input.
        output = keras.ops.flip(output, axis=1)
    others = states if mask is None else [*states, mask]
    result = keras.Model(
        [sequences, *others] if others else sequences,
        [output, *last_states] if return_state else output,
    )
    result.supports_masking = True  # or Keras warns that it takes none, though its layers do
    return result


def to_onnx(
    model: Any,
    path: str | Path | None = None,
    initial_state: bool = False,
    lengths: bool = False,
) -> Any:
    """An ONNX model with an `RNN` node for each `ExplainedRNN` or `SimpleRNN` layer.

    A `Bidirectional` becomes one node. The model computes what the layers do at inference: a
    `keras.layers.Dropout` between them, like their own dropout, does nothing there.

    It takes `sequences`, `(batch, time, features)`, and gives `output`, which is what the last
    layer does, and for each layer with `return_state` its last state, `(batch, units)`, by the
    name of the layer with `_last_state` behind it.

    For whole models, with layers of other kinds, there is `model.export(path, format="onnx")`.

    Args:
        model: A recurrent layer, `Bidirectional` around one or not; a list of such layers from the
            lowest up, with `keras.layers.Dropout` between them or not; or a model of nothing else.
            All must have weights already.
        path: Where to write it, too.
        initial_state: Whether it takes initial states, too, `(batch, units)`, by the names of the
            layers with `_initial_state` behind them.
        lengths: Whether it takes `lengths`, `(batch,)`, int32, too: the number of time steps of
            each sequence, in the place of a mask.

    Returns:
        An `onnx.ModelProto`.

    Raises:
        ImportError: If the package `onnx` is not installed.
        OSError: If the file can't be written.
        TypeError: If `model` is none of these, or `path` no path.
        ValueError: If something has no counterpart in ONNX, which the message names: another
            layer, `stateful`, an activation, a mixed dtype, another `merge_mode` than `"concat"`,
            directions of different sizes; with `lengths`, `go_backwards` in one direction alone
            and a `zero_output_for_mask` that is not `return_sequences`.

    Examples:
        >>> layer = ExplainedRNN(4)
        >>> layer.build((None, None, 3))
        >>> [node.op_type for node in to_onnx(layer).graph.node]
        ['Transpose', 'RNN', 'Squeeze', 'Identity']
    """
    levels = _levels(model, lengths)
    onnx = onnx_module()
    graph = _Graph(onnx, levels[0][0].dtype_policy.name)
    graph.input("sequences", ["batch", "time", levels[0][0].weights[0].shape[0]])
    given = graph.input("lengths", ["batch"], "int32") if lengths else ""
    below = graph.add("Transpose", ["sequences"], perm=[1, 0, 2])
    units = 0
    returned: list[tuple[Any, str]] = []
    for directions in levels:
        first, units = directions[0], sum(layer.units for layer in directions)
        all_states, last_states = _add_node(graph, directions, below, given, initial_state)
        if first.return_state or not first.return_sequences:
            last = _last_states(graph, directions, last_states)
        if first.return_state:
            returned += zip(directions, last, strict=True)
        if first.return_sequences:
            below = _all_states(graph, directions, all_states)
    if first.return_sequences:
        output = graph.add("Transpose", [below], perm=[1, 0, 2])
        graph.output("output", output, ["batch", "time", units])
    else:
        output = graph.add("Concat", last, axis=1) if last[1:] else last[0]
        graph.output("output", output, ["batch", units])
    for layer, state in returned:
        graph.output(f"{layer.name}_last_state", state, ["batch", layer.units])
    made = graph.model()
    if path is not None:
        with written_whole(path_of("path", path)) as unfinished:
            unfinished.write_bytes(made.SerializeToString())
    return made


def _levels(model, lengths):
    """The layers of each level, one or two, from the lowest up."""
    chain = [layer for layer in chain_of(model, TARGET) if type(layer) is not keras.layers.Dropout]
    levels = [directions_of(layer, TARGET) for layer in chain]
    if not levels:
        raise ValueError("`model` has no recurrent layer.")
    for directions in levels:
        for number, layer in enumerate(directions):
            problem = _problem(layer, directions, number == 1, lengths)
            if problem:
                raise ValueError(f"Layer {layer.name!r} {problem}.")
    features = levels[0][0].weights[0].shape[0]
    dtype = levels[0][0].dtype_policy.name
    for directions in levels:
        for layer in directions:
            check_features(layer, features)
            if not layer.return_sequences and directions is not levels[-1]:
                raise ValueError(
                    f"Layer {layer.name!r} has return_sequences=False, but is not the last one. "
                    "Convert the layers one by one."
                )
            if layer.dtype_policy.name != dtype:
                raise ValueError(
                    f"Layer {layer.name!r} has dtype {layer.dtype_policy.name!r}, but below it is "
                    f"{dtype!r}. Convert them one by one."
                )
        features = sum(layer.units for layer in directions)
    return levels


def _problem(layer, directions, is_backward, lengths):
    """Why ONNX can't do what a layer does, and what to do; or `None`."""
    problem = problem_anywhere(layer, TARGET, gated="the node {} of ONNX")
    if problem:
        return problem
    problem = option_without_counterpart(layer, "an ONNX RNN node", NO_COUNTERPART)
    if problem:
        return problem
    if _onnx_activation(layer.activation) is None:
        name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
        known = ", ".join(sorted({function.__name__ for function in ACTIVATIONS}))
        return (
            f"has the activation {name}, which an ONNX RNN node has not. It has {known}. Export "
            'the whole model, by `model.export(path, format="onnx")`'
        )
    if len(directions) == 2:
        if layer.go_backwards != is_backward:
            return f"has go_backwards={layer.go_backwards}, in the wrong one of two directions"
        if layer.units != directions[0].units:
            return "has another number of units than the other direction, but ONNX has one for both"
    if lengths and layer.go_backwards and len(directions) == 1:
        return (
            "has go_backwards=True, with which Keras moves the masked time steps to the front. "
            "Leave `lengths` out, or turn the sequences round instead"
        )
    if lengths and layer.zero_output_for_mask != layer.return_sequences:
        return (
            f"has zero_output_for_mask={layer.zero_output_for_mask}, but with lengths ONNX has "
            f"0 after the end of a sequence and the state at its end. Make it anew with "
            f"`zero_output_for_mask={layer.return_sequences}`, or leave `lengths` out"
        )
    return None


def _onnx_activation(activation):
    """The name of an activation in ONNX and its alpha and beta, or `None`."""
    if isinstance(activation, keras.layers.Layer):
        told = ACTIVATION_LAYERS.get(type(activation))
        return told(activation) if told else None
    # Not every activation can be hashed.
    return next((told for known, told in ACTIVATIONS.items() if known is activation), None)


def _add_node(graph, directions, below, lengths, initial_state):
    """Adds the node of a level; its Y and Y_h."""
    forward, *backward = directions
    names = [layer.name for layer in directions]
    states = [
        graph.input(f"{n}_initial_state", ["batch", forward.units]) for n in names if initial_state
    ]
    expanded = [graph.add("Unsqueeze", [state, graph.constant("axis_0", [0])]) for state in states]
    start = graph.add("Concat", expanded, axis=0) if backward and expanded else (*expanded, "")[0]
    weights = [_node_weights(layer) for layer in directions]
    w, r, b = (np.stack(parts) for parts in zip(*weights, strict=True))
    name = graph.unique(forward.name.removeprefix("forward_") if backward else forward.name)
    inputs = [below, graph.constant(f"{name}/W", w), graph.constant(f"{name}/R", r)]
    inputs += [graph.constant(f"{name}/B", b) if any(x.use_bias for x in directions) else ""]
    told = [_onnx_activation(layer.activation) for layer in directions]
    parameters = {
        "activation_alpha": [values[0] for _, values in told if values],
        "activation_beta": [values[1] for _, values in told if values[1:]],
    }
    return graph.add(
        "RNN",
        [*inputs, lengths, start],
        outputs=2,
        name=name,
        hidden_size=forward.units,
        activations=[name for name, _ in told],
        direction="bidirectional" if backward else "reverse" if forward.go_backwards else "forward",
        **{key: values for key, values in parameters.items() if values},
    )


def _last_states(graph, directions, states):
    """The last state of each direction, `(batch, units)`, from a node's Y_h."""
    apart = graph.add("Split", [states], outputs=2, axis=0) if directions[1:] else [states]
    axis = graph.constant("axis_0", [0])
    return [graph.add("Squeeze", [state, axis]) for state in apart]


def _all_states(graph, directions, states):
    """What a level hands to the one above, `(time, batch, features)`, from a node's Y."""
    if directions[1:]:
        beside = graph.add("Transpose", [states], perm=[0, 2, 1, 3])
        return graph.add("Reshape", [beside, graph.constant("joined", [0, 0, -1])])
    states = graph.add("Squeeze", [states, graph.constant("axis_1", [1])])
    if not directions[0].go_backwards:
        return states
    # Keras gives the states in the order in which it meets them, ONNX in that of the input.
    last, axis = graph.constant("last", [-1]), graph.constant("axis_0", [0])
    before_first = graph.constant("before_first", [np.iinfo("int64").min])
    return graph.add("Slice", [states, last, before_first, axis, last])


def _node_weights(layer):
    """W, R and B of one direction. The first of two biases has it all."""
    kernel, recurrent_kernel, *bias = layer.get_weights()
    zeros = np.zeros(layer.units, kernel.dtype)
    return kernel.T, recurrent_kernel.T, np.concatenate([bias[0] if bias else zeros, zeros])


class _Graph:
    """Nodes, in their order, with what goes in and out."""

    def __init__(self, onnx, dtype):
        self.onnx, self.dtype = onnx, dtype
        self.nodes, self.inputs, self.outputs = [], [], []
        self.constants, self.names = {}, set()

    def unique(self, name):
        """The name, or what comes next where another has it: layers of a list may be namesakes."""
        candidates = (f"{name}_{number}" if number else name for number in count())
        unique = next(candidate for candidate in candidates if candidate not in self.names)
        self.names.add(unique)
        return unique

    def _value(self, name, shape, dtype):
        element = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.onnx.helper.make_tensor_value_info(name, element, shape)

    def input(self, name, shape, dtype=None):
        name = self.unique(name)
        self.inputs.append(self._value(name, shape, dtype or self.dtype))
        return name

    def output(self, name, value, shape):
        name = self.unique(name)
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs.append(self._value(name, shape, self.dtype))

    def constant(self, name, array):
        self.constants[name] = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def add(self, kind, inputs, outputs=1, name=None, **attributes):
        """A node; the name of its output, or of each of several."""
        name = name or f"{kind}_{len(self.nodes)}"
        names = [f"{name}/{place}" for place in range(outputs)]
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, names, name=name, **attributes))
        return names if outputs > 1 else names[0]

    def model(self):
        helper = self.onnx.helper
        graph = helper.make_graph(
            self.nodes, "recurrent_layers", self.inputs, self.outputs, list(self.constants.values())
        )
        made = helper.make_model(
            graph,
            producer_name="keras_rnn_explained",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        self.onnx.checker.check_model(made, full_check=True)
        return made
