"""The programs of `docs/programs` do what the pages say of them."""

import os
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


@pytest.mark.slow
def test_a_program_of_the_examples_runs_and_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    output = programs.output("en", "distributed/one_worker", "--folder", "runs", "--epochs", "1")
    assert "epoch 1 loss " in output
    assert not [*tmp_path.iterdir()]


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
    block = programs.source("en", "on_another_backend", "use.py")
    assert block.startswith('```python title="use.py"\nimport ')
    assert block.endswith("\n```")
    title = "examples/distributed/mirrored.py"
    assert programs.source("en", "distributed/mirrored").startswith(f'```python title="{title}"')


def test_a_part_of_a_program_is_shown_by_its_name():
    block = programs.part("en", "streaming/ragged", "bucket_of", "Batches")
    assert block.startswith('```python title="examples/streaming/ragged.py"\ndef bucket_of(')
    assert "\n\n\nclass Batches(" in block


def test_the_refusal_names_the_backend():
    assert "'openvino'" in backends.refusal("en", "openvino")
    assert keras.backend.backend() == "tensorflow"


def test_a_page_keeps_its_folder():
    folder = folders.scratch("en", "some-page")
    assert folders.scratch("en", "some-page") == folder
    assert folders.scratch("ja", "some-page") != folder
