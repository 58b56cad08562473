"""What an ONNX `RNN` node says, read from a model; what has no counterpart in Keras is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import activations

from keras_rnn_explained.chains import DTYPES, GATES, listed
from keras_rnn_explained.naming import kind_of

Array = np.ndarray

INSTALL = "Install it with `pip install 'keras_rnn_explained[onnx]'`, or `pip install onnx`."

DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}
INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h")
# `layout` moves axes of what goes in and out, which Keras has in an order of its own, and
# `output_sequence`, of the first version, says which outputs are used.
KNOWN = {
    "activations",
    "activation_alpha",
    "activation_beta",
    "clip",
    "direction",
    "hidden_size",
    "layout",
    "output_sequence",
}

# By ONNX's names: the counterpart, and the alpha and beta with which it is one.
FIXED: dict[str, tuple[Callable, tuple[float, ...]]] = {
    "Tanh": (activations.tanh, ()),
    "Relu": (activations.relu, ()),
    "Sigmoid": (activations.sigmoid, ()),
    "Softsign": (activations.softsign, ()),
    "Softplus": (activations.softplus, ()),
    "Affine": (activations.linear, (1.0, 0.0)),
    "ScaledTanh": (activations.tanh, (1.0, 1.0)),
    "HardSigmoid": (activations.hard_sigmoid, (1 / 6, 0.5)),
}
# Those whose alpha a Keras layer has too.
WITH_ALPHA: dict[str, Callable[[float], Any]] = {
    "Elu": lambda alpha: keras.layers.ELU(alpha=alpha),
    "LeakyRelu": lambda alpha: keras.layers.LeakyReLU(negative_slope=alpha),
}
# Of what takes an alpha, or alpha and beta, where the node gives none.
DEFAULTS: dict[str, tuple[float, ...]] = {
    "Affine": (1.0, 0.0),
    "Elu": (1.0,),
    "HardSigmoid": (0.2, 0.5),
    "LeakyRelu": (0.01,),
    "ScaledTanh": (1.0, 1.0),
    "ThresholdedRelu": (1.0,),
}


class Direction(NamedTuple):
    """One direction of a node, with the weights as `ExplainedRNN.set_weights` takes them."""

    activation: Callable
    weights: list[Array]


class Node(NamedTuple):
    """An `RNN` node.

    Attributes:
        features: Size of x_t.
        units: Size of the state.
        dtype: Of the weights.
        bias: Whether there is one.
        backwards: Whether it goes backwards, of one direction.
        directions: One or two, the forward one first.
    """

    features: int
    units: int
    dtype: str
    bias: bool
    backwards: bool
    directions: list[Direction]


def onnx_module() -> Any:
    """The package `onnx`.

    Raises:
        ImportError: If it is not installed, with how to install it.
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError(f"The package `onnx` is not installed. {INSTALL}") from error
    return onnx


def loaded(model: Any) -> Any:
    """The `onnx.ModelProto` in a file, or the given one.

    Raises:
        TypeError: If it is neither.
        ValueError: If the file has none.
        OSError: If it can't be read.
    """
    onnx = onnx_module()
    if isinstance(model, onnx.ModelProto):
        return model
    if not isinstance(model, (str, Path)):
        raise TypeError(
            "`model` must be a path or an onnx.ModelProto, got "
            f"{kind_of(model)}. Of a node, give the model that has its weights, and its name "
            "as `node`."
        )
    problem = "it has no nodes"
    try:
        read = onnx.load(model)
    except OSError:
        raise
    except Exception as error:  # whatever a damaged file may lead to
        problem = str(error)
    else:
        if read.graph.node:
            return read
    raise ValueError(
        f"{str(model)!r} is no ONNX model, or a damaged one: {problem}. Export it again."
    )


