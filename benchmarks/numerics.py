"""How far outputs and gradients are from exact ones, beside `SimpleRNN`'s: the numbers of a page.

`python -m benchmarks.numerics` measures all of it in about 10 minutes and writes `numerics.json`.
Weights and inputs are the same for all, numbers that the dtype can hold, so that an error is one of
computing alone.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.machine import machine
from keras_rnn_explained import ExplainedRNN

FILE = Path(__file__).with_name("numerics.json")
DTYPES = ("float32", "bfloat16", "float16")
TIMES = (10, 100, 1000, 10_000)
SEEDS = 5
WORST = 1.5
"""How many times the error of `SimpleRNN` ours may be."""

BATCH, FEATURES, UNITS = 4, 8, 16

QUANTITIES = ("outputs", "x", "kernel", "recurrent_kernel", "bias")
"""What is compared: all states, and the gradients of the rest."""

LAYERS: dict[str, Any] = {
    "compiled": lambda **options: ExplainedRNN(**options, execution="compiled"),
    "plain": lambda **options: ExplainedRNN(**options, execution="plain"),
    "simple_rnn": keras.layers.SimpleRNN,
}
"""Who computes."""

Numbers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Trial:
    """What is computed: the states of a batch, and the gradients of a random weighted sum of them.

    Attributes:
        dtype: In which it is to be computed.
        time: Number of time steps.
        seed: Of the numbers.
    """

    dtype: str
    time: int
    seed: int

    @cached_property
    def given(self) -> dict[str, Any]:
        """Inputs, the weights of the sum and the parameters: tensors of the dtype."""
        random = np.random.default_rng(self.seed)
        orthogonal, _ = np.linalg.qr(random.normal(size=(UNITS, UNITS)))
        numbers = {
            "x": random.normal(size=(BATCH, self.time, FEATURES)),
            "upstream": random.normal(size=(BATCH, self.time, UNITS)),
            "kernel": random.normal(size=(FEATURES, UNITS)) / FEATURES**0.5,
            "recurrent_kernel": orthogonal,
            "bias": random.normal(size=UNITS) / 10,
        }
        return {name: tf.cast(array, self.dtype) for name, array in numbers.items()}

    @cached_property
    def exact(self) -> Numbers:
        """All of it in float64, step by step."""
        given = {name: _wide(tensor) for name, tensor in self.given.items()}
        x, upstream = (np.moveaxis(given[name], 1, 0) for name in ("x", "upstream"))
        states = np.zeros((self.time + 1, BATCH, UNITS))
        for t in range(self.time):
            recurrent = states[t] @ given["recurrent_kernel"]
            states[t + 1] = np.tanh(x[t] @ given["kernel"] + recurrent + given["bias"])
        local_errors, error = np.empty_like(upstream), np.zeros((BATCH, UNITS))
        for t in reversed(range(self.time)):
            local_errors[t] = (error + upstream[t]) * (1 - states[t + 1] ** 2)
            error = local_errors[t] @ given["recurrent_kernel"].T
        return {
            "outputs": np.moveaxis(states[1:], 0, 1),
            "x": np.moveaxis(local_errors @ given["kernel"].T, 0, 1),
            "kernel": np.einsum("tbf,tbu->fu", x, local_errors),
            "recurrent_kernel": np.einsum("tbv,tbu->vu", states[:-1], local_errors),
            "bias": local_errors.sum((0, 1)),
        }

    def errors(self, computed: Numbers) -> dict[str, float]:
        """By quantity, the norm of the difference from the exact numbers, by theirs."""
        return {
            name: float(np.linalg.norm(computed[name] - exact) / np.linalg.norm(exact))
            for name, exact in self.exact.items()
        }


def computing(layer: str, dtype: str, time: int) -> Callable[[Trial], Numbers]:
    """What one of `LAYERS` computes of trials, in a graph as when training."""
    # No initializer draws an orthogonal matrix of bfloat16.
    options = {"units": UNITS, "dtype": dtype, "recurrent_initializer": "zeros"}
    made = LAYERS[layer](**options, return_sequences=True)
    made.build((BATCH, time, FEATURES))

    @tf.function
    def run(x, upstream):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = made(x)
        sources = [x, *(variable.value for variable in made.trainable_variables)]
        return outputs, *tape.gradient(outputs, sources, upstream)

    def computed(trial):
        for variable in made.trainable_variables:
            variable.assign(trial.given[variable.name])
        found = run(trial.given["x"], trial.given["upstream"])
        return dict(zip(QUANTITIES, map(_wide, found), strict=True))

    return computed


def measured(dtype: str, time: int, seeds: int) -> dict[str, dict[str, float]]:
    """By layer and quantity, the root mean square of the errors over some trials."""
    trials = [Trial(dtype, time, seed) for seed in range(seeds)]
    found = {}
    for layer in LAYERS:
        computed = computing(layer, dtype, time)
        errors = [trial.errors(computed(trial)) for trial in trials]
        found[layer] = {
            name: float(np.sqrt(np.mean([one[name] ** 2 for one in errors]))) for name in QUANTITIES
        }
    return found


def ratios(errors: dict[str, dict[str, float]], layer: str = "compiled") -> dict[str, float]:
    """By quantity, how many times the error of `SimpleRNN` that of a layer is."""
    return {name: errors[layer][name] / error for name, error in errors["simple_rnn"].items()}


@cache
def results() -> dict[str, Any]:
    """What the command wrote."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def _wide(tensor: Any) -> np.ndarray:
    return tf.cast(tensor, "float64").numpy()


def main() -> int:
    """The command.

    Returns:
        The exit status: 1 if an error is more than `WORST` times that of `SimpleRNN`.
    """
    found: dict[str, Any] = {}
    is_worse = False
    for dtype in DTYPES:
        for steps in TIMES:
            start = time.perf_counter()
            errors = found.setdefault(dtype, {})[str(steps)] = measured(dtype, steps, SEEDS)
            largest = max(max(ratios(errors, layer).values()) for layer in ("compiled", "plain"))
            is_worse = is_worse or largest > WORST
            took = f"{time.perf_counter() - start:.0f} s"
            print(f"{dtype}, T = {steps}: at most {largest:.2f} times, {took}", flush=True)
    about = {
        "command": "python -m benchmarks.numerics",
        "machine": machine(),
        "versions": {"keras": keras.version(), "tensorflow": tf.__version__},
        "shape": {"batch": BATCH, "features": FEATURES, "units": UNITS},
        "seeds": SEEDS,
        "errors": found,
    }
    FILE.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return int(is_worse)


if __name__ == "__main__":
    sys.exit(main())
