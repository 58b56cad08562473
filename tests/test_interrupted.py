"""Ctrl-C at moments at which it may do harm: a real signal to the real command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN

# Python runs this first: it sends itself the signal when something that it was told of happens.
AT_THAT_MOMENT = """
import os, signal, sys

wanted, text = os.environ["INTERRUPT_AT"].split()

def look(event, given):
    global wanted
    if event == wanted and text in str(given[0]):
        wanted = None
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(look)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "python").mkdir()
    (folder / "python" / "sitecustomize.py").write_text(AT_THAT_MOMENT)
    model = keras.Sequential([keras.Input((4, 2)), ExplainedRNN(2), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.save(folder / "model.keras")
    np.savez(folder / "data.npz", x=np.ones((2, 4, 2)), y=np.ones((2, 1)))
    return folder


def interrupted(moment, folder, *arguments):
    """How the command ended and what it wrote to standard error; Ctrl-C is pressed twice."""
    path = os.pathsep.join([str(folder / "python"), str(Path(__file__).parent.parent)])
    process = subprocess.Popen(
        [sys.executable, "-m", "keras_rnn_explained", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "INTERRUPT_AT": moment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them, and so the command, ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, first + errors


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    [
        "import rich.console",
        "import keras.src",
        "import tensorflow.python.eager",
        "import matplotlib.figure",
        "os.rename .part",
    ],
)
def test_a_page_that_is_interrupted_leaves_the_one_before(folder, moment):
    (folder / "page.html").write_text("before")
    before = sorted(folder.rglob("*"))
    code, errors = interrupted(
        moment, folder, "explain", "model.keras", "data.npz", "-o", "page.html"
    )
    assert errors == "rnn-explained: interrupted; no file was left half written.\n"
    assert code == 130
    assert (folder / "page.html").read_text() == "before"
    assert sorted(folder.rglob("*")) == before


@pytest.mark.slow
def test_a_demo_that_is_interrupted_after_its_figure_leaves_the_figure_whole(folder, tmp_path):
    demo = ("demo", "--units", 1, "--epochs", 1, "--window", 2, "--output", tmp_path / "a.svg")
    code, errors = interrupted("os.rename .a.html", folder, *demo)
    assert errors == "rnn-explained: interrupted; no file was left half written.\n"
    assert code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    assert (tmp_path / "a.svg").read_text(encoding="utf-8").endswith("</svg>")
