"""What it takes to run the equations of one layer, on whichever backend Keras runs on.

`Computation` leads from what a layer is called with to `equations` and back. On the way it turns
Keras's `(batch, time, ...)` into the time-major arrays of the equations. How a backend loops,
compiles and learns that the gradient of the states is BPTT is in the modules of `backends`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import keras
from keras import ops, tree

from keras_rnn_explained import equations
from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.naming import kind_of

Tensor = Any  # of whichever backend Keras runs on

WAYS = ("auto", "compiled", "plain")

HAS_VARIABLES = "the activation has variables, which need gradients too"
IS_RANDOM = "the activation may give something else when BPTT runs it again"
IS_OF_ITS_OWN = "of an activation that is not Keras's nobody knows what it depends on"
"""Why automatic differentiation takes the place of BPTT."""


class Inputs(NamedTuple):
    """What the states are a function of.

    Attributes:
        x: `(batch, time, features)`, with input dropout already applied.
        kernel: `(features, units)`.
        recurrent_kernel: `(units, units)`.
        bias: `(units,)`, or `None`.
        initial_state: `(batch, units)`.
        mask: Boolean, `(batch, time, 1)`, or `None`. No gradient flows here.
        dropout_mask: The mask of recurrent dropout, `(batch, units)`, or `None`. Nor here.
    """

    x: Tensor
    kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor | None
    initial_state: Tensor
    mask: Tensor | None = None
    dropout_mask: Tensor | None = None


@dataclass(frozen=True)
class Execution:
    """Which way the equations run, and why.

    Attributes:
        way: `"compiled"` (the loops of the recurrence and of BPTT are one XLA program each),
            `"plain"` (the same equations, operation by operation), `"autodiff"` (plain, with the
            backend's automatic differentiation in place of BPTT) or `"exported"` (as that, in
            operations that the format of the export knows).
        reason: Why it was taken.
    """

    way: str
    reason: str

    def __str__(self) -> str:
        return f"{self.way}: {self.reason}"


class Executor:
    """Runs the equations of one layer, each time in the way that fits the call.

    A backend says what is left open: `choose`, `run` and `computation`.

    Args:
        activation: φ, a function of a tensor.
        requested: One of `WAYS`.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
        unroll: Whether the time step is repeated in the program instead of looping, where the
            backend has another loop than Python's.

    Attributes:
        execution: How the last call ran that was not a run of a program made before; `None` before
            the first.
        knows_activation: Whether the activation may be run again or compiled: it is Keras's own, or
            the user asked for it.
    """

    as_tensor: Callable = staticmethod(ops.convert_to_tensor)

    def __init__(
        self, activation: Callable, requested: str, truncate_bptt: int | None, unroll: bool
    ):
        self.activation = activation
        self.requested = requested
        self.truncate_bptt = truncate_bptt
        self.unroll = unroll
        self.execution: Execution | None = None
        # BPTT runs an activation again, after the call, when what it reads may be something else.
        self.knows_activation = (
            is_of_keras(activation) or requested != "auto" or truncate_bptt is not None
        )
        self._for_training: Executor | None = None

    def __call__(
        self, inputs: Inputs, all_states: bool, training: bool = False
    ) -> tuple[Tensor | None, Tensor]:
        """The states of all time steps (`None` unless `all_states`), and the last state."""
        inputs, executor = self._as_tensors(inputs), self._for(training)
        self.execution = executor._chosen(inputs, all_states)
        return executor.run(inputs, all_states, self.execution.way)

    def look(
        self, inputs: Inputs, all_states: bool, training: bool = False
    ) -> tuple[Tensor, Tensor]:
        """All states and the last, in the way in which a call would give what is asked for.

        They are the same to the last bit then. `execution` stays: looking changes nothing.
        """
        inputs, executor = self._as_tensors(inputs), self._for(training)
        return executor.run(inputs, True, executor._chosen(inputs, all_states).way)

    def choose(self, inputs: Inputs, all_states: bool) -> Execution:
        """The way that fits a call."""
        raise NotImplementedError

    def run(self, inputs: Inputs, all_states: bool, way: str) -> tuple[Any, Tensor]:
        """What a call gives."""
        raise NotImplementedError

    def computation(self, inputs: Inputs) -> "Computation":
        """The computation for such inputs, to be looked into."""
        raise NotImplementedError

    def _for(self, training):
        """One of its own for training, where the activation may do something else, as dropout."""
        if not training or is_of_keras(self.activation):
            return self
        if self._for_training is None:
            self._for_training = type(self)(
                self.activation, self.requested, self.truncate_bptt, self.unroll
            )
        return self._for_training

    def _chosen(self, inputs, all_states):
        chosen = self.choose(inputs, all_states)
        if chosen.way == "autodiff" and self.truncate_bptt is not None:
            raise ValueError(
                f"`truncate_bptt` must be `None` with this activation, got {self.truncate_bptt}: "
                f"{chosen.reason}, so that automatic differentiation takes the gradients back to "
                "the first time step. Leave `truncate_bptt` out, or take another activation."
            )
        return chosen

    def _as_tensors(self, inputs):
        return Inputs(*(i if i is None else self.as_tensor(i) for i in inputs))


class Computation:
    """The equations for one activation, as functions of what a layer is called with.

    A backend says what is left open: `scan`, the loop, and `vector_jacobian_product`.

    Args:
        activation: φ, a function of a tensor.
        all_states: Whether all states are asked for, or only the last.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
        scan: The loop, as `keras.ops.scan`.
    """

    def __init__(
        self,
        activation: Callable[[Tensor], Tensor],
        all_states: bool,
        truncate_bptt: int | None,
        scan: Callable,
    ):
        self.activation = activation
        self.all_states = all_states
        self.truncate_bptt = truncate_bptt
        self.scan = scan
        self.derivative = equations.derivative_from_state(activation)
        # As the backend runs them fastest, which is for it to say.
        self.run_local_errors: Callable = self.local_errors
        self.run_errors: Callable = partial(self.local_errors, whole=True)

    def vector_jacobian_product(self, function: Callable, arguments: tuple, *upstream: Tensor):
        """Automatic differentiation of `function` at `arguments`, in the direction `upstream`."""
        raise NotImplementedError

    def activate(self, pre_activation: Tensor) -> Tensor:
        """φ(â_t), of the same dtype: on JAX Keras's functions take float64 to float32."""
        return ops.cast(activated(self.activation, pre_activation), pre_activation.dtype)

    def forward(self, inputs: Inputs):
        """The states to keep for BPTT, and what is asked for: all states and the last, or it."""
        states = equations.recurrence(
            swap_time_and_batch(inputs.x),
            inputs.kernel,
            inputs.recurrent_kernel,
            inputs.bias,
            inputs.initial_state,
            activation=self.activate,
            mask=swap_time_and_batch(inputs.mask),
            dropout_mask=inputs.dropout_mask,
            scan=self.scan,
        )
        last_state = states[-1]
        return states, (swap_time_and_batch(states), last_state) if self.all_states else last_state

    def local_errors(self, inputs: Inputs, states: Tensor, upstream: tuple, whole: bool = False):
        """BPTT's loop: the local errors (`whole`: the errors), and the initial state's gradient."""
        kept = states
        if self.derivative is None:
            previous_states = equations.states_before(states, inputs.initial_state)
            kept = equations.pre_activation(
                equations.project_inputs(swap_time_and_batch(inputs.x), inputs.kernel),
                inputs.bias,
                equations.project_states(
                    previous_states, inputs.recurrent_kernel, inputs.dropout_mask
                ),
            )
        return equations.local_errors(
            kept,
            inputs.recurrent_kernel,
            swap_time_and_batch(upstream[0]) if self.all_states else None,
            upstream[-1],
            activation_backward=self.activation_backward,
            mask=swap_time_and_batch(inputs.mask),
            dropout_mask=inputs.dropout_mask,
            truncate=self.truncation(states),
            whole=whole,
            scan=self.scan,
        )

    def truncation(self, states: Tensor) -> int | Tensor | None:
        """`truncate_bptt`, or less where that is the same: no loss goes back before a_0."""
        if self.truncate_bptt is None:
            return None
        all_of_it = ops.shape(states)[0] + 1
        if isinstance(all_of_it, int):
            return self.truncate_bptt if self.truncate_bptt < all_of_it else None
        return ops.minimum(self.truncate_bptt, all_of_it)

    def gradients(self, local_errors: Callable, inputs: Inputs, states: Tensor, upstream: tuple):
        """BPTT: ∂L/∂ each input that is given and differentiable, in their order."""
        local_error, initial_state = local_errors(inputs, states, upstream)
        kernel, recurrent_kernel, bias = equations.parameter_gradients(
            swap_time_and_batch(inputs.x),
            states,
            inputs.initial_state,
            local_error,
            inputs.dropout_mask,
        )
        x = swap_time_and_batch(equations.input_gradient(local_error, inputs.kernel))
        biases = [] if inputs.bias is None else [bias]
        return x, kernel, recurrent_kernel, *biases, initial_state

    def activation_backward(self, error: Tensor, kept: Tensor) -> Tensor:
        """e_t ⊙ φ'(â_t), from the state where φ' can be written with it."""
        if self.derivative is not None:
            return error * self.derivative(kept)
        if len(kept.shape) == 3 and not is_of_keras(self.activation):
            # Truncated, BPTT has all time steps at once; φ takes arrays (batch, units).
            def one(_, now):
                gradient = self.activation_backward(*now)
                return gradient, gradient

            return self.scan(one, error[0], (error, kept))[1]
        (gradient,) = self.vector_jacobian_product(self.activate, (kept,), error)
        return gradient