def node_in(model: Any, name: str | None, lengths_as_mask: bool, initial_state: bool) -> Node:
    """The one `RNN` node of a model, or the one of that name.

    Args:
        model: An `onnx.ModelProto`.
        name: The name, or `None`.
        lengths_as_mask: Whether a mask takes the place of `sequence_lens`.
        initial_state: Whether an input takes the place of `initial_h`.

    Raises:
        ValueError: If there is none, several and no name, or it has what Keras has not.
    """
    node = _node_named(model.graph, name)
    label = f"The RNN node {_name(node)!r}"
    attributes = _attributes(node)
    inputs = dict(zip(INPUTS, node.input, strict=False))
    for attribute in attributes.keys() - KNOWN:
        raise ValueError(f"{label} has the attribute {attribute!r}, which is not ONNX's.")
    if "clip" in attributes:
        raise ValueError(
            f"{label} has clip={attributes['clip']}, which limits each pre-activation; "
            "`ExplainedRNN` has no counterpart. Export it without `clip`; or remove the attribute, "
            "if no pre-activation gets so far."
        )
    if inputs.get("sequence_lens") and not lengths_as_mask:
        raise ValueError(
            f"{label} has `sequence_lens`, for which Keras has masks. Give `lengths_as_mask=True`, "
            "and the model takes a mask as its last input: `np.arange(time) < lengths[:, None]`."
        )
    try:
        constants = dict(_constants(model.graph))
    except ValueError as error:
        raise ValueError(
            f"The ONNX model with {label} is damaged: {error}. Export it again."
        ) from error
    start = inputs.get("initial_h")
    if start and not initial_state and not _is_zero(model.graph, constants, start):
        raise ValueError(
            f"{label} has an `initial_h` that may not be 0. Give `initial_state=True`, and the "
            "model takes the initial states as further inputs."
        )
    direction = attributes.get("direction", "forward")
    if direction not in DIRECTIONS:
        raise ValueError(
            f"{label} has direction={direction!r}, expected one of {listed(DIRECTIONS)}."
        )
    arrays = {}
    for part in ("W", "R", "B"):
        if inputs.get(part):
            if inputs[part] not in constants:
                raise ValueError(
                    f"{label} has weights {part} that are no constant but {inputs[part]!r}, "
                    "computed or given when the model runs. Fold constants when exporting, or "
                    "store them as initializers."
                )
            arrays[part] = constants[inputs[part]]
    count = DIRECTIONS[direction]
    _check_arrays(label, arrays, count, attributes.get("hidden_size"))
    functions = _activations(label, attributes, count)
    return Node(
        features=arrays["W"].shape[2],
        units=arrays["W"].shape[1],
        dtype=str(arrays["W"].dtype),
        bias="B" in arrays,
        backwards=direction == "reverse",
        directions=[Direction(functions[place], _weights(arrays, place)) for place in range(count)],
    )


def _node_named(graph, name):
    nodes = [node for node in graph.node if node.op_type == "RNN" and not node.domain]
    if name is not None:
        named = [node for node in nodes if _name(node) == name]
        if not named:
            raise ValueError(
                f"`node` must be the name of an RNN node, got {name!r}. There is "
                f"{_names(nodes) or 'none'}."
            )
        return named[0]
    if len(nodes) == 1:
        return nodes[0]
    if nodes:
        raise ValueError(
            f"`model` has {len(nodes)} RNN nodes: {_names(nodes)}. Say which as `node`, and put "
            "the layers one above the other as their inputs and outputs say."
        )
    for kind in GATES.values():
        if any(node.op_type == kind for node in graph.node):
            raise ValueError(
                f"`model` has no RNN node but one of type {kind}, which has gates: "
                f"`keras.layers.{kind}` is its counterpart in Keras."
            )
    found = listed(sorted({node.op_type for node in graph.node}))
    has = f"nodes of types {found}" if found else "no nodes at all"
    raise ValueError(
        f"`model` has no RNN node, but {has}. A recurrence that was exported as a "
        "Loop or Scan has no weights by these names; take them from the model that it was."
    )


def _name(node):
    """The name of a node, or of its first output, for not all have one."""
    return node.name or next(filter(None, node.output), "")


def _names(nodes):
    return listed(map(_name, nodes))


