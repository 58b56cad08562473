"""Healthy networks on the shipped data, and networks made sick on purpose.

`python -m tests.sick_models` measures them all and prints the table of
docs/en/reference/findings.md.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_rnn_explained import ExplainedRNN, Finding, Gradients, backpropagate
from keras_rnn_explained.criteria import CRITERIA
from keras_rnn_explained.datasets import forecast_windows, load_series, load_text
from keras_rnn_explained.diagnosis import findings_of, measures

UNITS = 32
SEEDS = range(5)
EPOCHS = 5
DATA = ("sunspots", "co2", "alice")


class Healthy(NamedTuple):
    """What was measured on a healthy network."""

    data: str
    seed: int
    trained: bool
    measured: dict[str, float]
    kinds: list[str]


class Sick(NamedTuple):
    """What was measured and found on a sick network."""

    measured: dict[str, float]
    findings: list[Finding]


class Sickness(NamedTuple):
    """How to make a network sick, and what is to be found first then."""

    name: str
    kind: str
    quantity: str
    options: dict[str, Any]
    infect: Callable[[ExplainedRNN], None] = lambda layer: None
    around: Callable[[keras.Model], None] = lambda network: None
    spoils_input: bool = False


@cache
def data(name):
    """Inputs, targets, and the number of characters of a text or `None`."""
    if name == "alice":
        text = load_text(name).text
        characters = sorted(set(text))
        codes = np.array([characters.index(character) for character in text])
        count = (len(codes) - 1) // 40
        x, y = codes[: count * 40].reshape(count, 40), codes[1 : count * 40 + 1].reshape(count, 40)
        return x, y, len(characters)
    values = load_series(name).values
    windows = forecast_windows(np.diff(values) if name == "co2" else values, 24)
    return windows.x_train, windows.y_train, None


def model(name, **options):
    """A small network for one of `DATA`: a language model for a text, else a forecaster."""
    x, _, characters = data(name)
    # The numbers are the same on any way, and this one need not be compiled.
    options = {"units": UNITS, "name": "rnn", "execution": "plain", **options}
    if characters is None:
        network = [ExplainedRNN(**options), keras.layers.Dense(1)]
    else:
        network = [
            keras.layers.Embedding(characters, 16),
            ExplainedRNN(return_sequences=True, **options),
            keras.layers.Dense(characters, activation="softmax"),
        ]
    network = keras.Sequential([keras.Input(x.shape[1:]), *network])
    loss = "mse" if characters is None else "sparse_categorical_crossentropy"
    network.compile(keras.optimizers.Adam(3e-3), loss)
    return network


def gradients_on(network, name, spoilt=False) -> Gradients:
    """What `diagnose` looks at: 64 samples from all over the data."""
    x, y, characters = data(name)
    some = np.linspace(0, len(x) - 1, 64).round().astype(int)
    x, y = x[some], y[some]
    if spoilt and characters is None:
        x[0, 0] = np.nan
    elif spoilt:
        network.layers[0].embeddings.assign(np.full(network.layers[0].embeddings.shape, np.nan))
    return backpropagate(network, x, y)


@cache
def healthy_networks(name) -> list[Healthy]:
    """Networks of several seeds with the default initialisation, before and after training."""
    x, y, _ = data(name)
    network = model(name)
    # One network, trained several times from the start: tracing `fit` anew takes the longest.
    network.optimizer.build(network.trainable_variables)
    unused = [variable.numpy() for variable in network.optimizer.variables]
    found = []
    for seed in SEEDS:
        keras.utils.set_random_seed(seed)
        network.set_weights(model(name).get_weights())
        for variable, value in zip(network.optimizer.variables, unused, strict=True):
            variable.assign(value)
        for trained in (False, True):
            if trained:
                network.fit(x, y, epochs=EPOCHS, batch_size=32, verbose=0)
            gradients = gradients_on(network, name)
            kinds = [finding.kind for finding in findings_of(gradients)]
            found.append(Healthy(name, seed, trained, measures(gradients), kinds))
    return found


def scaled(parameter, factor):
    """Multiplies a parameter of the layer."""

    def infect(layer):
        variable = getattr(layer, parameter)
        variable.assign(variable * factor)

    return infect


def set_to(parameter, value):
    """Sets all of a parameter of the layer."""

    def infect(layer):
        variable = getattr(layer, parameter)
        variable.assign(np.full(variable.shape, value))

    return infect


def silence_the_head(network):
    """The layer after the recurrent one hears nothing, and so tells nothing back."""
    head = network.layers[-1]
    head.kernel.assign(np.zeros(head.kernel.shape))


def make_rank_one(layer):
    """All units do the same: every column of both kernels is, up to its sign and size, one."""
    v = np.random.default_rng(0).normal(size=UNITS)
    v /= np.linalg.norm(v)
    layer.kernel.assign(np.outer(layer.kernel[:, 0], v))
    layer.recurrent_kernel.assign(np.outer(v, v))


_FEW_LEFT = "gradient kept per time step"
_GROWTH = "growth of the gradient"
_SHARE = "recurrent share of the variance"

SICKNESSES = [
    Sickness(
        "NaN in the input",
        "broken_input",
        "share of non-finite inputs",
        {},
        spoils_input=True,
    ),
    Sickness(
        "kernel of the next layer 0",
        "no_gradient",
        "size of the upstream gradient",
        {},
        around=silence_the_head,
    ),
    Sickness("recurrent kernel × 0.1", "vanishing", _FEW_LEFT, {}, scaled("recurrent_kernel", 0.1)),
    Sickness("sigmoid", "vanishing", _FEW_LEFT, {"activation": "sigmoid"}),
    Sickness("recurrent kernel × 5", "exploding", _GROWTH, {}, scaled("recurrent_kernel", 5)),
    Sickness(
        "relu, recurrent kernel × 3",
        "exploding",
        _GROWTH,
        {"activation": "relu"},
        scaled("recurrent_kernel", 3),
    ),
    Sickness(
        "relu, recurrent kernel × 1000",
        "exploding",
        "share of non-finite numbers",
        {"activation": "relu"},
        scaled("recurrent_kernel", 1e3),
    ),
    Sickness(
        "identity activation, kernel × 10⁹",
        "exploding",
        "norm of the parameters' gradient",
        {"activation": None},
        scaled("kernel", 1e9),
    ),
    Sickness(
        "input × 1000", "saturated_units", "share of saturated units", {}, scaled("kernel", 1e3)
    ),
    Sickness("bias 10", "saturated_units", "share of saturated units", {}, set_to("bias", 10.0)),
    Sickness(
        "relu, bias −10",
        "dead_units",
        "share of constant units",
        {"activation": "relu"},
        set_to("bias", -10.0),
    ),
    Sickness(
        "both kernels 0",
        "dead_units",
        "share of constant units",
        {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"},
        set_to("bias", 0.5),
    ),
    Sickness("recurrent kernel 0", "recurrence_unused", _SHARE, {"recurrent_initializer": "zeros"}),
    Sickness(
        "recurrent kernel × 0.01", "recurrence_unused", _SHARE, {}, scaled("recurrent_kernel", 0.01)
    ),
    Sickness(
        "kernels of rank 1",
        "rank_collapse",
        "effective rank of the states",
        {},
        make_rank_one,
    ),
]


@cache
def sick_network(number, name) -> Sick:
    """The network with `SICKNESSES[number]` on some data."""
    sickness = SICKNESSES[number]
    keras.utils.set_random_seed(0)
    network = model(name, **sickness.options)
    sickness.infect(network.get_layer("rnn"))
    sickness.around(network)
    gradients = gradients_on(network, name, sickness.spoils_input)
    return Sick(measures(gradients), findings_of(gradients))


def table() -> Iterator[str]:
    """The lines of the table of docs/en/reference/findings.md."""
    yield "| finding | quantity | threshold | healthy networks | made sick |"
    yield "|---|---|---|---|---|"
    healthy = [network.measured for name in DATA for network in healthy_networks(name)]
    for quantity, criterion in CRITERIA.items():
        values = [measured[quantity] for measured in healthy]
        sick: list[str] = []
        for number, sickness in enumerate(SICKNESSES):
            if sickness.quantity == quantity:
                measured = [sick_network(number, name).measured[quantity] for name in DATA]
                sick.append(f"{sickness.name}: {_range(measured)}")
        limit = f"{'above' if criterion.is_above else 'below'} {criterion.threshold:g}"
        yield (
            f"| `{criterion.kind}` | {quantity} | {limit} | {_range(values)} | "
            f"{'<br>'.join(sick)} |"
        )


def _range(values):
    least, greatest = f"{min(values):.2g}", f"{max(values):.2g}"
    return least if least == greatest else f"{least} to {greatest}"


if __name__ == "__main__":
    print(*table(), sep="\n")
