"""What is wrong: numbers of a forward and a backward pass held against thresholds.

Each quantity is one that a paper names as the sign of a sickness. Its threshold lies between what
healthy networks show and what networks show that were made sick on purpose; the documentation's
page on findings has both.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import tree
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from keras_rnn_explained.bptt import PARAMETERS, Gradients, StepBack, backpropagate
from keras_rnn_explained.criteria import CRITERIA
from keras_rnn_explained.execution import as_tensor
from keras_rnn_explained.finding import chosen_layers, recurrent_layers
from keras_rnn_explained.naming import kind_of
from keras_rnn_explained.recording import recording
from keras_rnn_explained.unfolding import Look, Unfolding, copy, evenly, wide

Array = NDArray[Any]

MOST_SAMPLES = 64
"""So many samples are looked at; of more, evenly spread ones."""

MOST_STEPS = 256
"""So many time steps are looked at; of more, evenly spread ones."""

MOST_ROWS = 1024
"""The rank is taken of so many states; of more, of evenly spread ones."""

MOST_COLUMNS = 128
"""So many numbers of the input before a state, the latest ones, may make up its rank."""

LOST = 1e-6
"""A gradient of which less is left is not followed further."""

FEWEST_STEPS = 4
"""A gradient that went back over fewer time steps is judged only by `MOST_LEFT`."""

MOST_LEFT = 0.01
"""A gradient that went back over few time steps has vanished only where less than this is left."""

SATURATED = 0.005
"""A bounded activation is saturated this near to a bound, as a part of its range: |tanh| > 0.99."""

MOSTLY = 0.9
"""A unit is saturated if it is so at this part of all samples and time steps."""

BOUNDS = {
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
}
"""The least and the greatest value of each activation whose saturation is measured."""

CONSTANT = 1e-6
"""A unit that varies less than this part of its size is constant."""

FEWEST_OBSERVATIONS = 32
"""Of fewer states none is called constant."""

RICH = 5.0
"""A collapse of rank is told only where at least this effective rank was possible."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a recurrent layer, or at least not as in a healthy one.

    Attributes:
        kind: `"broken_input"`, `"dead_units"`, `"saturated_units"`, `"recurrence_unused"`,
            `"no_gradient"`, `"exploding"`, `"vanishing"` or `"rank_collapse"`.
        layer: Path of the layer in its model.
        quantity: What was measured, in a few words.
        measured: Its value.
        threshold: The value beyond which it is a finding.
        source: The paper, with the place in it.
        call: Which call of a layer that is called several times in one run, from 0; `None` where
            there is only one.

    Examples:
        >>> finding = Finding("vanishing", "rnn", "gradient kept per time step", 0.1, 0.25, "...")
        >>> print(finding)
        rnn: vanishing (gradient kept per time step 0.1, threshold 0.25)
    """

    kind: str
    layer: str
    quantity: str
    measured: float
    threshold: float
    source: str
    call: int | None = None

    def message(self, language: str = "en") -> str:
        """What was found, with the numbers.

        Args:
            language: `"en"` or `"ja"`.

        Raises:
            ValueError: If there is no text in that language.
        """
        text = _in(language, CRITERIA[self.quantity].message)
        told = text.format(measured=self.measured, threshold=self.threshold)
        return _in(language, {"en": "Layer {}: {}", "ja": "層 {}: {}"}).format(
            self._place(language), told
        )

    def advice(self, language: str = "en") -> str:
        """What to try.

        Args:
            language: `"en"` or `"ja"`.

        Raises:
            ValueError: If there is no text in that language.
        """
        return _in(language, CRITERIA[self.quantity].advice)

    def __str__(self) -> str:
        return (
            f"{self._place('en')}: {self.kind} ({self.quantity} {self.measured:.3g}, threshold "
            f"{self.threshold:.3g})"
        )

    def _place(self, language):
        if self.call is None:
            return self.layer
        return self.layer + _in(language, {"en": " (call {})", "ja": "(呼び出し {})"}).format(
            self.call
        )


def diagnose(
    model: Any,
    x: Any,
    y: Any = None,
    loss: Any = None,
    layer: Any = None,
    *,
    sample_weight: Any = None,
) -> list[Finding]:
    """Looks for what keeps the recurrent layers of a model from learning.

    Nothing about the model changes. One sickness can show in several findings: a layer without
    a recurrent kernel ignores its past, and so its gradient vanishes too. Causes stand before
    consequences.

    Give a batch as varied as those of training, such as 64 samples from all over the data. Of more
    than 64 samples or 256 time steps, evenly spread ones are looked at.

    Args:
        model: See `unfold`.
        x: See `unfold`.
        y: The targets, as in `fit`.
        loss: See `backpropagate`.
        layer: Which layers, as in `unfold`; by default all recurrent ones. A layer that is called
            several times in one run is looked at in each call.
        sample_weight: As in `fit`.

    Returns:
        The findings, layer by layer. None means that the model is healthy in what is looked at.

    Raises:
        TypeError: If `model` is no model or layer.
        ValueError: As `backpropagate`; and if `x`, `y` or `sample_weight` is not finite.

    Examples:
        >>> from keras_rnn_explained import ExplainedRNN
        >>> x = np.random.default_rng(0).normal(size=(64, 20, 8)).astype("float32")
        >>> rnn = ExplainedRNN(8, recurrent_initializer="zeros", name="rnn")
        >>> for finding in diagnose(rnn, x, x[:, 0], loss="mse"):
        ...     print(finding.kind)
        recurrence_unused
        vanishing
    """
    for name, given in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        _check_finite(name, given)
    paths = list(chosen_layers(model, list(recurrent_layers(model)) if layer is None else layer))
    look = Look(model, x, paths)
    with keras.StatelessScope(), recording() as calls:
        look.run(training=False)
    counts = Counter(id(call.layer) for call in calls)
    count = {path: counts[id(one)] for path, one in look.layers.items()}
    if layer is None and any(count.values()):
        paths = [path for path in paths if count[path]]
    findings: dict[str, list[Finding]] = {path: [] for path in paths}
    for call in range(max(1, *count.values())):
        # A layer that was never called is among the first, for `backpropagate` to say so.
        called = [path for path in paths if count[path] > call or call == 0]
        all_gradients = backpropagate(
            look.model, look.x, y, loss, called, sample_weight=sample_weight, call=call
        )
        for path, gradients in all_gradients.items():
            which = call if count[path] > 1 else None
            findings[path] += [replace(one, call=which) for one in findings_of(gradients)]
    return [finding for of_layer in findings.values() for finding in of_layer]


def findings_of(gradients: Gradients) -> list[Finding]:
    """The same as `diagnose`, from gradients that were already computed.

    Args:
        gradients: What `backpropagate` gave for one layer.

    Returns:
        The findings; none if the layer is healthy in what is looked at.

    Raises:
        TypeError: If `gradients` is something else.
    """
    findings: dict[str, Finding] = {}
    for quantity, measured in measures(gradients).items():
        criterion = CRITERIA[quantity]
        if criterion.is_met_by(measured):
            finding = Finding(
                criterion.kind,
                gradients.unfolding.layer,
                quantity,
                measured,
                criterion.threshold,
                criterion.source,
            )
            findings.setdefault(criterion.kind, finding)
    return list(findings.values())


def measures(gradients: Gradients) -> dict[str, float]:
    """All quantities that `findings_of` judges, by their names in `CRITERIA`.

    Args:
        gradients: What `backpropagate` gave for one layer.

    Returns:
        The quantities that can be measured, in the order of `CRITERIA`. Where an input, or else a
        state or gradient, is not finite, their share is the last; of one time step, those of time
        are left out.

    Raises:
        TypeError: If `gradients` is something else.
    """
    if not isinstance(gradients, Gradients):
        raise TypeError(
            "`gradients` must be what `backpropagate` returns for one layer, got "
            f"{kind_of(gradients)}."
        )
    broken = 1 - float(np.isfinite(wide(gradients.unfolding.x)).mean())
    measured = {"share of non-finite inputs": broken}
    if broken:
        return measured
    measured["share of non-finite numbers"] = _non_finite_share(gradients)
    if measured["share of non-finite numbers"]:
        return measured
    measured["size of the upstream gradient"] = float(np.abs(wide(gradients.upstream)).max())
    seen = _Seen.of(gradients)
    measured |= dict(_of_states(seen))
    measured |= dict(_of_errors(gradients, seen))
    squares = [np.sum(np.square(wide(g))) for g in _parameter_gradients(gradients)]
    measured["norm of the parameters' gradient"] = float(np.sqrt(sum(squares)))
    return {quantity: measured[quantity] for quantity in CRITERIA if quantity in measured}


@dataclass(frozen=True, eq=False)
class _Seen:
    """What is looked at of a forward pass.

    Attributes:
        unfolding: The forward pass.
        samples: Indices into its batch.
        counts: `(samples, time)`: where a time step is not masked.
        rows: Pairs of an index into `samples` and a time step: the states that are looked at.
    """

    unfolding: Unfolding
    samples: Array
    counts: Array
    rows: tuple[Array, ...]

    @classmethod
    def of(cls, gradients: Gradients) -> "_Seen":
        u = gradients.unfolding
        # In an order that is the samples' own, so that the batch's order does not matter.
        keys = (_wide_sum(u.x), _wide_sum(u.state), _wide_sum(np.abs(gradients.upstream)))
        samples = np.lexsort(keys)
        samples = samples[evenly(u.batch, MOST_SAMPLES)]
        counts: Array = np.ones((len(samples), u.time), bool)
        if u.mask is not None:
            counts = np.asarray(u.mask[samples].reshape(*counts.shape, -1).any(axis=-1))
        chosen = np.zeros_like(counts)
        chosen[:, evenly(u.time, MOST_STEPS)] = True
        return cls(u, samples, counts, np.nonzero(counts & chosen))

    def at(self, array: Array, rows: Any = slice(None)) -> Array:
        """An array `(batch, time, ...)` at some of the rows, in float64."""
        samples, steps = (index[rows] for index in self.rows)
        return wide(array[self.samples[samples], steps])

    def histories(self, rows: Array) -> Array:
        """x_t and the inputs before it, at some of the rows: `(rows, steps · features)`."""
        u = self.unfolding
        length = min(u.time, max(1, MOST_COLUMNS // u.features))
        x = np.where(self.counts[..., None], wide(u.x[self.samples]), 0)
        x = np.pad(x, ((0, 0), (length - 1, 0), (0, 0)))
        samples, steps = (index[rows] for index in self.rows)
        return sliding_window_view(x, length, axis=1)[samples, steps].reshape(len(rows), -1)


def _of_states(seen: _Seen) -> Iterator[tuple[str, float]]:
    """The quantities of the forward pass."""
    u = seen.unfolding
    state = seen.at(u.state)
    if len(state) == 0:
        return
    saturated = np.zeros(u.units, bool)
    if u.activation in BOUNDS:
        low, high = BOUNDS[u.activation]
        near = SATURATED * (high - low)
        at_bound = (state > high - near) | (state < low + near)
        saturated = at_bound.mean(axis=0) > MOSTLY
        yield "share of saturated units", float(saturated.mean())
    input_varies = np.ptp(seen.at(u.x), axis=0).max() > 0
    if input_varies and len(state) >= FEWEST_OBSERVATIONS:
        size = np.abs(state).max(axis=0)
        constant = (np.ptp(state, axis=0) <= CONSTANT * size) & ~saturated
        yield "share of constant units", float(constant.mean())
    # The first step's recurrent projection is that of the initial state, which is no past.
    has_past = np.flatnonzero(np.cumsum(seen.counts, axis=1)[seen.rows] > 1)
    if len(has_past):
        from_past = seen.at(u.recurrent_projection, has_past).var(axis=0).sum()
        from_now = seen.at(u.input_projection, has_past).var(axis=0).sum()
        if from_now > 0:
            yield "recurrent share of the variance", float(from_past / (from_past + from_now))
    rows = evenly(len(state), MOST_ROWS)
    possible = min(u.units, effective_rank(seen.histories(rows)))
    if possible >= RICH and np.ptp(state, axis=0).max() > 0:
        yield "effective rank of the states", effective_rank(state[rows])


def _of_errors(gradients: Gradients, seen: _Seen) -> Iterator[tuple[str, float]]:
    """The quantities of the backward pass: what becomes of each sample's last loss."""
    steps, left = _followed(gradients, seen)
    if not len(left):
        return
    # Over the samples' root mean square, as a batch's gradient is governed by its largest ones.
    alive = ~np.isnan(left)
    with np.errstate(over="ignore"):
        squares = np.where(alive, left, 0) ** 2
    mean_squares = squares.sum(axis=0) / np.maximum(alive.sum(axis=0), 1)
    yield "growth of the gradient", float(np.sqrt(mean_squares.max()))
    # Each sample's loss is followed until it is lost, or else as far as it goes.
    lost = left < LOST
    end = np.where(
        lost.any(axis=1), lost.shape[1] - 1 - lost[:, ::-1].argmax(axis=1), alive.argmax(axis=1)
    )
    samples = np.arange(len(left))
    at_end, steps_to_end = left[samples, end], steps[samples, end]
    at_end, steps_to_end = at_end[steps_to_end > 0], steps_to_end[steps_to_end > 0]
    if len(at_end) and (np.median(at_end) < MOST_LEFT or np.median(steps_to_end) >= FEWEST_STEPS):
        yield "gradient kept per time step", float(np.median(at_end ** (1 / steps_to_end)))


