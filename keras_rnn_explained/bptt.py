"""Where each part of each gradient came from: back-propagation through time, laid out along time.

The gradient of a parameter is a sum over all time steps. Here are its summands, and how much of a
loss at one time step reaches an earlier one.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from keras_rnn_explained import activations, backends, equations, validation
from keras_rnn_explained.execution import Computation, Inputs, as_tensor, swap_time_and_batch
from keras_rnn_explained.losses import loss_function, loss_value
from keras_rnn_explained.recording import Call, recording
from keras_rnn_explained.results import Result
from keras_rnn_explained.tables import BY_FEATURE, BY_UNIT, Quantity
from keras_rnn_explained.unfolding import (
    Look,
    Unfolding,
    check_that_it_runs_again,
    copy,
    evenly,
    unfolding_of,
    wide,
)

Array = NDArray[Any]

MOST_AT_ONCE = 2**22
"""How many numbers of summands are computed at once."""

PARAMETERS = ("kernel", "recurrent_kernel", "bias")


@dataclass(frozen=True, eq=False)
class Flow:
    """How much of the loss at one time step reaches another one.

    Attributes:
        loss_steps: s, the time steps whose loss is followed: indices, ascending.
        size: `(len(loss_steps), time)`: at `[i, t]` the norm over batch and units of ∂L_s/∂a_t,
            where L_s is the part of the loss that sees a_s directly, and s is `loss_steps[i]`. 0
            for t > s.
        samples: How many samples of the batch it counts.
        is_whole: Whether every time step that has a loss is followed.
    """

    loss_steps: Array
    size: Array
    samples: int
    is_whole: bool


@dataclass(frozen=True, eq=False)
class Gradients(Result):
    """One backward pass through a layer, time step by time step.

    With g_t the upstream gradient, at every time step t from the last to the first

        error_t = upstream_t + what comes back from t + 1
        local_error_t = error_t ⊙ activation'(pre_activation_t)

    and each parameter's gradient is the sum over t of what its use at t contributes. All arrays
    have the layer's compute dtype; time steps stand in the order in which the layer went through
    them.

    Attributes:
        unfolding: The forward pass that it belongs to.
        loss: The value of the loss L.
        upstream: g_t, what reaches a_t from outside the layer, `(batch, time, units)`.
        error: e_t, the whole ∂L/∂a_t, `(batch, time, units)`.
        local_error: d_t = ∂L/∂â_t, `(batch, time, units)`.
        x: ∂L/∂x_t, `(batch, time, features)`.
        initial_state: ∂L/∂a_0, `(batch, units)`.
        kernel: ∂L/∂W_ax of this call of the layer, without regularizers, `(features, units)`.
        recurrent_kernel: ∂L/∂W_aa likewise, `(units, units)`.
        bias: ∂L/∂b_a likewise, `(units,)`, or `None` without a bias.
        truncate_bptt: Over how many time steps a loss was taken back; `None` is all.
    """

    unfolding: Unfolding
    loss: float
    upstream: Array = field(repr=False)
    error: Array = field(repr=False)
    local_error: Array = field(repr=False)
    x: Array = field(repr=False)
    initial_state: Array = field(repr=False)
    kernel: Array = field(repr=False)
    recurrent_kernel: Array = field(repr=False)
    bias: Array | None = field(repr=False)
    truncate_bptt: int | None
    _program: Computation | None = field(repr=False, default=None)

    QUANTITIES: ClassVar = {
        "upstream": Quantity("g_t", "upstream gradient", BY_UNIT),
        "error": Quantity("e_t", "error", BY_UNIT),
        "local_error": Quantity("d_t", "local error", BY_UNIT),
        "x": Quantity("∂L/∂x_t", "gradient of the input", BY_FEATURE),
        "initial_state": Quantity("∂L/∂a_0", "gradient of the initial state", ("sample", "unit")),
        "kernel": Quantity("∂L/∂W_ax", "gradient of the kernel", ("feature", "unit")),
        "recurrent_kernel": Quantity(
            "∂L/∂W_aa", "gradient of the recurrent kernel", ("previous_unit", "unit")
        ),
        "bias": Quantity("∂L/∂b_a", "gradient of the bias", ("unit",)),
    }

    @property
    def spectral_radius(self) -> float:
        """Largest |eigenvalue| of the recurrent kernel; NaN where that is not finite.

        For the linear network, and in general where |φ'| ≤ 1, gradients vanish in the long run if
        it is below 1 (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural
        networks", ICML 2013, section 2.1).
        """
        recurrent_kernel = wide(self.unfolding.recurrent_kernel)
        if not np.isfinite(recurrent_kernel).all():
            return np.nan
        return float(np.abs(np.linalg.eigvals(recurrent_kernel)).max())

    @classmethod
    def load(cls, path: str | os.PathLike[str], activation: Any = None) -> Self:
        """Reads what `save` wrote. Nothing in the file is run: it holds numbers and text alone.

        Args:
            path: The file.
            activation: The layer's activation. `flow` and `jacobian` need it; only where Keras does
                not know it by its name, as one that is neither built in nor registered, must it be
                given.

        Raises:
            TypeError: If `path` is no path.
            ValueError: If it is no such file, of a newer version of the format, of another kind of
                result, damaged, or if an array is missing or does not fit the others; and if
                `activation` is neither a function nor Keras's name of one.
            OSError: If it can't be read.
        """
        given = None if activation is None else keras.activations.get(activation)
        return super().load(path)._with(given)

    def _values(self) -> dict[str, Any]:
        known = None if self._program is None else activations.name_of(self._program.activation)
        return {**super()._values(), "activation": known}

    @classmethod
    def _made_of(cls, arrays, values, within=""):
        made = super()._made_of(arrays, values, within)
        return made._with(activations.named(values.get("activation")))

    def _with(self, activation):
        """The same with this activation, if there is one."""
        if activation is None:
            return self
        program = backends.current().computation(activation, self.truncate_bptt)
        return replace(self, _program=program)

    def summands(self, parameter: str, start: int = 0, stop: int | None = None) -> Iterator[Array]:
        """What each use of a parameter adds to its gradient, one time step after the other.

        Args:
            parameter: `"kernel"`, `"recurrent_kernel"` or `"bias"`.
            start: The first time step.
            stop: The time step before which to stop; `None` is the end. Both as in a slice.

        Returns:
            For each time step an array of the parameter's shape, summed over the batch. They are
            computed a few at a time, so that a long sequence needs no more memory than a short one.

        Raises:
            TypeError: If `start` or `stop` is no integer.
            ValueError: If the layer has no such parameter.
        """
        validation.integer("start", start)
        if stop is not None:
            validation.integer("stop", stop)
        self._check_parameter(parameter)
        return chain.from_iterable(self._chunks(parameter, start, stop))

    def summand_norms(self, parameter: str) -> Array:
        """The Euclidean (Frobenius) norm of each time step's summand, `(time,)`, in float64.

        Args:
            parameter: `"kernel"`, `"recurrent_kernel"` or `"bias"`.

        Raises:
            ValueError: If the layer has no such parameter.
        """
        self._check_parameter(parameter)
        # Of rows at once: the norm of one array is a `dot`, which waits for threads each time.
        return np.concatenate(
            [
                np.linalg.norm(wide(chunk).reshape(len(chunk), -1), axis=1)
                for chunk in self._chunks(parameter)
            ]
        )

    def _check_parameter(self, parameter: str) -> None:
        given = [name for name in PARAMETERS if getattr(self, name) is not None]
        if parameter not in given:
            raise ValueError(
                f"`parameter` must be {', '.join(map(repr, given))}, got {parameter!r}."
            )

    def _chunks(self, parameter: str, start: int = 0, stop: int | None = None) -> Iterator[Array]:
        """The summands of some time steps at once, as many as `MOST_AT_ONCE` allows."""
        u = self.unfolding
        if parameter == "bias":  # what it is multiplied by is 1
            left, mask = np.ones((u.batch, u.time, 1), u.state.dtype), None
        elif parameter == "kernel":
            left, mask = u.x, u.input_dropout_mask
        else:
            left, mask = u.previous_state, u.recurrent_dropout_mask
        shape = getattr(self, parameter).shape
        length = max(1, MOST_AT_ONCE // int(np.prod(shape)))
        first, last, _ = slice(start, stop).indices(u.time)
        for t in range(first, last, length):
            steps = slice(t, min(t + length, last))
            used = left[:, steps] if mask is None else left[:, steps] * mask[:, None]
            both = (used, self.local_error[:, steps])
            summands = equations.summands(*(swap_time_and_batch(as_tensor(one)) for one in both))
            yield copy(summands).reshape(-1, *shape)

    def flow(self, most_steps: int = 32, most_samples: int | None = None) -> Flow:
        """Follows the loss at each time step back through time.

        It costs as much as a backward pass for each time step that has a loss, so of many only
        evenly spread ones are followed.

        Args:
            most_steps: How many time steps' losses to follow at most; the last one is among them.
            most_samples: How many samples of the batch to count, the first ones; `None` is all.

        Raises:
            TypeError: If `most_steps` or `most_samples` is no number.
            ValueError: If one of them is not a positive integer.
        """
        validation.positive_integer("most_steps", most_steps)
        if most_samples is not None:
            validation.positive_integer("most_samples", most_samples)
        upstream = as_tensor(self.upstream[:most_samples])
        has_loss = np.flatnonzero(np.any(self.upstream[:most_samples] != 0, axis=(0, 2)))
        steps = has_loss[evenly(len(has_loss), most_steps)]
        size = np.zeros((len(steps), self.unfolding.time))
        if len(steps) == 0:
            return Flow(steps, size, len(upstream), is_whole=True)
        back = StepBack(self, slice(most_samples))
        last = int(steps[-1])
        error = ops.zeros((len(steps), *upstream[:, 0].shape), upstream.dtype)
        for t in range(last, -1, -1):
            alive = (steps >= t) & (steps < t + (self.truncate_bptt or last + 1))
            starts = as_tensor((steps == t)[:, None, None])
            error = ops.where(starts, upstream[:, t], error)
            size[:, t] = np.where(alive, np.linalg.norm(wide(copy(error)), axis=(1, 2)), 0)
            error = back(error, t)
        return Flow(steps, size, len(upstream), is_whole=len(steps) == len(has_loss))

    def jacobian(self, later: int, earlier: int, sample: int = 0) -> Array:
        """∂a_s/∂a_t of one sample, `(units, units)`: at `[i, j]` ∂a_s[i]/∂a_t[j].

        It is the product of ∂a_r/∂a_{r−1} over r = t + 1 … s (Pascanu et al., 2013, equation 5),
        and shows what the recurrence does to a gradient whatever the loss; `truncate_bptt` plays no
        part.

        Args:
            later: s, an index; negative counts from the end.
            earlier: t, likewise, at most s.
            sample: Which sample of the batch.

        Raises:
            TypeError: If one of them is no integer.
            ValueError: If there are no such time steps, or `earlier` is after `later`.
            IndexError: If there is no such sample.
        """
        for name, step in (("later", later), ("earlier", earlier)):
            validation.integer(name, step)
        time = self.unfolding.time
        s, t = (step + time if step < 0 else step for step in (later, earlier))
        if not 0 <= t <= s < time:
            raise ValueError(
                f"`later` must be a time step from 0 to {time - 1} and `earlier` one up to it, got "
                f"{later!r} and {earlier!r}."
            )
        *_, (_, jacobian) = self._jacobians(s, t, sample)
        return jacobian

    def jacobian_norms(self, sample: int = 0, most_steps: int = 32) -> tuple[Array, Array]:
        """How the last state depends on the earlier ones: the spectral norm of ∂a_T/∂a_t.

        Args:
            sample: Which sample of the batch.
            most_steps: For how many t at most, spread evenly; each costs a singular value
                decomposition.

        Returns:
            The time steps t, ascending, and the norms, 1 for the last.

        Raises:
            TypeError: If `most_steps` is no number, or `sample` no integer.
            ValueError: If `most_steps` is not a positive integer.
            IndexError: If there is no such sample.
        """
        last = self.unfolding.time - 1
        steps = evenly(last + 1, validation.positive_integer("most_steps", most_steps))
        norms = {
            t: np.linalg.norm(wide(jacobian), 2)
            for t, jacobian in self._jacobians(last, 0, sample)
            if t in steps
        }
        return steps, np.array([norms[t] for t in steps])

    def _jacobians(self, later: int, earlier: int, sample: int):
        """∂a_s/∂a_t for t = s … `earlier`: each row is one unit of a_s, followed back."""
        batch = self.unfolding.batch
        validation.integer("sample", sample)
        if not -batch <= sample < batch:
            raise IndexError(f"`sample` must be from 0 to {batch - 1}, got {sample!r}.")
        back = StepBack(self, [sample])
        error = ops.eye(self.unfolding.units, dtype=self.error.dtype.name)[:, None]
        for t in range(later, earlier - 1, -1):
            yield t, copy(error)[:, 0]
            if t > earlier:
                error = back(error, t)

    def __repr__(self) -> str:
        u = self.unfolding
        truncated = "" if self.truncate_bptt is None else f", truncate_bptt={self.truncate_bptt}"
        return (
            f"Gradients({u.layer!r}, loss={self.loss:.6g}, batch={u.batch}, time={u.time}, "
            f"features={u.features}, units={u.units}{truncated})"
        )


def backpropagate(
    model: Any,
    x: Any,
    y: Any = None,
    loss: Any = None,
    layer: Any = None,
    *,
    sample_weight: Any = None,
    call: int | None = None,
    training: bool = False,
    initial_state: Any = None,
    mask: Any = None,
) -> Any:
    """Computes a loss and takes it back through the recurrent layers of a model.

    Nothing about the model changes: neither weights nor the optimizer nor the states of `stateful`
    layers nor seeds.

    Args:
        model: See `unfold`.
        x: See `unfold`.
        y: The targets, as in `fit`.
        loss: A Keras loss, its name, or a function of targets and outputs; by default the one that
            the model was compiled with, its regularizers included.
        layer: See `unfold`.
        sample_weight: As in `fit`.
        call: See `unfold`.
        training: See `unfold`.
        initial_state: See `unfold`.
        mask: See `unfold`.

    Returns:
        The `Gradients`; for a list of layers, a dict of them by path.

    Raises:
        TypeError: If `model` is no model or layer.
        ValueError: As `unfold`; and if there is no loss, if `y` does not fit the model's outputs,
            or if the activation is random.

    Examples:
        >>> import numpy as np
        >>> from keras_rnn_explained import ExplainedRNN
        >>> layer = ExplainedRNN(4, name="rnn")
        >>> x, y = np.ones((2, 10, 3), "float32"), np.ones((2, 4), "float32")
        >>> gradients = backpropagate(layer, x, y, loss="mse")
        >>> gradients.local_error.shape
        (2, 10, 4)
        >>> whole = sum(gradients.summands("recurrent_kernel"))
        >>> bool(np.allclose(whole, gradients.recurrent_kernel, atol=1e-6))
        True

    Source: P. J. Werbos, "Backpropagation Through Time: What It Does and How to Do It", Proceedings
    of the IEEE 78 (1990).
    """
    look = Look(model, x, layer, initial_state=initial_state, mask=mask)
    loss_of = loss_function(look, y, loss, sample_weight)

    def run(watch):
        # Within, Keras asks the scope for the variables that it regularizes.
        known = [(v, v.value) for v in look.model.trainable_weights if v.regularizer is not None]
        with keras.StatelessScope(known, collect_losses=True), recording(watch) as calls:
            outputs = look.run(training)
            return loss_value(loss_of, outputs, y, sample_weight), calls

    value, chosen, upstream = backends.current().upstream_gradients(
        run, lambda calls: look.calls_of(calls, call)
    )
    all_gradients = {
        path: _gradients_of(path, one, float(copy(value)), upstream[path])
        for path, one in chosen.items()
    }
    return all_gradients if isinstance(layer, (list, tuple)) else next(iter(all_gradients.values()))


class StepBack:
    """Takes errors of any number, `(errors, batch, units)`, from one time step to that before.

    Called with the errors e_t and the index t, it gives what reaches a_{t−1} of them.

    Args:
        gradients: The backward pass whose states, mask and recurrent kernel to take.
        samples: Which samples of its batch the errors are of: a slice or indices.
    """

    def __init__(self, gradients: Gradients, samples: Any):
        u = gradients.unfolding
        program = gradients._program
        if program is None:
            raise ValueError(
                f"The activation {u.activation!r} of these gradients is not known by its name, and "
                "without it no error can be followed back. Give it when they are loaded: "
                "`Gradients.load(path, activation=...)`."
            )
        self.kept = as_tensor(
            (u.pre_activation if program.derivative is None else u.state)[samples]
        )
        self.mask = u.mask
        if u.mask is not None:
            self.mask = as_tensor((u.mask if u.mask.ndim == 3 else u.mask[..., None])[samples])
        self.dropout_mask = u.recurrent_dropout_mask
        if self.dropout_mask is not None:
            self.dropout_mask = as_tensor(self.dropout_mask[samples])
        self.transposed = as_tensor(u.recurrent_kernel.T)
        self.activation_backward = program.activation_backward

    def __call__(self, error, t):
        # An activation may look at all units of a state, so it gets the kept ones in full.
        kept = ops.broadcast_to(self.kept[:, t], error.shape)
        passed_back, _ = equations.pass_back(
            error,
            kept,
            self.transposed,
            activation_backward=self.activation_backward,
            mask=None if self.mask is None else self.mask[:, t],
            dropout_mask=self.dropout_mask,
        )
        return passed_back


def _gradients_of(path: str, call: Call, loss: float, upstream: tuple) -> Gradients:
    """BPTT through a recorded call, from the gradients of its states and of its last state."""
    # Out of the layer's call, weights are not cast to its compute dtype by themselves.
    dtypes = dict.fromkeys(Inputs._fields, call.layer.compute_dtype) | {"mask": "bool"}
    inputs = Inputs(
        **{
            name: given if given is None else ops.convert_to_tensor(given, dtypes[name])
            for name, given in call.inputs._asdict().items()
        }
    )
    of_states, of_last_state = (
        ops.zeros_like(outputs) if gradient is None else ops.convert_to_tensor(gradient)
        for gradient, outputs in zip(upstream, (call.states, call.last_state), strict=True)
    )
    # The last state is a_T, by whichever name it leaves the layer.
    of_states = ops.concatenate(
        [of_states[:, :-1], of_states[:, -1:] + of_last_state[:, None]], axis=1
    )
    outside = of_states, ops.zeros_like(of_last_state)
    program, unfolding = call.layer._executor.computation(inputs), unfolding_of(path, call)
    check_that_it_runs_again(unfolding, program)
    states = swap_time_and_batch(call.states)
    local_error, initial_state = program.run_local_errors(inputs, states, outside)
    error, _ = program.run_errors(inputs, states, outside)
    x, kernel, recurrent_kernel, *bias, _ = program.gradients(
        lambda *_: (local_error, initial_state), inputs, states, outside
    )
    if call.input_dropout_mask is not None:
        x = x * call.input_dropout_mask[:, None]
    return Gradients(
        unfolding=unfolding,
        loss=loss,
        upstream=copy(of_states),
        error=copy(swap_time_and_batch(error)),
        local_error=copy(swap_time_and_batch(local_error)),
        x=copy(x),
        initial_state=copy(initial_state),
        kernel=copy(kernel),
        recurrent_kernel=copy(recurrent_kernel),
        bias=copy(bias[0]) if bias else None,
        truncate_bptt=call.layer.truncate_bptt,
        _program=program,
    )
