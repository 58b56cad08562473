"""The programs of `docs/programs` do what the pages say of them."""

import os
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest

from docs_build.on_pages import backends, folders, programs


def started(name, *arguments, folder=None):
    return subprocess.Popen(
        [sys.executable, str(programs.FOLDER / f"{name}.py"), *arguments],
        env=os.environ | {"PYTHONPATH": str(programs.ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def printed(process):
    try:
        output, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    return output


def free_addresses(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return [f"localhost:{port}" for port in ports]


@pytest.mark.slow
def test_two_devices_train_as_one_does():
    output = programs.output("en", "two_devices")
    assert output.count("compiled: ") == 2
    assert "the weights agree" in output


@pytest.mark.slow
def test_two_workers_train_as_one_does():
    alone = printed(started("worker", "0", *free_addresses(1)))
    addresses = free_addresses(2)
    processes = [started("worker", index, *addresses) for index in "01"]
    try:
        first, second = map(printed, processes)
    finally:
        for process in processes:
            process.kill()
    assert first == second
    losses = [np.array(text.split()[1::2], float) for text in (alone, first)]
    np.testing.assert_allclose(*losses, atol=2e-5)


def test_a_model_of_simple_rnn_is_loaded_without_this_package(tmp_path):
    model = keras.Sequential([keras.Input((12, 3)), keras.layers.SimpleRNN(4)])
    model.save(tmp_path / "plain.keras")
    x = np.ones((2, 12, 3), "float32")
    np.savez(tmp_path / "expected.npz", x=x, y=model.predict(x, verbose=0))
    output = printed(started("on_another_backend", folder=tmp_path))
    assert output == "backend: tensorflow\nas on TensorFlow: True\n"


def test_a_program_that_fails_ends_the_build(tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("raise ValueError('no')")
    monkeypatch.setattr(programs, "FOLDER", tmp_path)
    with pytest.raises(RuntimeError, match="no"):
        programs.output("en", "broken")


def test_the_source_of_a_program_is_a_block_of_code():
    block = programs.source("en", "worker", "train.py")
    assert block.startswith('```python title="train.py"\nimport json')
    assert block.endswith("\n```")


def test_the_refusal_names_the_backend():
    assert "'openvino'" in backends.refusal("en", "openvino")
    assert keras.backend.backend() == "tensorflow"


def test_a_page_keeps_its_folder():
    folder = folders.scratch("en", "some-page")
    assert folders.scratch("en", "some-page") == folder
    assert folders.scratch("ja", "some-page") != folder
