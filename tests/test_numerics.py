"""Rounding errors are no larger than `SimpleRNN`'s, and training can be repeated bit by bit."""

import os
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import numerics
from docs_build.on_pages import numerics as on_page
from tests import reference

DETERMINISTIC = """
import hashlib

import keras
import numpy as np
import tensorflow as tf

from keras_rnn_explained import ExplainedRNN

tf.config.experimental.enable_op_determinism()
keras.utils.set_random_seed(0)
model = keras.Sequential(
    [
        keras.Input((None, 3)),
        keras.layers.Masking(),
        ExplainedRNN(8, return_sequences=True, dropout=0.3, execution="plain"),
        ExplainedRNN(8, recurrent_dropout=0.3, execution="compiled"),
        keras.layers.Dense(1),
    ]
)
model.compile("adam", "mse")
random = np.random.default_rng(0)
x, y = random.normal(size=(96, 20, 3)), random.normal(size=(96, 1))
x[::2, 15:] = 0
model.fit(x, y, epochs=2, batch_size=16, verbose=0)
weights = b"".join(weight.tobytes() for weight in model.get_weights())
print(hashlib.sha256(weights).hexdigest())
"""


@pytest.mark.parametrize("dtype", numerics.DTYPES)
@pytest.mark.parametrize("time", [10, pytest.param(300, marks=pytest.mark.slow)])
def test_no_error_is_much_larger_than_that_of_simple_rnn(dtype, time):
    errors = numerics.measured(dtype, time, seeds=3)
    for way in ("compiled", "plain"):
        for quantity, ratio in numerics.ratios(errors, way).items():
            assert ratio <= numerics.WORST, (way, quantity)


def test_what_was_measured_is_within_the_bound_too():
    errors = numerics.results()["errors"]
    assert tuple(errors) == numerics.DTYPES
    for times in errors.values():
        assert tuple(map(int, times)) == numerics.TIMES
    assert float(on_page.worst("en")) <= numerics.WORST
    assert float(on_page.best("en")) < 0.5


def test_the_exact_numbers_are_those_of_the_oracle():
    trial = numerics.Trial("float32", time=6, seed=1)
    given = {name: tensor.numpy().astype("float64") for name, tensor in trial.given.items()}
    upstream, start = given.pop("upstream"), np.zeros((numerics.BATCH, numerics.UNITS))
    _, states = reference.forward(**given, initial_state=start, activation="tanh")
    gradients = reference.bptt(**given, initial_state=start, activation="tanh", upstream=upstream)
    for name, expected in (("outputs", states), *gradients.items()):
        if name in numerics.QUANTITIES:
            np.testing.assert_allclose(trial.exact[name], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.slow
def test_two_processes_train_to_the_same_bits():
    started = [
        subprocess.Popen(
            [sys.executable, "-c", DETERMINISTIC],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    first, second = (process.communicate(timeout=300)[0] for process in started)
    assert len(first) == 65
    assert first == second
