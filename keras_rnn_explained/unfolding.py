"""What happened at each time step: the numbers of a forward pass, laid out along time.

Unfolding changes nothing about a layer. It writes the one recurrence down once for each time step,
so that every copy can be looked at; the parameters stay the same three arrays throughout.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from keras_rnn_explained import equations
from keras_rnn_explained.execution import Inputs, swap_time_and_batch
from keras_rnn_explained.layer import ExplainedRNN

Array = NDArray[Any]


# `eq=False`: `==` on arrays gives an array, so the comparison that a dataclass would write could
# only fail. `repr=False` keeps what is shown to one readable line.
@dataclass(frozen=True, eq=False)
class Unfolding:
    """One forward pass, time step by time step. All arrays have the layer's compute dtype.

    At every time step t, with the same three parameters,

        pre_activation_t = input_projection_t + bias + recurrent_projection_t
        state_t = activation(pre_activation_t)

    Time steps stand in the order in which the layer went through them: with `go_backwards`, index 0
    is the last time step of the sequence that was given.

    Attributes:
        x: x_t, `(batch, time, features)`.
        input_projection: x_t·kernel, without the bias, `(batch, time, units)`.
        recurrent_projection: a_{t−1}·recurrent_kernel, `(batch, time, units)`.
        pre_activation: â_t, `(batch, time, units)`.
        previous_state: a_{t−1}, `(batch, time, units)`; at index 0 the initial state a_0.
        state: a_t, `(batch, time, units)`: what the layer returns with `return_sequences=True`.
        kernel: W_ax, `(features, units)`.
        recurrent_kernel: W_aa, `(units, units)`.
        bias: b_a, `(units,)`, or `None` without one.
        activation: Name of φ.
        go_backwards: Whether the layer started at the end of the sequence.
    """

    x: Array = field(repr=False)
    input_projection: Array = field(repr=False)
    recurrent_projection: Array = field(repr=False)
    pre_activation: Array = field(repr=False)
    previous_state: Array = field(repr=False)
    state: Array = field(repr=False)
    kernel: Array = field(repr=False)
    recurrent_kernel: Array = field(repr=False)
    bias: Array | None = field(repr=False)
    activation: str
    go_backwards: bool

    @property
    def batch(self) -> int:
        """Number of samples."""
        return self.state.shape[0]

    @property
    def time(self) -> int:
        """Number of time steps."""
        return self.state.shape[1]

    @property
    def units(self) -> int:
        """Size of the hidden state."""
        return self.state.shape[2]

    @property
    def features(self) -> int:
        """Size of the input at one time step."""
        return self.x.shape[2]

    def __repr__(self) -> str:
        sizes = ", ".join(
            f"{size}={getattr(self, size)}" for size in ("batch", "time", "features", "units")
        )
        backwards = ", go_backwards=True" if self.go_backwards else ""
        return f"Unfolding({sizes}, activation={self.activation!r}{backwards})"


def unfold(layer: ExplainedRNN, x: Any, initial_state: Any = None) -> Unfolding:
    """Runs the layer on `x` and keeps what it computed at each time step.

    The states come from the very program that a call of the layer runs, as in inference: without
    dropout, and without a mask. Nothing about the layer changes; a layer that is not built yet is
    built, and a `stateful` one starts from its state but does not move on.

    Args:
        layer: An `ExplainedRNN`.
        x: The input, `(batch, time, features)`.
        initial_state: a_0, `(batch, units)`; zeros by default, or the state of a `stateful` layer.

    Returns:
        The `Unfolding`, whose arrays are copies.

    Raises:
        TypeError: If `layer` is no `ExplainedRNN`.
        ValueError: If `x` or `initial_state` is not of the shape above.

    Examples:
        >>> import numpy as np
        >>> layer = ExplainedRNN(4)
        >>> unfolding = unfold(layer, np.ones((2, 10, 3), "float32"))
        >>> unfolding
        Unfolding(batch=2, time=10, features=3, units=4, activation='tanh')
        >>> bool(np.allclose(unfolding.state[:, -1], layer(np.ones((2, 10, 3)))))
        True
    """
    if not isinstance(layer, ExplainedRNN):
        raise TypeError(
            f"`layer` must be an ExplainedRNN, got {_described(layer)}. Of a model, pass the layer "
            "itself, as in `unfold(model.layers[0], x)`; of a Bidirectional, its `forward_layer`."
        )
    if getattr(x, "_keras_mask", None) is not None:
        raise ValueError(
            "`x` carries a mask, as what comes from an Embedding or a Masking layer does, and "
            "`unfold` can't take masks into account yet: its numbers would not be those of the "
            "model. Pass sequences without padding, as in `np.array(x)`."
        )
    x = ops.convert_to_tensor(x, layer.compute_dtype)
    layer._check(x.shape)
    if not layer.built:
        layer.build(tuple(x.shape))
    a_0 = layer._initial_state(x, initial_state)
    if layer.go_backwards:
        x = ops.flip(x, axis=1)
    kernel, recurrent_kernel, bias = (
        weight if weight is None else ops.convert_to_tensor(weight, layer.compute_dtype)
        for weight in (layer.kernel, layer.recurrent_kernel, layer.bias)
    )
    states, _ = layer._executor(Inputs(x, kernel, recurrent_kernel, bias, a_0), all_states=True)

    previous_states = swap_time_and_batch(equations.states_before(swap_time_and_batch(states), a_0))
    input_projection = equations.project_inputs(x, kernel)
    recurrent_projection = equations.project_states(previous_states, recurrent_kernel)
    return Unfolding(
        x=_copy(x),
        input_projection=_copy(input_projection),
        recurrent_projection=_copy(recurrent_projection),
        pre_activation=_copy(equations.add_up(input_projection, bias, recurrent_projection)),
        previous_state=_copy(previous_states),
        state=_copy(states),
        kernel=_copy(kernel),
        recurrent_kernel=_copy(recurrent_kernel),
        bias=None if bias is None else _copy(bias),
        activation=getattr(layer.activation, "__name__", type(layer.activation).__name__),
        go_backwards=layer.go_backwards,
    )


def _copy(tensor: Any) -> Array:
    # A copy: NumPy may otherwise share, read-only, the memory of the backend's tensor.
    return np.array(ops.convert_to_numpy(tensor))


def _described(layer: Any) -> str:
    name = getattr(layer, "name", None)
    return type(layer).__name__ if name is None else f"{type(layer).__name__} {name!r}"
