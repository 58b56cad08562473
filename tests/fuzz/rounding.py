"""Which differences are of rounding alone."""

import numpy as np

from benchmarks.numerics import WORST
from tests.comparison import TOLERANCE
from tests.fuzz import alone, comparing

MOST_ROUNDING = 1000
"""How many times the tolerance it may be.

What the layer and `SimpleRNN` share may be all of it, as when both take a denormal number for 0,
but not in float64.
"""

NEARBY = 20
"""How many cases near one are tried; at a kink half of them or so are on either side."""

KINKED = ("relu", "hard_sigmoid", "selu", "a root in cases")
"""The activations whose slope jumps."""


def in_float64(case):
    """The same case in float64, which tells who is right in fewer digits."""
    options = case["options"]
    dtype = options.get("dtype", "float32").removeprefix("mixed_")
    in_its_place = {"rest of the model": "float64", "dropout drawn in": dtype}
    return {**case, "options": {**options, "dtype": "float64"}, **in_its_place}


def is_rounding(one, of_simple_rnn, exact, tolerance):
    """Whether `SimpleRNN` is about as far from what is `exact` as the layer, or farther.

    Numbers may overflow in it alone.
    """
    of_simple_rnn = of_simple_rnn.get(one.what.removesuffix(alone.BY_THE_LOOP))
    expected = exact.get(one.what, comparing.NOTHING)
    ours, theirs = (comparing.difference(each, expected) for each in (one.ours, of_simple_rnn))
    is_shared = comparing.difference(one.ours, of_simple_rnn) <= tolerance
    may_be_all = is_shared and tolerance >= TOLERANCE["float32"]
    of_this_size = theirs <= 1 if may_be_all else theirs < min(1, MOST_ROUNDING * tolerance)
    overflows = comparing.is_numeric(of_simple_rnn) and not np.all(np.isfinite(of_simple_rnn))
    return (overflows and ours <= tolerance) or (of_this_size and ours <= WORST * theirs)


def cases_nearby(case, tolerance):
    """Cases in float64 that differ from one by less than its dtype can.

    Where little is left of large summands, what they give is far apart. And a pre-activation that
    is 0 but for rounding is on one side of a kink or the other, and its gradient is there or not.
    """
    by = tolerance / (5 if "around" in case else 10)  # between its layers a model rounds, too
    return [nudged(in_float64(case), by, seed) for seed in range(NEARBY)]


def may_be_near(case, one, tolerance):
    """Whether it is worth trying cases nearby, which takes long while a case is made smaller."""
    jumps = has_a_kink(case) or "around" in case
    may_be_rounding = is_small(one, tolerance) or one.relative <= MOST_ROUNDING * tolerance
    return np.isfinite(one.relative) and (jumps or may_be_rounding)


def nudged(case, by, seed):
    """A case with other weights, inputs and initial states, each number by up to so much of it."""
    random = np.random.default_rng(seed)

    def near(array):
        array = np.asarray(array, "float64")
        return array * (1 + by * random.uniform(-1, 1, array.shape))

    if "around" in case:
        return {**case, "x": near(case["x"]), "near": near}
    calls = [
        {
            **call,
            "x": [near(x) for x in call["x"]],
            **({"initial_state": near(call["initial_state"])} if "initial_state" in call else {}),
        }
        for call in case["calls"]
    ]
    return {**case, "weights": [near(weight) for weight in case["weights"]], "calls": calls}


def is_as_nearby(case, one, exact, nearby, tolerance):
    """Whether cases that are `nearby` explain a difference."""
    if not has_a_kink(case):
        return is_uncertain(one, exact, nearby)
    # All that jumps at a kink is as uncertain as it is large.
    is_a_rest = is_small(one, tolerance) and is_uncertain(one, exact, nearby)
    return is_a_rest or is_at_a_kink(one, nearby, tolerance)


def is_uncertain(one, exact, nearby):
    """Whether cases that are `nearby` are as far from what is `exact` as the layer."""
    expected = exact.get(one.what, comparing.NOTHING)
    distances = (
        comparing.difference(found.get(one.what, comparing.NOTHING), expected) for found in nearby
    )
    return comparing.difference(one.ours, expected) <= max(
        filter(np.isfinite, distances), default=0
    )


def has_a_kink(case):
    """Whether a gradient may jump; a model goes on from there, and magnifies the jump."""
    return "around" not in case and case["options"].get("activation") in KINKED


def is_at_a_kink(one, nearby, tolerance):
    """Whether cases that are `nearby` are on both sides of a kink, and the layer is on one."""
    results = [found.get(one.what, comparing.NOTHING) for found in nearby]
    are_apart = any(comparing.difference(found, results[0]) > tolerance for found in results)
    return are_apart and any(
        comparing.difference(one.ours, found) <= 10 * tolerance for found in results
    )


def is_small(one, tolerance):
    """Whether a difference is small beside summands of 1 or so, of which little may be left."""
    return comparing.difference(one.ours, one.theirs, floor=1) <= tolerance
