"""The parent's end of a peer's process."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cases import Case
from benchmarks.peers import PEERS
from benchmarks.reference import Numbers

ROOT = Path(__file__).parent.parent


class PeerError(Exception):
    """A peer failed; the message holds its traceback or what it last wrote."""


class PeerProcess:
    """A peer in a process of its own, which starts at once and waits for commands.

    Args:
        name: The peer's key in `PEERS`.
        threads: How many threads, and processors, it may use.
    """

    def __init__(self, name: str, threads: int):
        self.name = name
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", PEERS[name].factory],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment(threads),
            text=True,
            encoding="utf-8",
        )
        keep_to_processors(threads, self._process.pid)

    def ask(self, do: str, **arguments: Any) -> Any:
        """Has a command done, one of `benchmarks.worker.Worker`'s, and returns its answer.

        Raises:
            PeerError: If it failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._log.seek(0)
            raise PeerError(f"The process of {self.name} ended:\n{self._log.read()[-4000:]}")
        answer = json.loads(line)
        if "failed" in answer:
            raise PeerError(f"{self.name} failed to {do} {arguments}:\n{answer['failed']}")
        return answer["answer"]

    def prepare(self, case: Case, kind: str) -> tuple[dict[str, Any], Numbers]:
        """See `Worker.prepare`; also returns what the first call computed."""
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder, "numbers.npz"))
            about = self.ask("prepare", case=asdict(case), kind=kind, save=path)
            with np.load(path) as numbers:
                return about, dict(numbers)

    def end(self) -> None:
        """Has the process end. It may still run when this returns."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def close(self) -> None:
        """Ends the process, and waits for that."""
        self.end()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


@contextmanager
def processes(names: Iterable[str], threads: int) -> Iterator[dict[str, PeerProcess]]:
    """Processes by the name of their peer. They start side by side and end with the block."""
    with ExitStack() as stack:
        started = {}
        for name in names:
            started[name] = PeerProcess(name, threads)
            stack.callback(started[name].close)
        yield started
        for process in started.values():
            process.end()


def environment(threads: int) -> dict[str, str]:
    """Environment variables of a process that may use so many threads, on the CPU alone."""
    counts = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    return {
        **os.environ,
        **{name: str(threads) for name in counts},
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }


def keep_to_processors(count: int, process: int) -> None:
    """Allows a process so many processors, where the system (Linux) can: who counts them obeys."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, sorted(os.sched_getaffinity(0))[:count])
