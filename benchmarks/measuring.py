"""How experiments are run: in turns, each time in a fresh process, or for the numbers alone."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.agreement import differences
from benchmarks.cases import Case
from benchmarks.experiments import Experiment
from benchmarks.peers import PEERS
from benchmarks.processes import ROOT, PeerProcess, environment, processes
from benchmarks.results import Result, Summary

WARM_UP = 0.2
"""Seconds for which a peer runs before it is timed."""

PER_PEER = 0.7
"""Seconds for which a peer is timed in a row, all rounds together."""

MOST_REPETITIONS = 200
"""Calls in one turn, at most."""

BREAK = 0.02
"""Seconds between two turns, for threads of the last that still wait actively."""

ENOUGH = 10.0
"""Seconds of calls in fresh processes after which a row has samples enough."""

LENGTHS = {
    "lengths_function": "`tf.function`, time dimension unknown",
    "lengths_fit": "`model.fit` on a `tf.data.Dataset`",
    "lengths_eager": "called eagerly",
}


@dataclass(frozen=True)
class Run:
    """How to measure.

    Attributes:
        rounds: How often each peer has its turn.
        threads: How many threads a peer may use.
        say: Is told of progress.
    """

    rounds: int
    threads: int
    say: Callable[[str], None]

    def in_turns(self, name: str, experiment: Experiment, peers: dict[str, PeerProcess]):
        """Times calls. Peers take turns, never two at a time, and each round another is first."""
        for case, kind in _rows(experiment):
            present = _present(experiment, peers, case, kind)
            prepare(present, case, kind)
            notes = {peer: process.ask("tune") for peer, process in present.items()}
            repetitions = {}
            for peer, process in present.items():
                typical = process.ask("warm_up", seconds=WARM_UP)
                wanted = round(PER_PEER / self.rounds / typical)
                repetitions[peer] = min(max(wanted, 1), MOST_REPETITIONS)

            samples: dict[str, list[float]] = {peer: [] for peer in present}
            for turn in range(self.rounds):
                first = turn % len(present)
                for peer in [*present][first:] + [*present][:first]:
                    time.sleep(BREAK)
                    present[peer].ask("repeat", times=1)  # finds its way back into the caches
                    samples[peer] += present[peer].ask("repeat", times=repetitions[peer])
            for process in present.values():
                process.ask("release")
            yield from self._told(
                Result(name, str(case), peer, Summary.of(samples[peer]), case, notes[peer])
                for peer in present
            )

    def first_calls(self, name: str, experiment: Experiment):
        """Times what happens once: the first call in a fresh process."""
        for case, kind in _rows(experiment):
            samples: dict[str, list[float]] = {}
            for _ in range(experiment.fresh_processes):
                for peer, (about, _) in self._fresh(experiment, case, kind).items():
                    samples.setdefault(peer, []).append(about["seconds"])
                if sum(map(sum, samples.values())) > ENOUGH:
                    break
            row = LENGTHS.get(kind, str(case))
            yield from self._told(
                Result(name, row, peer, Summary.of(samples[peer]), case) for peer in samples
            )

    def peaks(self, name: str, experiment: Experiment):
        """Measures the memory of the first call in a fresh process, and of a later one."""
        for case, kind in _rows(experiment):
            samples: dict[tuple[str, str], list[float]] = {}
            for _ in range(experiment.fresh_processes):
                for peer, (about, later) in self._fresh(experiment, case, kind).items():
                    if later is not None:
                        samples.setdefault(("first step", peer), []).append(about["peak"])
                        samples.setdefault(("a later step", peer), []).append(later)
            yield from self._told(
                Result(name, f"{case}, {which}", peer, Summary.of(values), case)
                for (which, peer), values in samples.items()
            )

    def imports(self, name: str, experiment: Experiment):
        """Times imports in fresh processes, which take turns after one of each to warm the disk."""
        packages = {"simple_rnn": "keras", "ours": "keras_rnn_explained"}
        alone: dict[str, list[float]] = {peer: [] for peer in packages}
        beyond = []
        for _ in range(experiment.fresh_processes + 1):
            for peer, package in packages.items():
                alone[peer] += self._seconds_to_import(package)
            beyond.append(self._seconds_to_import("keras", "keras_rnn_explained")[1])
        yield from self._told(
            [
                *(Result(name, "`import`", peer, Summary.of(alone[peer][1:])) for peer in alone),
                Result(name, "`import` after `import keras`", "ours", Summary.of(beyond[1:])),
            ]
        )

    def _fresh(self, experiment, case, kind):
        """One fresh process a peer, one after the other: its first call, and a later one's peak."""
        found, computed = {}, {}
        for peer in experiment.peers:
            if peer in PEERS and PEERS[peer].is_installed and PEERS[peer].takes(case, kind):
                with processes([peer], self.threads) as one:
                    about, computed[peer] = one[peer].prepare(case, kind)
                    later = None
                    if kind == "training":
                        one[peer].ask("warm_up", seconds=0)
                        later = one[peer].ask("peak")
                    found[peer] = about, later
        differences(case, kind, computed)
        return found

    def _seconds_to_import(self, *packages):
        """Seconds that each import takes, in one process and this order."""
        lines = ["from time import perf_counter", "times = [perf_counter()]"]
        for package in packages:
            lines += [f"import {package}", "times.append(perf_counter())"]
        lines.append("print(*(after - before for before, after in zip(times, times[1:])))")
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            cwd=ROOT,
            env=environment(self.threads),
            capture_output=True,
            text=True,
            check=True,
        )
        return [float(seconds) for seconds in done.stdout.split()]

    def _told(self, results):
        results = list(results)
        if results:
            medians = " · ".join(f"{r.peer} {r.summary.median:.4g}" for r in results)
            self.say(f"{results[0].experiment}, {results[0].row}: {medians}")
        return results


def prepare(peers: dict[str, PeerProcess], case: Case, kind: str) -> dict[str, float]:
    """Has peers prepare a case and checks that they compute the same numbers.

    Returns:
        By peer, the largest difference from what was expected.
    """
    computed = {peer: process.prepare(case, kind)[1] for peer, process in peers.items()}
    return differences(case, kind, computed)


def differences_by_row(experiment: Experiment, peers: dict[str, PeerProcess]):
    """Without timing: the kind of call, the case, and by peer the largest difference."""
    for case, kind in _rows(experiment):
        present = _present(experiment, peers, case, kind)
        yield kind, case, prepare(present, case, kind)


def _rows(experiment):
    return [(case, kind) for kind in experiment.kinds for case in experiment.cases]


def _present(experiment, peers, case, kind):
    names = (name for name in experiment.peers if name in peers)
    return {name: peers[name] for name in names if PEERS[name].takes(case, kind)}
