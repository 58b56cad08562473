"""Random trials of the one claim that matters: `ExplainedRNN` computes what `SimpleRNN` computes.

Each case draws the options of both layers, the weights, inputs, masks and upstream gradients from
one seed, runs both, and compares the weights they start with, what they return and every gradient.

Not drawn: constraints, which are applied by the optimizer and not by the layer, and
`activity_regularizer`, which `SimpleRNN` accepts and ignores.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import ArrayLike, NDArray

from keras_rnn_explained import backends, validation
from keras_rnn_explained.execution import as_tensor
from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.naming import kind_of

TOLERANCE = {
    "float32": 1e-5,
    "float64": 1e-12 if keras.backend.backend() == "tensorflow" else 1e-5,
}
"""Largest relative difference that counts as agreement, by dtype.

Elsewhere Keras does part of its work of float64 in float32: `tanh` on JAX, and on torch matrix
products.
"""

_LOOPS_INSTEAD = {
    # Backwards it zeroes outputs by the mask in the order of the input, and not of the output.
    "tensorflow": {"go_backwards", "zero_output_for_mask"},
    "jax": {"zero_output_for_mask"},  # it zeroes nothing
    "torch": {"go_backwards"},  # it fails if there is a mask
}
"""By backend, the options with which `SimpleRNN`, if unrolled, does not do what its loop does."""

SMALLEST_SCALE = 0.1
"""What a difference is relative to where a whole array is smaller still.

Everything a case draws has a size of about 1. A gradient far below that is what is left of terms of
that size which cancel, or which a flat activation has damped, and has their rounding error. A
softmax of one unit shows it: its gradient is 0, and `SimpleRNN` may return 1e-9. In float64, which
every other case uses, the tolerance leaves no room for anything but rounding.
"""

ACTIVATIONS = (
    *("tanh", "tanh", "tanh", "relu", "sigmoid", "linear", None),  # φ' from the state
    *("elu", "gelu", "softplus", "softsign", "silu", "hard_sigmoid", "softmax"),  # by autodiff
)
COMPARED = (
    "initial weights",
    "outputs",
    "states",
    "kept state",
    "regularization",
    "gradient of x",
    "gradient of initial state",
    "gradient of kernel",
    "gradient of recurrent kernel",
    "gradient of bias",
)
"""What is compared, in the order of reports. The kept state is that of a `stateful` layer."""

INITIALIZERS = ("glorot_uniform", "orthogonal", "he_normal")
REGULARIZERS = (None, None, "l1", "l2")


def relative_difference(actual: ArrayLike, expected: ArrayLike) -> float:
    """max|actual − expected| / max|expected|, the latter at least `SMALLEST_SCALE`.

    Args:
        actual: Numbers of any shape.
        expected: Numbers, of the same shape if the two agree.

    Returns:
        The relative difference, or infinity for different shapes and for numbers that are not
        finite. Arrays without elements agree.

    Raises:
        ValueError: If one of them is no array of numbers.

    Examples:
        >>> relative_difference([1.0, 4.5], [1.0, 5.0])
        0.1
        >>> relative_difference([0.0], [0.0, 0.0])
        inf
    """
    actual, expected = _numbers("actual", actual), _numbers("expected", expected)
    if actual.shape != expected.shape:
        return float("inf")
    if not actual.size:
        return 0.0
    difference = np.max(np.abs(actual - expected))
    scale = max(np.max(np.abs(expected)), SMALLEST_SCALE)
    return float(difference / scale) if np.isfinite(difference) else float("inf")


def _numbers(name: str, given: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        told = str(error).rstrip(".")
        raise ValueError(f"`{name}` must be an array of numbers: {told}.") from error


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Attributes:
        x: `(batch, time, features)`.
        initial_state: `(batch, units)`, or `None`.
        mask: Boolean, `(batch, time)`, or `None`.
        upstream: Weights of the loss, one array for each array that the layer returns.
        reset: Whether the state of a stateful layer is reset first.
    """

    x: NDArray[Any] = field(repr=False)
    initial_state: NDArray[Any] | None = field(repr=False)
    mask: NDArray[Any] | None = field(repr=False)
    upstream: tuple[NDArray[Any], ...] = field(repr=False)
    reset: bool


