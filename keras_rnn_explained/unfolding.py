"""What happened at each time step: the numbers of a forward pass, laid out along time.

Unfolding changes nothing about a layer. It writes the one recurrence down once for each time step,
so that every copy can be looked at; the parameters stay the same three arrays throughout.
"""

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from keras_rnn_explained import backends, equations, validation
from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.convert import swap
from keras_rnn_explained.execution import Computation, as_tensor, swap_time_and_batch
from keras_rnn_explained.finding import RECURRENT, chosen_layers, recurrent_layers
from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.recording import Call, recording
from keras_rnn_explained.results import Result
from keras_rnn_explained.tables import BY_FEATURE, BY_UNIT, Quantity

Array = NDArray[Any]

SAME = 0.02
"""A state is the same again if it differs by no more than this, or this part of it."""

MOST_JUMPS = 0.01
"""For which part of the states an activation that jumps may give something else by rounding."""


# `eq=False`: `==` on arrays gives an array, so the comparison that a dataclass would write could
# only fail. `repr=False` keeps what is shown to one readable line.
@dataclass(frozen=True, eq=False)
class Unfolding(Result):
    """One forward pass, time step by time step. All arrays have the layer's compute dtype.

    At every time step t, with the same three parameters,

        pre_activation_t = input_projection_t + bias + recurrent_projection_t
        state_t = activation(pre_activation_t)        or previous_state_t where the mask is False

    Time steps stand in the order in which the layer went through them: with `go_backwards`, index 0
    is the last time step of the sequence that was given.

    Attributes:
        layer: Path of the layer in its model.
        x: x_t, `(batch, time, features)`, before dropout.
        input_projection: x_t·kernel, without the bias, `(batch, time, units)`.
        recurrent_projection: a_{t−1}·recurrent_kernel, `(batch, time, units)`.
        pre_activation: â_t, `(batch, time, units)`.
        previous_state: a_{t−1}, `(batch, time, units)`; at index 0 the initial state a_0.
        state: a_t, `(batch, time, units)`: what the layer returns with `return_sequences=True`.
        kernel: W_ax, `(features, units)`.
        recurrent_kernel: W_aa, `(units, units)`.
        bias: b_a, `(units,)`, or `None` without one.
        mask: `(batch, time)`, `False` where the state stayed as it was, or `None` without a mask;
            `(batch, time, units)` if it came so.
        input_dropout_mask: What x_t was multiplied by before the kernel, the same at all time
            steps, `(batch, features)`, or `None` without dropout.
        recurrent_dropout_mask: What a_{t−1} was multiplied by before the recurrent kernel,
            `(batch, units)`, or `None`.
        activation: Name of φ.
        go_backwards: Whether the layer started at the end of the sequence.
    """

    layer: str
    x: Array = field(repr=False)
    input_projection: Array = field(repr=False)
    recurrent_projection: Array = field(repr=False)
    pre_activation: Array = field(repr=False)
    previous_state: Array = field(repr=False)
    state: Array = field(repr=False)
    kernel: Array = field(repr=False)
    recurrent_kernel: Array = field(repr=False)
    bias: Array | None = field(repr=False)
    mask: Array | None = field(repr=False)
    input_dropout_mask: Array | None = field(repr=False)
    recurrent_dropout_mask: Array | None = field(repr=False)
    activation: str
    go_backwards: bool

    QUANTITIES: ClassVar = {
        "x": Quantity("x_t", "input", BY_FEATURE),
        "input_projection": Quantity("x_t·W_ax", "input projection", BY_UNIT),
        "recurrent_projection": Quantity("a_{t−1}·W_aa", "recurrent projection", BY_UNIT),
        "pre_activation": Quantity("â_t", "pre-activation", BY_UNIT),
        "previous_state": Quantity("a_{t−1}", "previous hidden state", BY_UNIT),
        "state": Quantity("a_t", "hidden state", BY_UNIT),
        "kernel": Quantity("W_ax", "kernel", ("feature", "unit")),
        "recurrent_kernel": Quantity("W_aa", "recurrent kernel", ("previous_unit", "unit")),
        "bias": Quantity("b_a", "bias", ("unit",)),
        "mask": Quantity("m_t", "mask", BY_UNIT, is_shared=True),
        "input_dropout_mask": Quantity("r_x", "input dropout mask", ("sample", "feature")),
        "recurrent_dropout_mask": Quantity("r", "recurrent dropout mask", ("sample", "unit")),
    }

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
        return f"Unfolding({self.layer!r}, {sizes}, activation={self.activation!r}{backwards})"