def _followed(gradients: Gradients, seen: _Seen) -> tuple[Array, Array]:
    """Each sample's last loss, taken back through time from a gradient of norm 1.

    Returns:
        For each sample that has a loss and each t, the number of time steps between the loss and t,
        masked ones not counted, and the norm of what reaches a_t: NaN where it was not followed.
    """
    u = gradients.unfolding
    upstream = wide(gradients.upstream[seen.samples])
    has_loss = np.any(upstream != 0, axis=2)
    some = np.flatnonzero(has_loss.any(axis=1))
    upstream, has_loss, counts = upstream[some], has_loss[some], seen.counts[some]
    left = np.full(has_loss.shape, np.nan)
    if not len(some):
        return left, left
    last = u.time - 1 - has_loss[:, ::-1].argmax(axis=1)
    start = upstream[np.arange(len(some)), last]
    # Twice, for the square of a tiny number is 0.
    start = start / np.abs(start).max(axis=1, keepdims=True)
    start = start / np.linalg.norm(start, axis=1, keepdims=True)
    back = StepBack(gradients, seen.samples[some])
    error = np.zeros((1, *start.shape), gradients.error.dtype)
    furthest = last - (gradients.truncate_bptt or u.time) + 1
    for t in range(int(last.max()), -1, -1):
        error[0, last == t] = start[last == t]
        alive = (last >= t) & (furthest <= t)
        with np.errstate(over="ignore", invalid="ignore"):
            norm = np.linalg.norm(wide(error[0]), axis=1)
        left[alive, t] = np.where(np.isnan(norm), np.inf, norm)[alive]
        if t <= last.min() and not (left[alive, t] >= LOST).any():
            break
        error = copy(back(as_tensor(error), t))
    up_to = np.cumsum(counts, axis=1)
    steps = up_to[np.arange(len(some)), last][:, None] - up_to
    return steps, left


