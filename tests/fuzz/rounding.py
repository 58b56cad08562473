"""Which differences are of rounding alone."""

import keras
import numpy as np

from benchmarks.numerics import WORST
from tests.fuzz import alone, comparing
from tests.fuzz.calls import run
from tests.fuzz.known_differences import for_simple_rnn
from tests.fuzz.looping import loop, loop_can
from tests.fuzz.models import run_model

MOST_ROUNDING = 1000
"""How many times the tolerance it may be: what dropout draws in float64, say, is farther off.

What the layer and `SimpleRNN` share may be more, as when both take a denormal number for 0.
"""

NEARBY = 20
"""How many cases near one are tried; at a kink half of them or so are on either side."""


def in_float64(case):
    """The same case in float64, which tells who is right in fewer digits."""
    options = {**case["options"], "dtype": "float64"}
    return {**case, "options": options, "rest of the model": "float64"}


def is_rounding(one, of_simple_rnn, exact, tolerance):
    """Whether `SimpleRNN` is about as far from what is `exact` as the layer, or farther."""
    same = one.what.removesuffix(alone.BY_THE_LOOP)
    of_simple_rnn = of_simple_rnn.get(same)
    ours, theirs = (
        comparing.difference(computed, exact.get(what, comparing.NOTHING))
        for computed, what in ((one.ours, one.what), (of_simple_rnn, same))
    )
    is_shared = comparing.difference(one.ours, of_simple_rnn) <= tolerance
    most = 1 if is_shared else min(1, MOST_ROUNDING * tolerance)
    return theirs < most and ours <= WORST * theirs


def runs_nearby(case, tolerance):
    """What `SimpleRNN` gives in float64 for cases that differ from one by less than its dtype can.

    Where little is left of large summands, they are far apart.
    """
    run_one = run_model if "around" in case else run
    nearby = (nudged(in_float64(case), tolerance / 10, seed) for seed in range(NEARBY))
    return [run_one(keras.layers.SimpleRNN, for_simple_rnn(one)) for one in nearby]


def is_uncertain(one, exact, nearby):
    """Whether cases that are `nearby` are as far from what is `exact` as the layer."""
    expected = exact.get(one.what, comparing.NOTHING)
    distances = (
        comparing.difference(found.get(one.what, comparing.NOTHING), expected) for found in nearby
    )
    return comparing.difference(one.ours, expected) <= max(
        filter(np.isfinite, distances), default=0
    )


def loops_nearby(case, tolerance):
    """What the loop gives for cases that differ from one with `relu` by less than the tolerance.

    A pre-activation that is 0 but for rounding is on one side of the kink or the other, and its
    gradient is there or not.
    """
    if case["options"].get("activation") != "relu" or not loop_can(case):
        return []
    return [loop(nudged(case, tolerance / 10, seed)) for seed in range(NEARBY)]


def nudged(case, by, seed):
    """A case with other weights, inputs and initial states, each number by up to so much of it."""
    random = np.random.default_rng(seed)

    def near(array):
        array = np.asarray(array, "float64")
        return array * (1 + by * random.uniform(-1, 1, array.shape))

    if "around" in case:
        return {**case, "x": near(case["x"])}
    calls = [
        {
            **call,
            "x": [near(x) for x in call["x"]],
            **({"initial_state": near(call["initial_state"])} if "initial_state" in call else {}),
        }
        for call in case["calls"]
    ]
    return {**case, "weights": [near(weight) for weight in case["weights"]], "calls": calls}


def is_at_a_kink(one, nearby, tolerance):
    """Whether the loop gives what the layer does in a case that is `nearby`."""
    what = one.what.removesuffix(alone.BY_THE_LOOP)
    return any(
        comparing.difference(one.ours, found.get(what, comparing.NOTHING)) <= 10 * tolerance
        for found in nearby
    )