def unfold(
    model: Any,
    x: Any,
    layer: Any = None,
    *,
    call: int | None = None,
    training: bool = False,
    initial_state: Any = None,
    mask: Any = None,
) -> Any:
    """Runs a model on `x` and keeps what its recurrent layers computed at each time step.

    The states are those of this very run. Nothing about the model changes: neither weights nor the
    states of `stateful` layers nor seeds. A `SimpleRNN` is looked at through an `ExplainedRNN` with
    its weights, in a copy of the model.

    Args:
        model: A built model that holds an `ExplainedRNN` or a `SimpleRNN`, however deep, or such a
            layer alone, or a wrapper around one.
        x: The model's input; for a layer alone `(batch, time, features)`.
        layer: Which layer: its name, its path (see `recurrent_layers`), the layer itself, or a list
            of these. It may be left out where there is only one.
        call: Which of its calls, from 0, where the layer is called several times in one run, as a
            shared one is or one inside `TimeDistributed`.
        training: Whether dropout is active, with the masks that the next training step would use.
        initial_state: a_0, `(batch, units)`, for a layer alone; zeros by default, or the state of a
            `stateful` layer.
        mask: `(batch, time)`, for a layer alone.

    Returns:
        The `Unfolding`, whose arrays are copies; for a list of layers, a dict of them by path.

    Raises:
        TypeError: If `model` is no model or layer, if `x` is no array, or `call` no integer.
        ValueError: If there is no such layer or call, if several fit, if the model is not built, or
            if `x`, `initial_state` or `mask` is not of the shape above.

    Examples:
        >>> import numpy as np
        >>> layer = ExplainedRNN(4, name="rnn")
        >>> unfolding = unfold(layer, np.ones((2, 10, 3), "float32"))
        >>> unfolding
        Unfolding('rnn', batch=2, time=10, features=3, units=4, activation='tanh')
        >>> bool(np.allclose(unfolding.state[:, -1], layer(np.ones((2, 10, 3)))))
        True
    """
    look = Look(model, x, layer, initial_state=initial_state, mask=mask)
    with keras.StatelessScope(), recording() as calls:
        look.run(training)
    unfoldings = {path: unfolding_of(path, one) for path, one in look.calls_of(calls, call).items()}
    return unfoldings if isinstance(layer, (list, tuple)) else next(iter(unfoldings.values()))


class Look:
    """A model about to be looked at on some input, every recurrent layer in it explained.

    Args:
        model: See `unfold`.
        x: See `unfold`.
        layer: See `unfold`.
        initial_state: See `unfold`.
        mask: See `unfold`.

    Attributes:
        model: The model, or its copy with `ExplainedRNN` in place of `SimpleRNN`.
        layers: The layers to look at, by path.
        x: The input, ready for the model.
    """

    def __init__(self, model: Any, x: Any, layer: Any, initial_state: Any = None, mask: Any = None):
        self.layers = chosen_layers(model, layer)
        self.is_layer = isinstance(model, RECURRENT)
        given = {"initial_state": initial_state, "mask": mask}
        self.keywords = {name: value for name, value in given.items() if value is not None}
        self.x = validation.tensors("x", x, of_words=True)
        if self.is_layer:
            if not model.built:
                model.build(tuple(self.x.shape))
        elif self.keywords:
            raise ValueError(
                f"`{next(iter(self.keywords))}` can be given for a layer alone; {model.name!r} "
                "makes its own from its input."
            )
        elif not model.built:
            raise ValueError(
                f"{type(model).__name__} {model.name!r} is not built, so it has no weights yet. "
                "Call it on data once, or give it a `keras.Input`."
            )
        if not self.is_layer:
            _check_input(model, self.x)
        if any(0 in array.shape[:1] for array in tree.flatten(self.x)):
            raise ValueError("`x` must hold at least one sequence, got none.")
        self.model = model
        if not all(isinstance(layer, ExplainedRNN) for layer in self.layers.values()):
            self.model = swap(model)
            swapped = recurrent_layers(self.model)
            self.layers = {path: swapped[path] for path in self.layers}

    def run(self, training: bool) -> Any:
        """What the model gives. To be called where calls are recorded and no variable changes."""
        with backends.current().random_state_kept():
            return self.model(self.x, training=training, **self.keywords)

    def calls_of(self, calls: list[Call], call: int | None) -> dict[str, Call]:
        """Of all recorded calls, the wanted one of each layer."""
        return {
            path: self._call_of(path, layer, calls, call) for path, layer in self.layers.items()
        }

    def _call_of(self, path, layer, calls, call):
        if call is not None and not isinstance(call, Integral):
            raise TypeError(f"`call` must be an integer, from 0, got {call!r}.")
        own = [one for one in calls if one.layer is layer]
        if not own:
            raise ValueError(f"The model did not call its layer {path!r} in this run.")
        if call is None and len(own) > 1:
            raise ValueError(
                f"Layer {path!r} is called {len(own)} times in one run. Say which call is meant: "
                f"`call` may be 0 to {len(own) - 1}."
            )
        if call is not None and not -len(own) <= call < len(own):
            raise ValueError(
                f"`call` must be 0 to {len(own) - 1}, for layer {path!r} is called {len(own)} "
                f"time{'s' * (len(own) > 1)} in one run; got {call!r}."
            )
        one = own[call or 0]
        if not backends.current().has_numbers(one.states):
            raise ValueError(
                f"The model calls its layer {path!r} inside {backends.current().TRACED}, where no "
                "numbers can be seen. Take it out of there."
            )
        return one