@dataclass(frozen=True)
class Case:
    """One random trial. The same seed always gives the same one.

    Attributes:
        seed: What everything else was drawn from.
        options: Keyword arguments that both layers take.
        unroll: Their `unroll`, but see `compare`.
        execution: The `execution` of `ExplainedRNN`.
        training: Whether dropout is active.
        weights: What both layers' weights are set to.
        calls: The calls, one after the other.

    Examples:
        >>> Case.draw(seed=5).options == Case.draw(seed=5).options
        True
    """

    seed: int
    options: dict[str, Any]
    unroll: bool
    execution: str
    training: bool
    weights: tuple[NDArray[Any], ...] = field(repr=False)
    calls: tuple[Call, ...]

    @classmethod
    def draw(cls, seed: int) -> "Case":
        """Draws the case of a seed.

        Args:
            seed: An integer, at least 0.

        Raises:
            TypeError: If it is no integer.
            ValueError: If it is below 0.
        """
        validation.integer("seed", seed, least=0)
        rng = np.random.default_rng(seed)

        def choose(*values):
            return values[rng.integers(len(values))]

        # Each new shape is compiled anew, so compiled cases share one.
        execution = choose("plain", "plain", "plain", "plain", "compiled")
        if execution == "compiled":
            batch, time, features, units = 3, 5, 2, 4
        else:
            batch, time, features, units = rng.integers(1, (6, 9, 6, 9)).tolist()
        dtype = choose("float32", "float64")
        options = {
            "units": units,
            "activation": choose(*ACTIVATIONS),
            "use_bias": choose(True, True, False),
            "kernel_initializer": choose(*INITIALIZERS),
            "recurrent_initializer": choose(*INITIALIZERS),
            "bias_initializer": choose("zeros", "random_normal"),
            "kernel_regularizer": choose(*REGULARIZERS),
            "recurrent_regularizer": choose(*REGULARIZERS),
            "bias_regularizer": choose(*REGULARIZERS),
            "dropout": choose(0.0, 0.0, 0.3),
            "recurrent_dropout": choose(0.0, 0.0, 0.3),
            "return_sequences": choose(True, False),
            "return_state": choose(True, False),
            "go_backwards": choose(False, True),
            "stateful": choose(False, False, True),
            "zero_output_for_mask": choose(False, True),
            "seed": int(rng.integers(2**31)),
            "dtype": dtype,
        }

        def normal(*shape):
            return rng.normal(size=shape).astype(dtype)

        weights = [normal(features, units), normal(units, units) / units**0.5]
        if options["use_bias"]:
            weights.append(normal(units))

        returned = [(batch, time, units) if options["return_sequences"] else (batch, units)]
        if options["return_state"]:
            returned.append((batch, units))
        draws_mask = choose(_no_mask, _mask_with_gaps, _mask_of_padding, _mask_with_empty_row)
        gives_state = choose(True, False)
        calls = tuple(
            Call(
                x=normal(batch, time, features),
                # Later calls of a stateful layer start from where the one before ended.
                initial_state=normal(batch, units) if gives_state and call != 1 else None,
                mask=draws_mask(rng, batch, time),
                upstream=tuple(normal(*shape) for shape in returned),
                reset=call == 2,
            )
            for call in range(3 if options["stateful"] else 2)
        )
        return cls(
            seed,
            options,
            unroll=choose(False, False, True),
            execution=execution,
            training=choose(True, True, False),
            weights=tuple(weights),
            calls=calls,
        )


def _no_mask(rng, batch, time):
    return None


def _mask_with_gaps(rng, batch, time):
    return rng.random((batch, time)) < 0.7


def _mask_of_padding(rng, batch, time):
    return np.arange(time) < rng.integers(1, time + 1, (batch, 1))


def _mask_with_empty_row(rng, batch, time):
    mask = _mask_with_gaps(rng, batch, time)
    mask[rng.integers(batch)] = False
    return mask


