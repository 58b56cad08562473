"""What `rnn-explained demo` computes: two networks on one real series, and how far they agree.

One network has an `ExplainedRNN`, the other a `SimpleRNN`. They start from the same seed, see the
same batches in the same order, and are compared from the first weight to the last loss.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_rnn_explained import backends
from keras_rnn_explained.datasets import Forecast, Series, forecast_windows, load_series
from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.verification import TOLERANCE, relative_difference

TEST_FRACTION = 0.25
BATCH = 16
COMPARED_EPOCHS = 60
LOSS_TOLERANCE = 1e-3
"""For up to `COMPARED_EPOCHS` epochs. Each training step carries the rounding errors of those
before it on, so the tolerance of a single step is not for the last of many."""


@dataclass(frozen=True)
class Task:
    """What is forecast of a series.

    Attributes:
        target: In words.
        season: Number of time steps after which the series roughly repeats.
        seasonal: The naive forecast that makes use of it, in words.
        changes: Whether the series is turned into the changes from one value to the next.
    """

    target: str
    season: int
    seasonal: str
    changes: bool


TASKS = {
    "sunspots": Task("next year's number", 11, "the number 11 years before", changes=False),
    # Its level only climbs: that of the test part is one the network never saw in training.
    "co2": Task(
        "the change to next month", 12, "the last value + change of 12 months before", changes=True
    ),
}


class Difference(NamedTuple):
    """How far the two networks are apart in something.

    Attributes:
        what: In words.
        relative: The relative difference.
        tolerance: What it may be, or `None` where it is only shown.
    """

    what: str
    relative: float
    tolerance: float | None

    @property
    def agrees(self) -> bool:
        """Whether it is not above the tolerance."""
        return self.tolerance is None or self.relative <= self.tolerance


class Training(NamedTuple):
    """One network's training.

    Attributes:
        layer: Name of its recurrent layer's class.
        losses: Mean loss of each epoch.
        seconds: How long all of it took.
        first_step_seconds: How long the first step took, which traces and compiles.
    """

    layer: str
    losses: list[float]
    seconds: float
    first_step_seconds: float


@dataclass(frozen=True, eq=False)
class Demonstration:
    """What came out.

    Attributes:
        model: The trained network.
        layer: Its `ExplainedRNN`.
        differences: How far the two networks are apart.
        trainings: Of `ExplainedRNN` and of `SimpleRNN`.
        errors: Root-mean-square errors on the test part by forecast, in the series' unit.
    """

    model: keras.Model
    layer: ExplainedRNN
    differences: tuple[Difference, ...]
    trainings: tuple[Training, Training]
    errors: dict[str, float]

    @property
    def agrees(self) -> bool:
        """Whether all differences are within their tolerance."""
        return all(difference.agrees for difference in self.differences)


def longest_window(dataset: str) -> int:
    """The longest window that leaves one batch of the training part to be predicted.

    Args:
        dataset: A name in `TASKS`.

    Examples:
        >>> longest_window("sunspots")
        216
    """
    values = _values(dataset, load_series(dataset))
    return len(values) - round(len(values) * TEST_FRACTION) - BATCH


def prepare(dataset: str, window: int) -> tuple[Series, Forecast]:
    """Loads a series and cuts it into windows.

    Args:
        dataset: A name in `TASKS`.
        window: Number of time steps in a window, at most `longest_window(dataset)`.

    Returns:
        The series as measured, and the windows of what is forecast of it.

    Examples:
        >>> series, data = prepare("sunspots", window=22)
        >>> data.x_test.shape
        (77, 22, 1)
    """
    series = load_series(dataset)
    return series, forecast_windows(_values(dataset, series), window, TEST_FRACTION)


def _values(dataset: str, series: Series) -> Any:
    return np.diff(series.values) if TASKS[dataset].changes else series.values


def demonstrate(
    dataset: str,
    data: Forecast,
    units: int = 16,
    epochs: int = 60,
    seed: int = 0,
    progress: Callable[[str, int, float], Any] = lambda layer, epoch, loss: None,
) -> Demonstration:
    """Trains both networks and compares them.

    Args:
        dataset: A name in `TASKS`.
        data: Of `prepare`.
        units: Size of the hidden state.
        epochs: How often to go through the training windows.
        seed: Of the initial weights and of the order of the windows.
        progress: Called after each epoch with the layer's name, the epoch's number and its loss.

    Returns:
        The `Demonstration`.
    """
    window = data.x_train.shape[1]
    explained, simple = (
        _network(layer, units, window, seed) for layer in (ExplainedRNN, keras.layers.SimpleRNN)
    )
    differences = [
        _largest("initial weights", explained.get_weights(), simple.get_weights()),
        *_first_batch(explained, simple, data),
    ]
    trainings = (
        _train(explained, data, epochs, seed, progress),
        _train(simple, data, epochs, seed, progress),
    )
    losses = [
        relative_difference(actual, expected)
        for actual, expected in zip(*(training.losses for training in trainings), strict=True)
    ]
    compared = min(epochs, COMPARED_EPOCHS)
    differences.append(
        Difference(f"losses of epochs 1 to {compared}", max(losses[:compared]), LOSS_TOLERANCE)
    )
    if epochs > compared:
        differences.append(Difference(f"losses of epochs 1 to {epochs}", max(losses), None))
    final = _largest("final weights", explained.get_weights(), simple.get_weights())
    differences.append(final._replace(tolerance=None))
    return Demonstration(
        model=explained,
        layer=explained.layers[0],
        differences=tuple(differences),
        trainings=trainings,
        errors=_errors(TASKS[dataset], data, explained, simple),
    )


def _network(layer, units: int, window: int, seed: int):
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.Input((window, 1)), layer(units), keras.layers.Dense(1)])
    # Smaller steps for a wider network. Otherwise training itself is chaotic: the losses of two
    # SimpleRNNs with 256 units, whose weights differ by 1e-7, differ by 10 % after 8 epochs.
    network.compile(keras.optimizers.Adam(2e-3 * min(1, 16 / units)), "mse")
    return network


def _largest(what: str, actual, expected) -> Difference:
    pairs = zip(actual, expected, strict=True)
    relative = max(relative_difference(a, b) for a, b in pairs)
    return Difference(what, relative, TOLERANCE["float32"])


def _first_batch(explained, simple, data: Forecast) -> list[Difference]:
    """Outputs and gradients of the untrained networks on one batch."""

    def outputs_and_gradients(network):
        weights = {weight.path: weight.value for weight in network.trainable_weights}

        def loss(weights):
            known = [(weight, weights[weight.path]) for weight in network.trainable_weights]
            with keras.StatelessScope(known):
                outputs = network(data.x_train[:BATCH])
            return ops.mean(ops.square(ops.subtract(outputs, data.y_train[:BATCH]))), outputs

        _, outputs, gradients = backends.current().value_and_gradients(loss, weights)
        return [ops.convert_to_numpy(one) for one in (outputs, *gradients.values())]

    names = ["outputs"]
    for weight in explained.trainable_weights:
        owner = "Dense's " if "dense" in weight.path else ""
        names.append(f"gradient of {owner}{weight.name.replace('_', ' ')}")
    results = zip(
        names, outputs_and_gradients(explained), outputs_and_gradients(simple), strict=True
    )
    return [_largest(name, [actual], [expected]) for name, actual, expected in results]


def _train(network, data: Forecast, epochs: int, seed: int, progress) -> Training:
    name = type(network.layers[0]).__name__
    order = np.random.default_rng(seed)
    windows = len(data.x_train)
    losses: list[float] = []
    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        shuffled = order.permutation(windows)
        network.reset_metrics()
        # Whole batches only, as another batch size would be compiled anew: each epoch leaves out a
        # few windows, others each time.
        for first in range(0, windows - BATCH + 1, BATCH):
            batch = shuffled[first : first + BATCH]
            loss = network.train_on_batch(data.x_train[batch], data.y_train[batch])
            if epoch == 1 and first == 0:
                first_step_seconds = time.perf_counter() - start
        losses.append(float(loss))  # of this epoch so far: the mean of its batches
        progress(name, epoch, losses[-1])
    return Training(name, losses, time.perf_counter() - start, first_step_seconds)


def _errors(task: Task, data: Forecast, explained, simple) -> dict[str, float]:
    forecasts = {
        type(network.layers[0]).__name__: ops.convert_to_numpy(network(data.x_test))
        for network in (explained, simple)
    }
    # In standardised numbers, no change is -mean / std.
    forecasts["the last value"] = (
        np.full_like(data.y_test, -data.mean / data.std) if task.changes else data.x_test[:, -1]
    )
    if data.x_test.shape[1] >= task.season:
        forecasts[task.seasonal] = data.x_test[:, -task.season]
    return {
        name: float(np.sqrt(np.mean(np.square(forecast - data.y_test))) * data.std)
        for name, forecast in forecasts.items()
    }