def _attributes(node):
    def decoded(value):
        if isinstance(value, list):
            return [decoded(item) for item in value]
        return value.decode(errors="replace") if isinstance(value, bytes) else value

    value_of = onnx_module().helper.get_attribute_value
    return {attribute.name: decoded(value_of(attribute)) for attribute in node.attribute}


def _constants(graph) -> Iterator[tuple[str, Array]]:
    """Arrays that are in the graph, by name."""
    to_array = onnx_module().numpy_helper.to_array
    for initializer in graph.initializer:
        yield initializer.name, to_array(initializer)
    for node in graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    yield node.output[0], to_array(attribute.t)


def _is_zero(graph, constants, name):
    """Whether a value is known to be 0, be it of a batch size known only later, as PyTorch's is."""
    if name in constants:
        return not constants[name].any()
    for node in graph.node:
        if name in node.output and node.op_type == "Expand":
            return _is_zero(graph, constants, node.input[0])
        if name in node.output and node.op_type == "ConstantOfShape":
            filled = _attributes(node).get("value")
            return filled is None or not onnx_module().numpy_helper.to_array(filled).any()
    return False


def _check_arrays(label, arrays, count, hidden_size):
    missing = {"W", "R"} - arrays.keys()
    if missing:
        raise ValueError(f"{label} lacks {listed(sorted(missing))}, its weights.")
    w, r = arrays["W"], arrays["R"]
    units = hidden_size or (r.shape[-1] if r.ndim else 0)
    features = w.shape[-1] if w.ndim else 0
    expected = {
        "W": (count, units, features),
        "R": (count, units, units),
        "B": (count, 2 * units),
    }
    for part, array in arrays.items():
        if array.shape != expected[part] or not array.size:
            raise ValueError(
                f"{label} has {part} of shape {array.shape}, expected {expected[part]}, for "
                f"{count} directions and {units} units."
            )
    dtypes = {str(array.dtype) for array in arrays.values()}
    if len(dtypes) != 1 or not dtypes <= set(DTYPES):
        raise ValueError(
            f"{label} must have weights of dtype {' or '.join(DTYPES)}, got "
            f"{', '.join(sorted(dtypes))}. Convert them first."
        )


def _weights(arrays, place):
    weights = [arrays["W"][place].T, arrays["R"][place].T]
    if "B" in arrays:
        weights.append(np.add(*np.split(arrays["B"][place], 2)))
    return weights


def _activations(label, attributes, count):
    """Keras's counterparts of the activations, one for each direction."""
    names = attributes.get("activations") or ["Tanh"] * count
    if len(names) != count:
        raise ValueError(f"{label} has {len(names)} activations, expected {count}.")
    # ONNX matches names whatever their case, and lists alpha and beta of those alone that have any.
    proper = {name.lower(): name for name in (*FIXED, *WITH_ALPHA, *DEFAULTS)}
    alphas = iter(attributes.get("activation_alpha", ()))
    betas = iter(attributes.get("activation_beta", ()))
    functions = []
    for given in names:
        name = proper.get(given.lower(), given)
        default = DEFAULTS.get(name, ())
        values = tuple(
            next(source, value) for source, value in zip((alphas, betas), default, strict=False)
        )
        if name in WITH_ALPHA:
            functions.append(WITH_ALPHA[name](*values))
            continue
        function, needed = FIXED.get(name, (None, ()))
        if function is None or not np.allclose(values, needed, rtol=1e-6):
            parameters = ", ".join(
                f"{letter}={value:g}"
                for letter, value in zip(("alpha", "beta"), values, strict=False)
            )
            raise ValueError(
                f"{label} has the activation {given}{f' with {parameters}' if values else ''}, "
                f"which Keras has not. It has {', '.join([*FIXED, *WITH_ALPHA])}, of these "
                "Affine with alpha=1 and beta=0, ScaledTanh with alpha=1 and beta=1, HardSigmoid "
                "with alpha=1/6 and beta=0.5 alone."
            )
        functions.append(function)
    return functions