def effective_rank(rows: Array) -> float:
    """How many dimensions points spread over: the exponential of the entropy of singular values.

    Args:
        rows: `(points, dimensions)`. Their mean is taken off.

    Returns:
        From 1, for points on a line, to the number of dimensions; 0 for points that are all one.

    Raises:
        ValueError: If `rows` are no finite numbers of this shape, or none.

    Examples:
        >>> round(effective_rank(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])), 6)
        2.0

    Source: O. Roy and M. Vetterli, "The effective rank: a measure of effective dimensionality",
    EUSIPCO 2007, definition 1.
    """
    rows = np.asarray(rows)
    if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "fiub":
        raise ValueError(
            "`rows` must be numbers of shape (points, dimensions), at least one, got an array of "
            f"shape {rows.shape} and dtype {rows.dtype}."
        )
    if not np.isfinite(rows).all():
        raise ValueError("`rows` must be finite, got NaN or infinite numbers.")
    rows = rows - rows.mean(axis=0)
    if rows.shape[0] < rows.shape[1]:
        rows = rows.T
    # By the eigenvalues of the smaller product, which take far less time.
    squares = np.linalg.eigvalsh(rows.T @ rows)
    values = np.sqrt(squares[squares > 0])
    shares = values / values.sum()
    return float(np.exp(-np.sum(shares * np.log(shares)))) if len(values) else 0.0


