"""A training that is killed and goes on ends bit by bit where one does that is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, GradientFlow, training_log

EPOCHS, BATCHES = 4, 3
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(4 * BATCHES, 5, 2)).astype("float32")
Y = RANDOM.normal(size=(4 * BATCHES, 1)).astype("float32")


def trained(folder, *callbacks):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            ExplainedRNN(3, return_sequences=True, dropout=0.4, recurrent_dropout=0.4, name="one"),
            ExplainedRNN(3, name="two"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    flow = GradientFlow(X[:4], Y[:4], every=1, csv=folder / "flow.csv", append=True)
    model.fit(
        X, Y, batch_size=4, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[flow, *callbacks]
    )
    return np.array([*map(np.asarray, model.get_weights())], dtype=object)


def kill_in_the_third_epoch(folder):
    """What the process does that is killed, and started again."""
    backup = keras.callbacks.BackupAndRestore(folder / "backup")
    steps = iter(range(2 * BATCHES + 2))

    def step(batch, logs):
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    kill = keras.callbacks.LambdaCallback(on_train_batch_end=step)
    is_first = not (folder / "backup").exists()
    weights = trained(folder, backup, *[kill] * is_first)
    np.savez(folder / "weights.npz", *weights)


@pytest.mark.slow
def test_a_training_that_is_killed_and_goes_on_ends_where_an_unbroken_one_does(tmp_path):
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    for folder in (broken, unbroken):
        folder.mkdir()
    for code in (-signal.SIGKILL, 0):
        done = subprocess.run(
            [sys.executable, "-m", "tests.test_killed", broken],
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
    expected = trained(unbroken)
    with np.load(broken / "weights.npz") as weights:
        for one, other in zip(weights.values(), expected, strict=True):
            assert one.tobytes() == other.tobytes()
    rows = {}
    for folder in (broken, unbroken):
        header, *lines = (folder / "flow.csv").read_text().splitlines()
        assert header == ",".join(training_log.COLUMNS)
        rows[folder] = sorted({tuple(line.split(",")) for line in lines})
    assert rows[broken] == rows[unbroken]  # those seen twice are the same twice


if __name__ == "__main__":
    kill_in_the_third_epoch(Path(sys.argv[1]))
