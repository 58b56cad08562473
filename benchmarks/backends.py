"""How long training takes on each backend of Keras, beside `SimpleRNN`: the numbers of a page.

`KERAS_BACKEND=jax python -m benchmarks.backends` takes about a minute. It writes to `backends.json`
what it measured, beside what was measured on other backends and devices.
"""

import json
import statistics
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np

from benchmarks.agreement import relative_difference
from benchmarks.cases import Case, data
from benchmarks.machine import machine
from keras_rnn_explained import ExplainedRNN

FILE = Path(__file__).with_name("backends.json")
CASES = (Case(32, 100, 32, 64), Case(64, 50, 64, 128), Case(128, 100, 128, 512))
ROUNDS = 15
WARM_UP = 3
"""Steps before the first that is timed, which trace and compile."""

TOLERANCE = 0.01
"""Of the losses after the warm-up; products of matrices may be rounded to fewer digits on a GPU."""

LAYERS: dict[str, Any] = {"simple_rnn": keras.layers.SimpleRNN, "ours": ExplainedRNN}
"""Who is measured."""


def measured(case: Case, rounds: int) -> dict[str, float]:
    """By layer, the median of milliseconds that a step of training takes. The layers take turns.

    Raises:
        AssertionError: If they do not learn the same.
    """
    x = data(case).x
    y = x.mean((1, 2))[:, None]
    models = {name: _model(layer, case) for name, layer in LAYERS.items()}
    losses = {name: [_loss(model, x, y) for _ in range(WARM_UP)] for name, model in models.items()}
    difference = relative_difference(*map(np.array, losses.values()))
    assert difference <= TOLERANCE, f"{case}: losses differ by {difference:.0e}"
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(rounds):
        for name in [*models][:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            _loss(models[name], x, y)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) * 1000 for name, taken in seconds.items()}


def device() -> str:
    """The name of the GPU that the backend runs on, or of the processor."""
    backend = keras.backend.backend()
    module = import_module(backend)
    name = "cpu"
    if backend == "jax":
        name = module.devices()[0].device_kind
    elif backend == "torch" and module.cuda.is_available():
        name = module.cuda.get_device_name()
    elif backend == "tensorflow":
        for gpu in module.config.list_physical_devices("GPU")[:1]:
            name = module.config.experimental.get_device_details(gpu)["device_name"]
    return machine()["processor"] if name == "cpu" else name


@cache
def results() -> list[dict[str, Any]]:
    """What the command wrote, by device and backend."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def _model(layer, case):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((case.time, case.features)), layer(case.units), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    model.layers[0].set_weights(data(case).parameters)
    return model


def _loss(model, x, y):
    return float(model.train_on_batch(x, y))  # a number is there once all is computed


def main() -> int:
    """The command.

    Returns:
        The exit status.
    """
    backend = keras.backend.backend()
    about: dict[str, Any] = {
        "device": device(),
        "backend": backend,
        "command": f"KERAS_BACKEND={backend} python -m benchmarks.backends",
        "machine": machine(),
        "versions": {"keras": keras.version(), backend: import_module(backend).__version__},
        "rounds": ROUNDS,
        "milliseconds": {},
    }
    for case in CASES:
        found = about["milliseconds"][str(case)] = measured(case, ROUNDS)
        print(f"{case}: {found['simple_rnn']:.1f} → {found['ours']:.1f} ms", flush=True)
    others = [one for one in (results() if FILE.exists() else []) if _place(one) != _place(about)]
    text = json.dumps(sorted([*others, about], key=_place), indent=1, ensure_ascii=False)
    FILE.write_text(text + "\n", encoding="utf-8")
    return 0


def _place(result):
    return result["device"], result["backend"]


if __name__ == "__main__":
    sys.exit(main())
