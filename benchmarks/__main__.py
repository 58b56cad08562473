"""The command `python -m benchmarks`."""

import argparse
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import growth
from benchmarks.agreement import DisagreementError
from benchmarks.experiments import EXPERIMENTS, QUICK, made_tiny
from benchmarks.goals import goals
from benchmarks.machine import machine
from benchmarks.measuring import Run, differences_by_row
from benchmarks.peers import PEERS
from benchmarks.processes import PeerError, PeerProcess, processes
from benchmarks.report import markdown, table
from benchmarks.results import Results

FOLDER = Path(__file__).parent
FAILED = 1


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmarks.

    Args:
        argv: The arguments; those of the process by default.

    Returns:
        The exit status: 1 if a peer failed or computed other numbers than it should have, else 0,
        whichever goals were reached.
    """
    arguments = _parser().parse_args(argv)
    start = time.perf_counter()

    def say(progress: str) -> None:
        print(f"[{time.perf_counter() - start:4.0f} s] {progress}", file=sys.stderr, flush=True)

    names = [name for name in EXPERIMENTS if name in (arguments.only or EXPERIMENTS)]
    for peer in PEERS.values():
        if not peer.is_installed:
            print(f"{peer.label} is not installed: `pip install {peer.package}`.")
    try:
        if arguments.quick:
            _check([name for name in names if name in QUICK], arguments, say)
        else:
            _measure(names, arguments, argv, say)
    except (DisagreementError, PeerError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    return 0


def _check(names, arguments, say):
    """Prints by how much peers differ, on tiny shapes."""
    rows = []
    with processes(_installed(), arguments.threads) as peers:
        for name in names:
            say(name)
            for kind, case, found in differences_by_row(made_tiny(EXPERIMENTS[name]), peers):
                rows.append(
                    [kind, str(case), *(f"{found[p]:.0e}" if p in found else "" for p in peers)]
                )
        labels = [PEERS[peer].label for peer in peers]
    print(table(["call", "case", *labels], rows))
    print("\nAll peers compute the same numbers; above, the largest relative differences.")


def _measure(names, arguments, argv, say):
    """Measures, and writes the report."""
    given = sys.argv[1:] if argv is None else argv
    about: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "benchmarks", *given]),
        "rounds": arguments.rounds,
        "threads": arguments.threads,
        "machine": machine(),
    }
    run = Run(arguments.rounds, arguments.threads, say)
    in_fresh_processes = {"import": run.imports, "memory": run.peaks}
    measured = []
    for name in names:
        if EXPERIMENTS[name].fresh_processes:
            measure = in_fresh_processes.get(name, run.first_calls)
            measured += measure(name, EXPERIMENTS[name])
    with processes(_installed(), arguments.threads) as peers:
        about["versions"] = _versions(peers)
        for name in names:
            if not EXPERIMENTS[name].fresh_processes:
                measured += run.in_turns(name, EXPERIMENTS[name], peers)

    results = Results(measured)
    report = markdown(about, results)
    found = {
        **about,
        "goals": [goal.as_json() for goal in goals(results)],
        "results": results.as_json(),
    }
    text = json.dumps(found, indent=1, ensure_ascii=False)
    arguments.output.write_text(report, encoding="utf-8")
    arguments.json.write_text(text + "\n", encoding="utf-8")
    growth.draw(results, arguments.output.with_name("growth.svg"))
    print(report)


def _installed():
    return [name for name, peer in PEERS.items() if peer.is_installed]


def _versions(peers: dict[str, PeerProcess]) -> dict[str, str]:
    versions: dict[str, str] = {}
    for process in peers.values():
        versions |= process.ask("versions")
    return versions


def _experiments(text):
    names = text.split(",")
    for name in names:
        if name not in EXPERIMENTS:
            known = ", ".join(EXPERIMENTS)
            raise argparse.ArgumentTypeError(f"there is no {name!r}, only {known}")
    return names


def _positive(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a positive whole number, got {text!r}")
    return int(text)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures ExplainedRNN beside SimpleRNN, PyTorch, JAX and matrix products.",
    )
    add = parser.add_argument
    add(
        "--quick", action="store_true", help="only check the numbers, on tiny shapes; write nothing"
    )
    add(
        "--only",
        type=_experiments,
        metavar="NAME,...",
        help=f"only these of {', '.join(EXPERIMENTS)}",
    )
    add("--rounds", type=_positive, default=7, help="turns of each peer (default: %(default)s)")
    add("--threads", type=_positive, default=2, help="threads of a peer (default: %(default)s)")
    add("--output", type=Path, default=FOLDER / "RESULTS.md", help="report (default: %(default)s)")
    add(
        "--json",
        type=Path,
        default=FOLDER / "results.json",
        help="the same as JSON (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
