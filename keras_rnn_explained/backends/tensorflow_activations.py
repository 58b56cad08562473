"""What TensorFlow can do with an activation, as far as its graph tells."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.python.eager import forwardprop_util

from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.execution import (
    HAS_VARIABLES,
    IS_RANDOM,
    Execution,
    Tensor,
    activated,
    reads_variables,
)

# fmt: off
SAME_IN_XLA = {
    "Abs", "AddN", "AddV2", "Atan", "Cast", "Const", "Cos", "Elu", "EluGrad", "Equal", "Erf",
    "Erfc", "Exp", "Expm1", "Fill", "FloorDiv", "Greater", "GreaterEqual", "Identity",
    "IdentityN", "LeakyRelu", "LeakyReluGrad", "Less", "LessEqual", "Log", "Log1p",
    "LogSoftmax", "LogicalAnd", "LogicalNot", "LogicalOr", "Max", "Maximum", "Mean", "Minimum",
    "Mul", "Neg", "NoOp", "NotEqual", "OnesLike", "Placeholder", "Pow", "RealDiv",
    "Reciprocal", "Relu", "Relu6", "Relu6Grad", "ReluGrad", "Reshape", "SelectV2", "Sigmoid",
    "SigmoidGrad", "Sign", "Sin", "Softmax", "Softplus", "SoftplusGrad", "Softsign",
    "SoftsignGrad", "Square", "Sub", "Sum", "Tanh", "TanhGrad", "Tile", "ZerosLike",
}
# fmt: on
"""Operations of which XLA computes what TensorFlow does but for rounding, whatever comes.

Others may differ: XLA takes a wrong index for the nearest right one, has another integer for a
number that is too large for one, and NaN where TensorFlow has a gradient of 0 of a square root.
"""


class Trace(NamedTuple):
    """An activation and its derivative as a graph.

    Attributes:
        graph: Text that is the same for the same graph.
        captured: The tensors from outside that it reads.
        same_compiled: Whether it is made of `SAME_IN_XLA` alone.
    """

    graph: str
    captured: list
    same_compiled: bool

    def is_that_of(self, other: "Trace") -> bool:
        """Whether the activation computes the same in both."""
        pairs = zip(self.captured, other.captured, strict=True)
        return self.graph == other.graph and all(one is same for one, same in pairs)


class GraphOfActivation:
    """What is known of an activation, from one call to the next.

    Args:
        activation: φ, a function of a tensor.
    """

    def __init__(self, activation: Callable):
        self._activation = activation
        self._first: Trace | None = None
        self._obstacle: Execution | None = None
        self._is_compilable: bool | None = None

    @property
    def same_compiled(self) -> bool:
        """Whether XLA is known to compute what TensorFlow does."""
        return self._first is not None and self._first.same_compiled

    def obstacle(self, state: Tensor) -> Execution | None:
        """The way that it forces, or `None`; asked at each call, since what it reads may change."""
        if self._obstacle is None and self._first is None:
            self._obstacle = self._obstacle_now(state)
        # Also once more the first time: Python's random numbers are constants in a graph.
        if self._obstacle is None and not is_of_keras(self._activation):
            self._obstacle = self._obstacle_now(state)
        return self._obstacle

    def can_be_compiled(self, state: Tensor) -> bool:
        """Whether XLA knows all that it is made of, tried once."""
        if self._is_compilable is None:
            compiled = tf.function(self._with_derivative, autograph=False, jit_compile=True)
            try:
                with tf.init_scope():
                    compiled(tf.zeros((1, state.shape[-1]), state.dtype))
                self._is_compilable = True
            except tf.errors.OpError:
                self._is_compilable = False
        return self._is_compilable

    def _with_derivative(self, state):
        """Something that takes φ and its derivative to compute."""
        return vector_jacobian_product(partial(activated, self._activation), (state,), state)

    def _obstacle_now(self, state):
        graph = tf.__internal__.FuncGraph("activation")

        def trace():
            with graph.as_default():
                self._with_derivative(tf.compat.v1.placeholder(state.dtype, (1, state.shape[-1])))

        try:
            has_variables = reads_variables(trace) or graph.variables
        except Exception:  # whatever a user's function may raise
            return Execution("autodiff", "the activation can't be made a graph")
        if has_variables:
            return Execution("autodiff", HAS_VARIABLES)
        operations = graph.get_operations()
        if any(operation.op_def.is_stateful for operation in operations):
            return Execution("autodiff", IS_RANDOM)
        now = Trace(
            text_of(graph),
            [captured for captured, _ in graph.captures],
            all(map(is_the_same_in_xla, operations)),
        )
        self._first = self._first or now
        return None if now.is_that_of(self._first) else Execution("autodiff", IS_RANDOM)


def text_of(graph: Any) -> str:
    """Text that is the same for the same graph, traced again."""
    definition = graph.as_graph_def()
    functions = definition.library.function
    nodes = [definition.node, *(function.node_def for function in functions)]
    for node in (node for several in nodes for node in several):
        node.attr.pop("_gradient_op_type", None)  # of a custom gradient, numbered anew
    # As are the names of functions, the branches of a condition, say, which go by them.
    names = "|".join(re.escape(function.signature.name) for function in functions)
    anew = re.compile(f'"[^"]*({names})[^"]*"' if names else "$^")
    apart = [*map(str, definition.node), *sorted(anew.sub("", str(one)) for one in functions)]
    return anew.sub("", "\n".join(apart))


def is_the_same_in_xla(operation: tf.Operation) -> bool:
    """Whether XLA computes of one operation what TensorFlow does, whatever comes."""
    if operation.type == "Cast":
        return operation.outputs[0].dtype.is_floating
    return operation.type in SAME_IN_XLA


def vector_jacobian_product(function: Callable, arguments: tuple, *upstream: Tensor) -> tuple:
    """Automatic differentiation of `function` at `arguments`, in the direction `upstream`."""
    # TensorFlow's forward mode, where it is on, would keep the tape from recording.
    with forwardprop_util.push_forwardprop_state(), tf.GradientTape() as tape:
        tape.watch(arguments)
        outputs = function(*arguments)
    return tape.gradient(
        outputs,
        arguments,
        output_gradients=list(upstream) if isinstance(outputs, tuple) else upstream[0],
        unconnected_gradients="zero",
    )