def _non_finite_share(gradients: Gradients) -> float:
    u = gradients.unfolding
    arrays = [u.pre_activation, u.state, gradients.upstream, gradients.error]
    arrays += _parameter_gradients(gradients)
    bad = sum(np.count_nonzero(~np.isfinite(array)) for array in arrays)
    return float(bad / sum(array.size for array in arrays))


def _parameter_gradients(gradients):
    given = (getattr(gradients, name) for name in PARAMETERS)
    return [gradient for gradient in given if gradient is not None]


def _check_finite(name: str, given: Any) -> None:
    """Raises a `ValueError` that says where a number is not finite."""
    if given is None:
        return
    for path, leaf in tree.flatten_with_path(given):
        array = np.asarray(leaf)
        if array.dtype.kind not in "fcV":  # V: bfloat16
            continue
        bad = ~np.isfinite(array)
        if bad.any():
            first = tuple(int(index) for index in np.argwhere(bad)[0])
            part = "".join(f"[{key!r}]" for key in path)
            place = "".join(f"[{', '.join(map(str, first))}]" if first else "")
            raise ValueError(
                f"`{name}` must be finite, got {array[first]} at `{name}{part}{place}`, one of "
                f"{np.count_nonzero(bad)} such values. Fill or drop them first."
            )


def _wide_sum(array: Array) -> Array:
    """The sum of each sample's numbers, in float64."""
    return array.reshape(len(array), -1).sum(axis=1, dtype="float64")


def _in(language: str, texts: dict[str, str]) -> str:
    if language not in tuple(texts):
        raise ValueError(
            f"`language` must be one of {', '.join(map(repr, texts))}, got {language!r}."
        )
    return texts[language]
