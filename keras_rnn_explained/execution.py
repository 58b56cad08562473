"""How the equations are run: compiled or plainly, and known to the backend's differentiation.

`Program` is the one door from the layer to `equations`. It computes the states by `recurrence` and
tells the backend that their gradient is BPTT as `equations` writes it, not whatever automatic
differentiation would make of the loop. On the way it turns Keras's `(batch, time, ...)` into the
time-major arrays of the equations and back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops, tree
from tensorflow.python.eager import forwardprop_util

from keras_rnn_explained import equations

Tensor = Any  # of whichever backend Keras runs on

WAYS = ("auto", "compiled", "plain")


class Arguments(NamedTuple):
    """What the states are a function of; BPTT gives one gradient for each.

    Attributes:
        x: `(batch, time, features)`, with input dropout already applied.
        kernel: `(features, units)`.
        recurrent_kernel: `(units, units)`.
        bias: `(units,)`, or `None`.
        initial_state: `(batch, units)`.
    """

    x: Tensor
    kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor | None
    initial_state: Tensor


class Constants(NamedTuple):
    """What no gradient flows to.

    Attributes:
        mask: Boolean, `(batch, time, 1)`, or `None`.
        dropout_mask: The mask of recurrent dropout, `(batch, units)`, or `None`.
    """

    mask: Tensor | None = None
    dropout_mask: Tensor | None = None


@dataclass(frozen=True)
class Execution:
    """Which way the equations run, and why.

    Attributes:
        way: `"compiled"` (the recurrence and BPTT are one XLA program each), `"plain"` (the same
            equations, operation by operation) or `"autodiff"` (plain, with the backend's automatic
            differentiation in place of BPTT).
        reason: Why it was taken.
    """

    way: str
    reason: str

    def __str__(self) -> str:
        return f"{self.way}: {self.reason}"


class Executor:
    """Runs the equations of one layer, each time in the way that fits the call.

    Args:
        activation: φ, a function of a tensor.
        requested: One of `WAYS`.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
        unroll: Whether the plain way repeats the time step in the graph instead of looping.

    Attributes:
        execution: How the last call ran; before the first, `None`.
    """

    def __init__(
        self, activation: Callable, requested: str, truncate_bptt: int | None, unroll: bool
    ):
        self.activation = activation
        self.requested = requested
        self.truncate_bptt = truncate_bptt
        self.unroll = unroll
        self.execution: Execution | None = None
        # Layers with the same well-known activation share their programs, and so compile once.
        known = equations.derivative_from_state(activation) is not None
        self._program = _shared_program if known else lru_cache(Program)
        self._has_variables = False if known else None

    def __call__(self, arguments: Arguments, constants: Constants, all_states: bool):
        """See `Program.__call__`."""
        # A tf.Variable inside a custom gradient would be an argument that is not handed in.
        arguments = Arguments(*(a if a is None else tf.convert_to_tensor(a) for a in arguments))
        self.execution = self.choose(arguments)
        program = self._program(
            self.activation, all_states, self.truncate_bptt, self.execution.way, self.unroll
        )
        return program(arguments, constants)

    def choose(self, arguments: Arguments) -> Execution:
        """The way that fits a call."""
        if self._has_variables is None:
            self._has_variables = has_variables(self.activation, arguments.initial_state)
        if self._has_variables:
            return Execution("autodiff", "the activation has variables, which need gradients too")
        if forwardprop_util.pack_tangents([a for a in arguments if a is not None]).tangents:
            return Execution("autodiff", "a tf.autodiff.ForwardAccumulator watches the call")
        if self.requested != "auto":
            return Execution(self.requested, f"the layer has execution={self.requested!r}")
        if arguments.x.shape[1] is None:
            return Execution("plain", "each number of time steps would be compiled anew")
        return Execution("compiled", "the number of time steps is known")


class Program:
    """The equations for one activation, ready to run.

    Args:
        activation: φ, a function of a tensor.
        all_states: Whether all states are asked for, or only the last.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
        way: The `way` of an `Execution`.
        unroll: Whether the plain way repeats the time step in the graph instead of looping.
    """

    def __init__(
        self,
        activation: Callable[[Tensor], Tensor],
        all_states: bool,
        truncate_bptt: int | None,
        way: str,
        unroll: bool = False,
    ):
        self.activation = activation
        self.all_states = all_states
        self.truncate_bptt = truncate_bptt
        self.way = way
        self.scan = unrolled_scan if unroll and way != "compiled" else scan
        self.derivative = equations.derivative_from_state(activation)
        compiled = way == "compiled"
        self.run_forward = tf.function(self.forward, jit_compile=True) if compiled else self.forward
        self.run_bptt = tf.function(self.bptt, jit_compile=True) if compiled else self.bptt

    def __call__(self, arguments: Arguments, constants: Constants) -> tuple[Tensor | None, Tensor]:
        """The states of all time steps (`None` unless `all_states`), and the last state.

        Gradients of any order flow to `arguments`, backwards and forwards.
        """
        given = [name for name in Arguments._fields if getattr(arguments, name) is not None]

        def named(values):
            return Arguments(**{"bias": None, **dict(zip(given, values, strict=True))})

        def unnamed(gradients):
            return tuple(getattr(gradients, name) for name in given)

        def plain_bptt(*values):
            """The gradients as a plain function of all they depend on, to differentiate again."""
            arguments, upstream = named(values[: len(given)]), values[len(given) :]
            states, _ = self.forward(arguments, constants)
            return unnamed(self.gradients(self.bptt, arguments, constants, states, upstream))

        @tf.custom_gradient
        def states(*values):
            # The outer tape must see this function's inputs and outputs, and nothing in between.
            fixed = named(map(ops.stop_gradient, values))
            kept, outputs = self.run_forward(fixed, constants)

            @tf.custom_gradient
            def gradients(*values):
                upstream = tuple(map(ops.stop_gradient, values[len(given) :]))
                result = self.gradients(self.run_bptt, fixed, constants, kept, upstream)
                return unnamed(result), partial(vector_jacobian_product, plain_bptt, values)

            return outputs, lambda *upstream: gradients(*values, *upstream)

        if self.way == "autodiff":
            _, outputs = self.forward(arguments, constants)
        else:
            outputs = states(*unnamed(arguments))
        return outputs if self.all_states else (None, outputs)

    def forward(self, arguments: Arguments, constants: Constants):
        """The states to keep for BPTT, and what is asked for: all states and the last, or it."""
        mask = None if constants.mask is None else swap_time_and_batch(constants.mask)
        states = equations.recurrence(
            swap_time_and_batch(arguments.x),
            *arguments[1:],
            activation=self.activation,
            mask=mask,
            dropout_mask=constants.dropout_mask,
            scan=self.scan,
        )
        last_state = states[-1]
        return states, (swap_time_and_batch(states), last_state) if self.all_states else last_state

    def bptt(self, arguments: Arguments, constants: Constants, states, upstream):
        """The local errors, and the gradients of the parameters and of the initial state."""
        x = swap_time_and_batch(arguments.x)
        mask = None if constants.mask is None else swap_time_and_batch(constants.mask)
        previous_states = equations.states_before(states, arguments.initial_state)
        kept = states
        if self.derivative is None:
            kept = equations.project_inputs(x, arguments.kernel, arguments.bias)
            kept = kept + equations.project_states(
                previous_states, arguments.recurrent_kernel, constants.dropout_mask
            )
        local_error, initial_state_gradient = equations.local_errors(
            kept,
            arguments.recurrent_kernel,
            swap_time_and_batch(upstream[0]) if self.all_states else None,
            upstream[-1],
            activation_backward=self.activation_backward,
            mask=mask,
            dropout_mask=constants.dropout_mask,
            truncate=self.truncate_bptt,
            scan=self.scan,
        )
        parameters = equations.parameter_gradients(
            x, previous_states, local_error, constants.dropout_mask
        )
        return local_error, parameters, initial_state_gradient

    def gradients(self, bptt, arguments, constants, states, upstream) -> Arguments:
        """BPTT's gradients, named as the arguments that they belong to."""
        local_error, parameters, initial_state = bptt(arguments, constants, states, upstream)
        # Outside the compiled program: a graph that does not need it never computes it.
        x = swap_time_and_batch(equations.input_gradient(local_error, arguments.kernel))
        kernel, recurrent_kernel, bias = parameters
        return Arguments(x, kernel, recurrent_kernel, bias, initial_state)

    def activation_backward(self, error: Tensor, kept: Tensor) -> Tensor:
        """e_t ⊙ φ'(â_t), from the state where φ' can be written with it."""
        if self.derivative is not None:
            return error * self.derivative(kept)
        return vector_jacobian_product(self.activation, (kept,), error)[0]


