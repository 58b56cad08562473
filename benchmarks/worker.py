"""A peer's process: reads commands from standard input, a line of JSON each, and answers so.

`python -m benchmarks.worker module:factory`. See `Worker` for the commands.
"""

import gc
import importlib
import json
import os
import sys
import traceback
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.cases import Case
from benchmarks.peers.fastest import Fastest


class Worker:
    """One peer, which has one call prepared at a time. Each public method is a command.

    Args:
        factory: What makes the peer, as `module:function`.
    """

    def __init__(self, factory: str):
        module, name = factory.split(":")
        self.peer = getattr(importlib.import_module(module), name)()
        self.call: Any = None
        self.held_before = 0

    def versions(self) -> dict[str, str]:
        """Of what the peer runs on."""
        return self.peer.versions

    def prepare(self, case: dict, kind: str, save: str) -> dict[str, Any]:
        """Builds what a case needs, runs it for the first time, and saves what came out.

        Args:
            case: The fields of a `Case`.
            kind: Which call of the peer.
            save: Path of the `.npz` file for the numbers.

        Returns:
            Of the first call, its seconds and, as `peak`, its memory.
        """
        self.call = self.peer.prepare(Case(**case), kind)

        def first_call():
            start = perf_counter()
            numbers = self.call()
            return perf_counter() - start, numbers

        (seconds, numbers), peak = self._with_peak(first_call, anew=True)
        arrays: dict[str, Any] = {name: np.asarray(number) for name, number in numbers.items()}
        np.savez(save, **arrays)
        return {"seconds": seconds, "peak": peak}

    def tune(self) -> str | None:
        """Finds the fastest of the ways in which the call can be made, and names it."""
        if not isinstance(self.call, Fastest):
            return None
        self.call.tune()
        return self.call.note

    def warm_up(self, seconds: float) -> float:
        """Runs the call for so long, at least twice; returns the seconds of a typical one."""
        samples = self.repeat(2)
        while sum(samples) < seconds:
            samples += self.repeat(1)
        return float(np.median(samples[-5:]))

    def repeat(self, times: int) -> list[float]:
        """Seconds of so many calls, one by one."""
        samples = []
        for _ in range(times):
            start = perf_counter()
            self.call()
            samples.append(perf_counter() - start)
        return samples

    def peak(self) -> int | None:
        """Memory of a further call: how far its peak is above what was held before the first."""
        return self._with_peak(self.call)[1]

    def release(self) -> None:
        """Forgets the call."""
        self.call = None
        gc.collect()

    def _with_peak(self, call, anew=False):
        """What the call returns, and the peak; no peak where the system does not tell."""
        if not memory.IS_KNOWN:
            return call(), None
        held = memory.held()
        if anew:
            self.held_before = held
        result, peak = memory.with_peak(call)
        return result, max(peak - self.held_before, 0)


def main() -> None:
    """Answers commands until there are no more."""
    # Answers go where standard output went; what a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"answer": getattr(worker, command.pop("do"))(**command)}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