@dataclass(frozen=True)
class Failure:
    """Something that does not agree.

    Attributes:
        seed: The seed of the case.
        what: What was compared.
        dtype: The dtype of the case.
        difference: Its largest relative difference, infinite where the case did not run.
        error: What was raised, if anything was.
    """

    seed: int
    what: str
    dtype: str
    difference: float
    error: str | None = None

    @property
    def command(self) -> str:
        """The command line that runs this one case again."""
        return f"rnn-explained verify --cases 1 --seed {self.seed}"

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.what} ({self.dtype}): {self.error}"
        return (
            f"{self.what} ({self.dtype}): relative difference {self.difference:.1e}, tolerance "
            f"{TOLERANCE[self.dtype]:.0e}"
        )


@dataclass(frozen=True)
class Agreement:
    """How well one thing agrees over all cases.

    Attributes:
        what: What was compared.
        comparisons: How many arrays were compared, by dtype.
        largest: Largest relative difference, by dtype.
    """

    what: str
    comparisons: dict[str, int]
    largest: dict[str, float]


@dataclass(frozen=True)
class Report:
    """What `verify` found.

    Attributes:
        cases: How many cases ran.
        seed: The seed of the first.
        agreements: One for each thing that was compared.
        failures: What was not within `TOLERANCE`; empty if all is well.
    """

    cases: int
    seed: int
    agreements: tuple[Agreement, ...]
    failures: tuple[Failure, ...]

    @property
    def agrees(self) -> bool:
        """Whether everything was within `TOLERANCE`."""
        return not self.failures


def verify(cases: int = 100, seed: int = 0, progress: Callable[[int], Any] | None = None) -> Report:
    """Runs random cases through `ExplainedRNN` and `keras.layers.SimpleRNN` and compares.

    Args:
        cases: How many, at least 1.
        seed: Case i is drawn from `seed + i`, so a case can be run again on its own.
        progress: Called after each case with the number of cases done.

    Returns:
        The `Report`.

    Raises:
        TypeError: If `cases` or `seed` is no integer, or `progress` no function.
        ValueError: If `cases` is below 1 or `seed` below 0.

    Examples:
        >>> verify(cases=2, seed=1).agrees
        True
    """
    validation.integer("cases", cases, least=1)
    validation.integer("seed", seed, least=0)
    if not (progress is None or callable(progress)):
        raise TypeError(f"`progress` must be a function or `None`, got {kind_of(progress)}.")
    comparisons: dict[str, dict[str, list[float]]] = {what: {} for what in COMPARED}
    failures = []
    for done, case_seed in enumerate(range(seed, seed + cases), start=1):
        case = Case.draw(case_seed)
        dtype = case.options["dtype"]
        try:
            for what, actual, expected in compare(case):
                difference = relative_difference(actual, expected)
                comparisons[what].setdefault(dtype, []).append(difference)
                if not difference <= TOLERANCE[dtype]:
                    failures.append(Failure(case_seed, what, dtype, difference))
        except Exception as error:
            # A case that can't be run is a finding too, and the other cases go on.
            message = f"{type(error).__name__}: {error}".splitlines()[0]
            failures.append(Failure(case_seed, "run", dtype, float("inf"), message))
        if progress is not None:
            progress(done)
    agreements = tuple(
        Agreement(
            what,
            {dtype: len(differences) for dtype, differences in by_dtype.items()},
            {dtype: max(differences) for dtype, differences in by_dtype.items()},
        )
        for what, by_dtype in comparisons.items()
        if by_dtype
    )
    return Report(cases, seed, agreements, tuple(failures))


