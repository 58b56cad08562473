"""`examples/streaming`: nothing is lost or seen twice, and memory does not grow with the data."""

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.streaming import ragged, windows

ROOT = Path(__file__).parent.parent
LONGEST = ragged.BOUNDARIES[-1]


def printed(*command):
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Windows


def test_an_epoch_has_each_window_once_in_an_order_of_its_own(tmp_path):
    file = tmp_path / "windows.npy"
    windows.write(file, 25)
    rows = np.load(file)
    data = windows.Windows(file, batch=8)
    orders = []
    for _ in range(2):
        batches = [data[index] for index in range(len(data))]
        assert sorted(len(x) for x, _ in batches) == [1, 8, 8, 8]
        x, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
        assert x.shape == (25, windows.LENGTH, 1)
        seen = np.concatenate([x[..., 0], y], axis=1)
        orders.append(seen[:, 0])
        np.testing.assert_array_equal(*(a[np.lexsort(a.T)] for a in (seen, rows)))
        data.on_epoch_end()
    assert (orders[0] != orders[1]).any()


def test_the_file_is_the_same_for_the_same_seed_and_nothing_else_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "AT_ONCE", 7)  # so that it is written in parts
    for name in ("a", "b"):
        windows.write(tmp_path / name, 20, seed=3)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (np.load(tmp_path / "a") != 0).all()
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


@pytest.mark.slow
def test_the_peak_is_that_of_the_process_itself():
    held = np.ones(2**26)  # 512 MiB
    child = "from examples.streaming.windows import peak; import numpy as np; before = peak(); "
    child += "held = np.ones(2**23); print(peak() - before)"
    done = subprocess.run(
        [sys.executable, "-c", child],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert float(done.stdout) == pytest.approx(64, abs=4), done.stderr
    assert held.all()


@pytest.mark.slow
def test_a_million_windows_take_no_more_memory_than_a_tenth_of_them(tmp_path):
    output = printed("examples.streaming.windows", "--folder", tmp_path)
    assert output.startswith("1000000 windows, 126 MiB")
    early, late = map(int, re.findall(r"peak memory (\d+) MiB", output))
    # The nine tenths that came in between are 113 MiB.
    assert late - early < 30
    assert float(re.search(r"loss (\S+)", output)[1]) < 0.1  # the waves have a variance of 1/2


# Buckets


@given(
    lengths=st.lists(st.integers(1, LONGEST), min_size=1, max_size=60).map(np.array),
    batch=st.integers(1, 9),
    seed=st.integers(0, 9),
)
def test_a_plan_has_each_sequence_once_beside_others_of_its_bucket(lengths, batch, seed):
    plan = ragged.plan(lengths, batch, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate(plan)), np.arange(len(lengths)))
    shapes = []
    for indices in plan:
        assert 1 <= len(indices) <= batch
        (boundary,) = {min(b for b in ragged.BOUNDARIES if b >= lengths[i]) for i in indices}
        shapes.append((len(indices), boundary))
    for first, *others in zip(*shapes, strict=True):
        assert not others or (others[0] != first) == (len({first, *others}) > 1)


@pytest.mark.parametrize("lengths", [[], [LONGEST + 1, 2]])
def test_a_plan_without_a_bucket_for_a_sequence_is_an_error(lengths):
    with pytest.raises(ValueError, match=f"at most {LONGEST} time steps"):
        ragged.plan(np.array(lengths, int), 4, 0)


@pytest.fixture
def words(tmp_path):
    """Of many lengths, in a file."""
    every = ragged.words_of_alice()[:150]
    ragged.write(tmp_path, every)
    return every, ragged.Sequences(tmp_path)


def loaded(name, sequences):
    """The batches of one epoch, as arrays."""
    pytest.importorskip({"tf.data": "tensorflow", "PyDataset": "keras"}.get(name, name))
    data = ragged.LOADERS[name](sequences, 16, 0)
    batches = data
    if name == "PyDataset":
        data.on_epoch_end()  # `fit` does so before its first epoch, too
        batches = (data[index] for index in range(len(data)))
    return [tuple(map(keras.ops.convert_to_numpy, batch)) for batch in batches]


@pytest.mark.parametrize("name", ragged.LOADERS)
def test_a_loader_gives_each_word_once_and_pads_it_to_its_bucket(name, words):
    every, sequences = words
    seen = []
    for x, y in loaded(name, sequences):
        longest = (x != 0).sum(axis=1)
        assert x.shape[1] in ragged.BOUNDARIES
        assert (np.searchsorted(ragged.BOUNDARIES, longest) == ragged.bucket_of(x.shape[1])).all()
        for row, length, target in zip(x, longest, y, strict=True):
            assert (row[:length] > 0).all()
            seen.append("".join(chr(96 + letter) for letter in (*row[:length], target)))
    assert sorted(seen) == sorted(every)


@pytest.mark.slow
@pytest.mark.parametrize("name", ragged.LOADERS)
def test_fit_on_buckets_trains_as_on_arrays_padded_to_the_longest(name, words):
    _, sequences = words
    batches = [
        (np.pad(x, ((0, 0), (0, LONGEST - x.shape[1]))), y) for x, y in loaded(name, sequences)
    ]
    model, padded = ragged.model(), ragged.model()
    for each in (model, padded):
        each.train_on_batch(*batches[0])  # else `fit` takes a batch off to build what is missing
    model.fit(ragged.LOADERS[name](sequences, 16, 0), shuffle=False, verbose=0)
    for x, y in batches:
        padded.train_on_batch(x, y)
    for one, other in zip(model.get_weights(), padded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("program", [ragged, windows])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--folder"),
        (["--folder", __file__], "expected a folder, but"),
        (["--folder", "here", "--batch", "0"], "at least 1, got '0'"),
    ],
)
def test_wrong_arguments_are_told(program, arguments, message, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    assert message in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(("loader", "package"), [("grain", "grain"), ("torch", "torch")])
def test_a_loader_that_is_not_installed_is_told(loader, package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    arguments = ["program", "--folder", str(tmp_path), "--loader", loader]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit, match=f"needs {package}.*: pip install {package}"):
        ragged.main()
