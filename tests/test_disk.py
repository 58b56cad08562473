"""Disks that are full and folders that can't be written to: an error that says so, nothing lost."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_rnn_explained import (
    ExplainedRNN,
    GradientFlow,
    backpropagate,
    explain,
    figures,
    to_onnx,
    unfold,
)
from keras_rnn_explained.cli import main
from tests.limits import no_file_larger_than

X = np.random.default_rng(0).normal(size=(2, 6, 2)).astype("float32")
Y = np.ones((2, 3), "float32")


@pytest.fixture(scope="module")
def layer():
    layer = ExplainedRNN(3, name="rnn")
    layer.build(X.shape)
    return layer


def write_onnx(layer, path):
    pytest.importorskip("onnx")
    to_onnx(keras.Sequential([keras.Input((6, 2)), layer]), path)


# How each kind of file is written, and how the parameter is called that is its path.
FILES = {
    "page.html": lambda layer, path: explain(layer, X, Y, path, loss="mse"),
    "figure.svg": lambda layer, path: figures.cell(path=path),
    "figure.png": lambda layer, path: figures.state_map(unfold(layer, X), path=path),
    "look.npz": lambda layer, path: unfold(layer, X).save(path),
    "gradients.npz": lambda layer, path: backpropagate(layer, X, Y, "mse").save(path),
    "model.onnx": write_onnx,
}


@pytest.mark.parametrize("name", FILES)
def test_a_full_disk_leaves_the_file_that_was_there_and_nothing_beside_it(layer, tmp_path, name):
    path = tmp_path / name
    path.write_text("before")
    with (
        no_file_larger_than(500),
        pytest.raises(OSError, match=f"too large: '{re.escape(str(path))}'"),
    ):
        FILES[name](layer, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    FILES[name](layer, path)  # and when there is room again
    assert path.stat().st_size > 500


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_which_not_even_root_can_write_is_told(layer, name):
    with pytest.raises(OSError, match=r"/proc"):
        FILES[name](layer, Path("/proc") / name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_the_place_of_the_folder_is_told(layer, tmp_path, name):
    (tmp_path / "file").write_text("before")
    with pytest.raises(OSError, match="in a folder that exists"):
        FILES[name](layer, tmp_path / "file" / name)
    assert (tmp_path / "file").read_text() == "before"


def trained(layer, callback):
    model = keras.Sequential([keras.Input((6, 2)), keras.layers.SimpleRNN(3, name="rnn")])
    model.compile("sgd", "mse")
    return model.fit(X, Y, batch_size=1, epochs=3, verbose=0, callbacks=callback)


class Full(keras.callbacks.Callback):
    """From the third batch on the disk is full."""

    def __init__(self, size):
        super().__init__()
        self.limit = no_file_larger_than(size)
        self.seen = 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        if self.seen == 3:
            self.limit.__enter__()

    def on_train_end(self, logs=None):
        self.limit.__exit__(None, None, None)


def test_a_disk_that_fills_up_ends_the_rows_and_not_the_training(layer, tmp_path):
    path = tmp_path / "flow.csv"
    flow = GradientFlow(X, Y, every=1, csv=path)
    with pytest.warns(UserWarning, match="stops looking.*after batch 3 failed: OSError"):
        history = trained(layer, [flow, Full(700)])
    assert len(history.history["loss"]) == 3
    header, *rows = path.read_text().splitlines()
    assert rows
    assert {row.count(",") for row in rows} == {header.count(",")}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("every", [1, 100])
def test_a_disk_that_fills_up_under_tensorboard_does_not_end_the_training(layer, tmp_path, every):
    flow = GradientFlow(X, Y, every=every, log_dir=tmp_path)
    flow._tensorboard.draws = False
    with pytest.warns(UserWarning, match="stops looking"):
        history = trained(layer, [flow, Full(1000)])
    assert len(history.history["loss"]) == 3


def test_the_command_says_in_one_line_that_the_disk_is_full(tmp_path, capfd):
    model = keras.Sequential([keras.Input((6, 2)), ExplainedRNN(3)])
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    output = tmp_path / "page.html"
    output.write_text("before")
    given = [str(tmp_path / name) for name in ("model.keras", "data.npz")]
    with no_file_larger_than(1000):
        assert main(["explain", *given, "--loss", "mse", "-o", str(output)]) == 2
    (complaint,) = capfd.readouterr().err.splitlines()
    assert complaint.startswith("rnn-explained: error: the page can't be made: ")
    assert complaint.endswith(f"File too large: '{output}'")
    assert output.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 3