_shared_program = lru_cache(maxsize=256)(Program)


def has_variables(activation: Callable, state: Tensor) -> bool:
    """Whether the activation reads variables, to which gradients may have to flow."""
    spec = tf.TensorSpec((None, state.shape[-1]), state.dtype)
    return bool(tf.function(activation).get_concrete_function(spec).variables)


def swap_time_and_batch(array: Tensor) -> Tensor:
    """`(batch, time, ...)` to `(time, batch, ...)` and back."""
    return ops.swapaxes(array, 0, 1)


def vector_jacobian_product(function: Callable, arguments: tuple, *upstream: Tensor) -> tuple:
    """Automatic differentiation of `function` at `arguments`, in the direction `upstream`."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        outputs = function(*arguments)
    return tape.gradient(
        outputs,
        arguments,
        output_gradients=list(upstream) if isinstance(outputs, tuple) else upstream[0],
        unconnected_gradients="zero",
    )


def scan(f: Callable, init, xs=None, length: int | None = None, reverse: bool = False):
    """`keras.ops.scan`, whose loop XLA can also differentiate: it has a bound on its iterations.

    Args:
        f: `(carry, x) -> (carry, y)`, where y is `None` or a tensor like the carry.
        init: The first carry.
        xs: Tensors to read along their first axis, in any structure; `None` with `length`.
        length: The number of iterations where there is no `xs`.
        reverse: Whether to go through `xs` from the end.

    Returns:
        The last carry, and the y of all iterations in the order of `xs` (`None` without `xs`).
    """
    if length is None:
        length = _length(xs)
    arrays = tree.map_structure(
        lambda x: tf.TensorArray(x.dtype, length, element_shape=x.shape[1:]).unstack(x), xs or ()
    )

    def body(iteration, carry, ys):
        index = length - 1 - iteration if reverse else iteration
        now = tree.map_structure(lambda array: array.read(index), arrays)
        carry, y = f(carry, now)
        return iteration + 1, carry, ys if y is None else ys.write(index, y)

    like = tree.flatten(init)[0]
    ys = tf.TensorArray(like.dtype, length, element_shape=like.shape)
    _, carry, ys = tf.while_loop(
        lambda iteration, *_: iteration < length, body, (0, init, ys), maximum_iterations=length
    )
    return carry, ys.stack() if xs else None


def unrolled_scan(f: Callable, init, xs=None, length: int | None = None, reverse: bool = False):
    """`scan` without a loop: the graph repeats `f` for each iteration. The length must be known."""
    if length is None:
        length = _length(xs)
    carry, ys = init, [None] * length
    for index in reversed(range(length)) if reverse else range(length):
        now = tree.map_structure(itemgetter(index), xs or ())
        carry, ys[index] = f(carry, now)
    return carry, ops.stack(ys) if xs else None


def _length(xs):
    return ops.shape(tree.flatten(xs)[0])[0]