def reads_variables(run: Callable) -> bool:
    """Whether `run()` reads variables of Keras's, as weights or the state of a random generator."""
    is_read = False

    class Noting(keras.StatelessScope):
        def get_current_value(self, variable):
            nonlocal is_read
            is_read = True
            # Within JAX's `fit` the variable itself has none; which one it is doesn't matter here.
            return ops.zeros(variable.shape, variable.dtype)

    with Noting():
        run()
    return is_read


def activated(activation: Callable, pre_activation: Tensor) -> Tensor:
    """φ(â_t).

    Raises:
        ValueError: If that is no array of the same shape.
    """
    state = activation(pre_activation)
    if not _has_shape_of(state, pre_activation):
        raise ValueError(
            "`activation` must give an array of the shape of the pre-activations, "
            f"{tuple(pre_activation.shape)}, got "
            f"{tuple(state.shape) if hasattr(state, 'shape') else kind_of(state)}."
        )
    return state


def _has_shape_of(array, other):
    """Whether two arrays have the same shape, as far as it is known while a graph is traced."""
    try:
        sizes = tuple(array.shape)
    except AttributeError:
        return False
    except ValueError:  # not even the rank is known
        return True
    return len(sizes) == len(other.shape) and all(
        one == two
        for one, two in zip(sizes, other.shape, strict=True)
        if isinstance(one, int) and isinstance(two, int)
    )


def unrolled_scan(f: Callable, init, xs=None, length: int | None = None, reverse: bool = False):
    """`keras.ops.scan` without a loop of the backend's: `f` stands there once for each iteration.

    The length must be known.
    """
    if length is None:
        length = ops.shape(tree.flatten(xs)[0])[0]
    carry, ys = init, [None] * length
    for index in reversed(range(length)) if reverse else range(length):
        now = tree.map_structure(lambda x, index=index: x[index], xs or ())
        carry, ys[index] = f(carry, now)
    return carry, ops.stack(ys) if xs else None


def as_tensor(array: Any) -> Tensor:
    """A NumPy array as a tensor of its dtype, which Keras would not keep on every backend."""
    return ops.convert_to_tensor(array, array.dtype.name)


def swap_time_and_batch(array: Tensor | None) -> Tensor | None:
    """`(batch, time, ...)` to `(time, batch, ...)` and back; `None` stays `None`."""
    return None if array is None else ops.swapaxes(array, 0, 1)