def compare(case: Case) -> Iterator[tuple[str, Any, Any]]:
    """Runs a case: yields `(what, of ExplainedRNN, of SimpleRNN)` for all that must agree.

    Args:
        case: Of `Case.draw`.

    Raises:
        TypeError: If `case` is something else.
        ValueError: If the two layers do not have weights of the same names and shapes, or do not
            return the same number of arrays.
    """
    if not isinstance(case, Case):
        raise TypeError(f"`case` must be what `Case.draw` returns, got {kind_of(case)}.")
    explained = ExplainedRNN(**_fresh(case.options), execution=case.execution, unroll=case.unroll)
    simple = keras.layers.SimpleRNN(**_fresh(case.options), unroll=_simple_rnn_unrolls(case))
    for layer in (explained, simple):
        layer.build(case.calls[0].x.shape)

    names, shapes = _names_and_shapes(explained)
    if (names, shapes) != _names_and_shapes(simple):
        raise ValueError(f"weights {names} of shapes {shapes}, not {_names_and_shapes(simple)}")
    for actual, expected in zip(explained.get_weights(), simple.get_weights(), strict=True):
        yield "initial weights", actual, expected

    for layer in (explained, simple):
        layer.set_weights(case.weights)
    for call in case.calls:
        if call.reset:
            explained.reset_state()
            simple.reset_state()
        actual, expected = (_run(layer, call, case.training) for layer in (explained, simple))
        if actual.keys() != expected.keys():
            raise ValueError(f"results {list(actual)}, not {list(expected)}")
        for what in expected:
            yield what, actual[what], expected[what]


def _simple_rnn_unrolls(case: Case) -> bool:
    """Whether `SimpleRNN` is to be unrolled: as the case says, if that changes nothing."""
    backend, options = keras.backend.backend(), case.options
    masked = any(call.mask is not None for call in case.calls)
    in_float32 = options["dtype"] == "float64" and options["activation"] == "tanh"
    if backend == "jax" and in_float32 and not masked:
        return True  # its loop can't take another dtype than it started with
    return case.unroll and not all(options[name] for name in _LOOPS_INSTEAD[backend])


def _fresh(options: dict[str, Any]) -> dict[str, Any]:
    """The options with initializers that draw the same numbers for both layers."""
    return {
        name: keras.initializers.get({"class_name": value, "config": {"seed": options["seed"]}})
        if name.endswith("_initializer") and value != "zeros"
        else value
        for name, value in options.items()
    }


def _names_and_shapes(layer: Any) -> tuple[list[str], list[tuple[int, ...]]]:
    weights = layer.weights
    return [weight.name for weight in weights], [tuple(weight.shape) for weight in weights]


def _run(layer: Any, call: Call, training: bool) -> dict[str, Any]:
    """What the layer returns, and the gradients of a random weighted sum of it."""
    given = {"initial_state": call.initial_state, "mask": call.mask}
    given = {name: value for name, value in given.items() if value is not None}
    sources = {"x": call.x, **{weight.name: weight.value for weight in layer.trainable_weights}}
    if "initial_state" in given:
        sources["initial_state"] = given["initial_state"]

    def loss(sources):
        known = [(weight, sources[weight.name]) for weight in layer.trainable_weights]
        keywords = given | {name: sources[name] for name in given.keys() & sources.keys()}
        with keras.StatelessScope(known) as scope:
            returned = layer(sources["x"], training=training, **keywords)
            penalty = sum(layer.losses, start=ops.zeros((), call.x.dtype))
        returned = returned if isinstance(returned, (list, tuple)) else (returned,)
        weighted = zip(map(as_tensor, call.upstream), returned, strict=True)
        results = dict(zip(("outputs", "states"), returned, strict=False))
        if layer.stateful:
            results["kept state"] = scope.get_current_value(layer.states[0])
        results["regularization"] = penalty
        return sum((ops.sum(weights * array) for weights, array in weighted), penalty), (
            results,
            [(variable, scope.get_current_value(variable)) for variable in _changing(layer)],
        )

    _, (results, changed), gradients = backends.current().value_and_gradients(loss, sources)
    for variable, value in changed:
        if value is not None:
            variable.assign(value)
    for name, gradient in gradients.items():
        results[f"gradient of {name.replace('_', ' ')}"] = gradient
    return {name: ops.convert_to_numpy(array) for name, array in results.items()}


def _changing(layer: Any) -> list[Any]:
    """What a call changes: the state, and the seeds of dropout."""
    return [*(layer.states or [] if layer.stateful else []), *layer.non_trainable_variables]
