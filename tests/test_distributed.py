"""The programs of `examples/distributed`: as one worker does, even if one of several dies."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import pytest

from examples.distributed import multi_worker, one_worker, task

ROOT = Path(__file__).parent.parent
EPOCHS, DIES_IN = 4, 3
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Else processes that torchrun has started again may find the addresses of those before them.
    "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
}


def started(*command, backend="tensorflow"):
    """A Python process, with what it prints and an id of its own for it and its children."""
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, command)],
        env=os.environ | ENVIRONMENT | {"KERAS_BACKEND": backend},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process, timeout=240):
    """How it ended, its losses by epoch, and what it wrote to its standard error."""
    try:
        output, errors = process.communicate(timeout=timeout)
    finally:
        kill(process)
    found = re.findall(r"^epoch (\d+) loss (\S+)$", output, re.MULTILINE)
    return process.returncode, {int(epoch): float(loss) for epoch, loss in found}, errors


def kill(process):
    """The process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def losses_of(*processes):
    """The losses of processes that all have to end well, and to agree."""
    try:
        every = [*map(ended, processes)]
    finally:
        for process in processes:
            kill(process)
    for code, losses, errors in every:
        assert code == 0, errors
        assert losses == every[0][1]
    return every[0][1]


def losses_before_death(process):
    code, losses, errors = ended(process)
    assert code == -signal.SIGKILL, errors
    return losses


def free_addresses(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


def with_devices(program, backend, common, dies):
    """The losses before one process with two devices is killed, and after it was started again."""
    before = losses_before_death(started(program, *common, *dies, backend=backend))
    return before, losses_of(started(program, *common, backend=backend))


def with_processes(program, backend, common, dies):
    """The same of two processes, of which the second is killed."""
    first, second = free_addresses(2)

    def worker(index, *more):
        return started(program, *common, "--workers", first, second, "--index", index, *more)

    other = worker(0)
    try:
        before = losses_before_death(worker(1, *dies))
    finally:
        kill(other)
    first, second = free_addresses(2)
    return before, losses_of(worker(0), worker(1))


def with_torchrun(program, backend, common, dies):
    """The same where torchrun starts two processes, and both again when one has died."""
    run = ("torch.distributed.run", "--standalone", "--nproc-per-node", 2, "--max-restarts", 1)
    process = started(*run, "-m", program, *common, *dies, backend=backend)
    code, losses, errors = ended(process)
    assert code == 0, errors
    assert "exitcode: -9" in errors
    return {epoch: losses[epoch] for epoch in range(1, DIES_IN)}, {
        epoch: losses[epoch] for epoch in range(DIES_IN, EPOCHS + 1)
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "backend", "trained", "batch", "train"),
    [
        ("mirrored", "tensorflow", "alice", 64, with_devices),
        ("multi_worker", "tensorflow", "sunspots", 42, with_processes),
        ("data_parallel", "jax", "sunspots", 42, with_devices),
        ("ddp", "torch", "alice", 64, with_torchrun),
    ],
)
def test_workers_of_which_one_is_killed_end_where_one_worker_does(
    program, backend, trained, batch, train, tmp_path
):
    pytest.importorskip(backend)
    common = ("--task", trained, "--batch", batch, "--epochs", EPOCHS, "--folder")
    alone = started("examples.distributed.one_worker", *common, tmp_path / "alone", backend=backend)
    try:
        before, after = train(
            f"examples.distributed.{program}",
            backend,
            (*common, tmp_path / "several"),
            ("--die-in-epoch", DIES_IN),
        )
    finally:
        code, losses, errors = ended(alone)
    assert code == 0, errors
    assert list(losses) == [*range(1, EPOCHS + 1)]
    assert losses[EPOCHS] < losses[1]
    assert list(before) == [*range(1, DIES_IN)]
    assert list(after) == [*range(DIES_IN, EPOCHS + 1)]
    np.testing.assert_allclose([*(before | after).values()], [*losses.values()], rtol=0, atol=1e-5)
    one, other = (
        keras.models.load_model(tmp_path / name / "model.keras") for name in ("alone", "several")
    )
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)


def told(main, arguments, monkeypatch, capsys):
    """What a program says that ends because of its arguments."""
    monkeypatch.setattr(sys, "argv", ["program", *arguments])
    with pytest.raises(SystemExit, match="2"):
        main()
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (one_worker.main, "", "--folder"),
        (one_worker.main, f"--folder {__file__}", "expected a folder, but"),
        (one_worker.main, f"--folder {__file__}/here", "test_distributed.py is a file"),
        (one_worker.main, "--folder here --epochs none", "of at least 1, got 'none'"),
        (one_worker.main, "--folder here --batch 999", "number of samples, 210, got 999"),
        (multi_worker.main, "--folder here", "there is no TF_CONFIG either"),
        (multi_worker.main, "--folder here --index 0", "--workers and --index belong together"),
        (multi_worker.main, "--folder here --workers a:1 b:1 --index 2", "must be from 0 to 1"),
    ],
)
def test_wrong_arguments_are_told(main, arguments, message, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert message in told(main, arguments.split(), monkeypatch, capsys)
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder root can't write to")
def test_a_folder_that_can_not_be_written_to_is_told(monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith("/proc"))
    assert "/proc can't be written to" in told(
        one_worker.main, ["--folder", "/proc/here"], monkeypatch, capsys
    )


@pytest.mark.slow
def test_a_program_with_nothing_left_to_train_says_so(monkeypatch, capsys, tmp_path):
    arguments = ["program", "--folder", str(tmp_path), "--epochs", "1", "--batch", "210"]
    monkeypatch.setattr(sys, "argv", arguments)
    one_worker.main()
    assert re.fullmatch(r"epoch 1 loss \S+\n", capsys.readouterr().out)
    one_worker.main()
    assert capsys.readouterr().out.startswith("nothing left to train: the checkpoint in ")


@pytest.mark.parametrize("program", ["mirrored", "data_parallel", "multi_worker", "ddp"])
def test_a_package_that_is_missing_is_told_with_how_to_install_it(program):
    package = {"data_parallel": "jax", "ddp": "torch"}.get(program, "tensorflow")
    code = f"import runpy, sys; sys.modules[{package!r}] = None; "
    code += f"runpy.run_module('examples.distributed.{program}', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == f"This needs {package}, which is not installed: pip install {package}\n"


def test_a_batch_that_workers_cannot_share_is_told(capsys):
    parser = task.arguments("")
    given = parser.parse_args(["--folder", "here", "--batch", "43"])
    with pytest.raises(SystemExit, match="2"):
        task.chosen(parser, given, workers=2)
    assert "multiple of the number of workers, 2, got 43" in capsys.readouterr().err
