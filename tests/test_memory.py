"""What is done again and again takes no more memory with time.

`python -m tests.test_memory steps 10000` measures longer: of training steps, looks or pages.
"""

import gc
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf

from keras_rnn_explained import ExplainedRNN, GradientFlow, backpropagate, explain

MOST = 8
"""MiB by which a process may grow in the second half."""

X = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")
Y = np.ones((4, 1), "float32")


def network(layer=ExplainedRNN):
    model = keras.Sequential([keras.Input((6, 2)), layer(3, name="rnn"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def memory():
    """What this process has, in MiB."""
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


def steps(count, folder):
    """The memory after one half and after the other, of training that is looked at now and then."""
    model, seen = network(), []
    data = tf.data.Dataset.from_tensors((X, Y)).repeat()
    flow = GradientFlow(X, Y, every=10, csv=folder / "flow.csv", log_dir=folder)
    flow._tensorboard.draws = False
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(memory()))
    model.fit(data, steps_per_epoch=count // 2, epochs=2, verbose=0, callbacks=[flow, note])
    return seen


def looks(count, folder):
    """The same of looks at a model that is copied for each."""
    model = network(keras.layers.SimpleRNN)
    return repeated(count, lambda: backpropagate(model, X, Y))


def pages(count, folder):
    """The same of pages."""
    model = network()
    return repeated(count, lambda: explain(model, X[:1], Y[:1], folder / "page.html"))


def repeated(count, work):
    seen = []
    for _ in range(2):
        for _ in range(count // 2):
            work()
        seen.append(memory())
    return seen


@pytest.mark.slow
@pytest.mark.parametrize(("work", "count"), [(steps, 1000), (looks, 60), (pages, 10)])
def test_the_second_half_takes_no_more_memory_than_the_first(tmp_path, work, count):
    middle, end = work(count, tmp_path)
    assert end - middle < MOST


if __name__ == "__main__":
    name, count = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        middle, end = {"steps": steps, "looks": looks, "pages": pages}[name](
            int(count), Path(folder)
        )
    print(f"{count} {name}: {middle:.1f} MiB after one half, {end:.1f} MiB after the other")
