"""`python -m tests.fuzz`: random cases of `ExplainedRNN`, beside `SimpleRNN` and a float64 loop."""

import argparse
import os
import signal
import sys
import time
from collections import Counter

from tests.fuzz import hunting

NAMES = ("calls", "graphs", "looks", "models")


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="how many, of all arms together")
    parser.add_argument("--seed", type=int, default=0, help="what they are drawn from")
    parser.add_argument("--skip", type=int, default=0, help="how many an earlier run had already")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="one a core")
    parser.add_argument("--arm", action="append", choices=NAMES, help="only this one; repeatable")
    parser.add_argument("--layer", default=hunting.Hunt.layer, help="another class, as module.Name")
    return parser.parse_args()


def main():
    given = arguments()
    from tests.fuzz.arms import ARMS

    arms = [arm for arm in ARMS if given.arm is None or arm.name in given.arm]
    planned = hunting.hunts(given.cases, given.seed, arms, given.layer)
    planned = hunting.without_the_first(given.skip, planned)
    cases = sum(hunt.cases for hunt in planned)
    outcomes, start = [], time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Terminated"))  # and so the workers, too
    for outcome in hunting.run_all(planned, given.processes):
        outcomes.append(outcome)
        if outcome.script is not None:
            print(f"\n# Seed {given.seed}, arm {outcome.hunt.arm}: {outcome.what}")
            print(outcome.script, flush=True)
        passed, ran = time.monotonic() - start, sum(one.cases for one in outcomes)
        left = passed / len(outcomes) * (len(planned) - len(outcomes)) / 60
        failures = sum(one.script is not None for one in outcomes)
        print(
            f"\r{ran:,} of {cases:,} cases, {failures} failures, {left:.0f} min left ",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    print(summary(given, outcomes, time.monotonic() - start))
    return any(outcome.script is not None for outcome in outcomes)


def summary(given, outcomes, passed):
    """How many cases of each arm ran, how long they took, and what was found."""
    lines = [f"Seed {given.seed}, {passed / 60:.1f} min on {given.processes} processes:"]
    for name in NAMES:
        own = [outcome for outcome in outcomes if outcome.hunt.arm == name]
        if own:
            cases = sum(outcome.cases for outcome in own)
            each = 1000 * sum(outcome.seconds for outcome in own) / cases
            failures = sum(outcome.script is not None for outcome in own)
            lines.append(
                f"  {name}: {cases:,} cases, {each:.0f} ms of a core each, {failures} failures"
            )
    known = sum((outcome.known for outcome in outcomes), Counter())
    lines.append("Cases with a known difference from SimpleRNN (see the equivalence page):")
    lines += [f"  {name}: {count:,}" for name, count in known.most_common()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
