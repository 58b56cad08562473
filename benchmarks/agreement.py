"""Whether all peers compute the same numbers. Who does not has no time worth reporting."""

import numpy as np

from benchmarks import reference
from benchmarks.cases import Case
from benchmarks.reference import Numbers

TOLERANCE = {"float32": 1e-4, "bfloat16": 5e-2}
"""The largest difference allowed, relative to the largest number that is expected."""

MODEL = "simple_rnn"
"""Who to agree with where NumPy does not know what to expect: dropout, whole epochs, lengths."""

DRAWS_OTHERWISE = "simple_rnn_jit"
"""Compiled by XLA, the same seed draws other dropout masks: nothing to compare with there."""


class DisagreementError(Exception):
    """A peer computed other numbers than it should have; the message says who and by how much."""


def differences(case: Case, kind: str, computed: dict[str, Numbers]) -> dict[str, float]:
    """By peer, the largest difference between what it computed and what was expected.

    Args:
        case: What was computed.
        kind: Which call: `"forward"`, `"training"` and so on.
        computed: What came out, by peer. A peer whose numbers mean nothing has none.

    Raises:
        DisagreementError: If a difference is larger than `TOLERANCE`.
    """
    computed = {
        peer: numbers
        for peer, numbers in computed.items()
        if numbers and not (case.dropout and peer == DRAWS_OTHERWISE)
    }
    expected = _expected(case, kind, computed)
    found = {
        (peer, name): relative_difference(numbers[name], expected[name])
        for peer, numbers in computed.items()
        for name in expected
    }
    # Written so that nan, which is not a number, is no agreement.
    wrong = {at: found[at] for at in found if not found[at] <= TOLERANCE[case.dtype]}
    if wrong:
        lines = [f"{peer}: {name} is off by {by:.1e}" for (peer, name), by in wrong.items()]
        allowed = TOLERANCE[case.dtype]
        raise DisagreementError(
            "\n  ".join([f"{kind} of {case}, where {allowed:.0e} is allowed:", *lines])
        )
    return {p: max(found[p, name] for name in expected) for p in computed}


def relative_difference(computed: np.ndarray, expected: np.ndarray) -> float:
    """Largest |computed − expected| relative to the largest |expected|."""
    if computed.shape != expected.shape:
        return float("inf")
    computed, expected = computed.astype("float64"), expected.astype("float64")
    return float(np.max(np.abs(computed - expected)) / np.max(np.abs(expected)))


def _expected(case, kind, computed):
    if case.dropout == 0 and kind in ("forward", "training"):
        return getattr(reference, kind)(case)
    return computed.get(MODEL, {})