def _check_input(model: Any, x: Any) -> None:
    """Checks the input of a model that takes a single array; of others Keras says what is wrong.

    Raises:
        TypeError: If it is text, and the model takes numbers.
        ValueError: If it is not one array, or has another number of dimensions.
    """
    inputs, given = getattr(model, "inputs", None), tree.flatten(x)
    if inputs is None or len(inputs) != 1 or isinstance(x, dict):
        return
    expected = ("batch", *inputs[0].shape[1:])
    takes = f"`x` must be one array ({', '.join(map(str, expected))}), as {model.name!r} takes it"
    if len(given) != 1:
        raise ValueError(f"{takes}, got {len(given)}.")
    shape, dtype = tuple(given[0].shape), keras.backend.standardize_dtype(given[0].dtype)
    if dtype == "string" != keras.backend.standardize_dtype(inputs[0].dtype):
        raise TypeError(f"{takes}, of numbers, got one of text.")
    # A last axis of 1 Keras adds, and takes away.
    fewest, most = len(expected) - (expected[-1] == 1), len(expected) + (shape[-1:] == (1,))
    if not fewest <= len(shape) <= most:
        raise ValueError(f"{takes}, got {shape}. One sequence alone is `x[None]`.")


def unfolding_of(path: str, call: Call) -> Unfolding:
    """The unfolding of a recorded call of the layer at `path`."""
    inputs, layer = call.inputs, call.layer
    kernel, recurrent_kernel = (
        ops.convert_to_tensor(weight, layer.compute_dtype)
        for weight in (inputs.kernel, inputs.recurrent_kernel)
    )
    bias = None if inputs.bias is None else ops.convert_to_tensor(inputs.bias, layer.compute_dtype)
    previous_state = swap_time_and_batch(
        equations.states_before(swap_time_and_batch(call.states), inputs.initial_state)
    )
    r = inputs.dropout_mask
    input_projection = equations.project_inputs(inputs.x, kernel)
    recurrent_projection = equations.project_states(
        previous_state, recurrent_kernel, None if r is None else r[:, None]
    )
    mask = inputs.mask
    if mask is not None and mask.shape[-1] == 1:
        mask = mask[..., 0]
    return Unfolding(
        layer=path,
        x=copy(call.x),
        input_projection=copy(input_projection),
        recurrent_projection=copy(recurrent_projection),
        pre_activation=copy(equations.pre_activation(input_projection, bias, recurrent_projection)),
        previous_state=copy(previous_state),
        state=copy(call.states),
        kernel=copy(kernel),
        recurrent_kernel=copy(recurrent_kernel),
        bias=copy(bias),
        mask=copy(mask),
        input_dropout_mask=copy(call.input_dropout_mask),
        recurrent_dropout_mask=copy(r),
        activation=getattr(layer.activation, "__name__", type(layer.activation).__name__),
        go_backwards=bool(layer.go_backwards),
    )


def check_that_it_runs_again(u: Unfolding, program: Computation) -> None:
    """Checks that an activation gives the states again, for its slope is found by running it.

    Raises:
        ValueError: If it does not, as one with dropout.
    """
    if is_of_keras(program.activation):
        return
    pre_activation = as_tensor(u.pre_activation)
    again = np.stack([copy(program.activate(pre_activation[:, t])) for t in range(u.time)], axis=1)
    state = wide(u.state)
    with np.errstate(invalid="ignore"):  # NaN is not said to differ
        differs = abs(wide(again) - state) > SAME * (1 + abs(state))
    if u.mask is not None:
        differs &= u.mask.reshape(u.batch, u.time, -1)
    part = np.mean(differs)
    if part > MOST_JUMPS:
        raise ValueError(
            f"The activation {u.activation!r} of the layer {u.layer!r} must give the same when it "
            f"is run again, but gave something else for {part:.0%} of the states, as one with "
            "dropout does. Take `training=False`, or put what is random into a layer of its own."
        )


def copy(tensor: Any) -> Any:
    """The numbers of a tensor, `None` for `None`.

    A copy: NumPy may otherwise share, read-only, the memory of the backend's tensor.
    """
    return None if tensor is None else np.array(ops.convert_to_numpy(tensor))


def evenly(count: int, most: int) -> Array:
    """At most `most` of `count` indices, ascending, evenly spread, the last among them."""
    # From the end: of one index alone, NumPy gives where it starts.
    return np.linspace(count - 1, 0, min(count, most)).round().astype(int)[::-1]


def wide(array: Array) -> Array:
    """In float64: NumPy's linear algebra knows no 16 bits."""
    return np.asarray(array).astype("float64")
