"""The arms of the fuzzer: what each draws, runs and compares, and what of it is unexplained."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests import comparison, reference
from tests.comparison import FLOOR, TOLERANCE
from tests.fuzz import alone, calls, comparing, drawing, looks, looping, models, strategies
from tests.fuzz.known_differences import explained, for_simple_rnn, is_truncated
from tests.fuzz.rounding import (
    cases_nearby,
    in_float64,
    is_as_nearby,
    is_rounding,
    may_be_near,
)


class Difference(NamedTuple):
    """Something of a case that is not as it should be.

    Attributes:
        what: What it is.
        ours: What the layer gives.
        theirs: What `SimpleRNN`, the loop or automatic differentiation gives.
        relative: How far apart they are.
    """

    what: str
    ours: object
    theirs: object
    relative: float


@dataclass(frozen=True)
class Arm:
    """One kind of case.

    Attributes:
        name: What it is called.
        share: In how many of a thousand cases.
        cases: What draws a case.
        compared: Runs a case: yields `(what, ours, theirs)` for all that must agree.
        sources: The modules of the tests that `compared` takes, each after those that it takes.
        beside_simple_rnn: Whether it compares with `SimpleRNN`, from which there are known
            differences.
    """

    name: str
    share: int
    cases: st.SearchStrategy
    compared: Callable
    sources: tuple[ModuleType, ...]
    beside_simple_rnn: bool = True


COMPARING = (comparison, comparing)
OF_CALLS = (reference, *COMPARING, calls, looping, drawing, alone)
OF_LOOKS = (*COMPARING, calls, looks)

ARMS = (
    # Operation by operation, for tracing a graph takes longer than ten cases.
    Arm("calls", 870, strategies.calls_of_a_layer(), alone.compared, OF_CALLS),
    Arm("graphs", 30, strategies.calls_of_a_layer(graphs=True), alone.compared, OF_CALLS),
    Arm("looks", 70, strategies.looks_at_a_layer(), looks.compared, OF_LOOKS, False),
    Arm("models", 30, strategies.models(), models.compared, (*COMPARING, calls, models)),
)


def tolerance_of(case):
    """The largest relative difference that counts as agreement."""
    dtype = case["options"].get("dtype", "float32").removeprefix("mixed_")
    # The rest of a model, and an activation that is a layer, compute in float32.
    in_a_model = "around" in case or "in a model" in case
    in_float32 = in_a_model or case["options"].get("activation") in calls.LAYERS
    return TOLERANCE["float32" if dtype == "float64" and in_float32 else dtype]


def floor_of(case):
    """What a difference is relative to at least: a dtype's smaller numbers have few digits."""
    in_float16 = case["options"].get("dtype", "float32").removeprefix("mixed_") == "float16"
    return float(np.finfo("float16").smallest_normal) if in_float16 else FLOOR


def differences(arm, layer_class, case):
    """All that is unexplained, and the names of the known differences that explain the rest."""
    tolerance, floor, unexplained, known = tolerance_of(case), floor_of(case), [], set()
    results = [*compared(arm, layer_class, case)]
    for what, ours, theirs in results:
        relative = comparing.difference(ours, theirs, floor)
        if relative > tolerance and arm.beside_simple_rnn:
            ours, names = explained(case, what, ours, theirs)
            known |= names
            relative = comparing.difference(ours, theirs, floor)
        if relative > tolerance:
            unexplained.append(Difference(what, ours, theirs, relative))
    if unexplained:
        of_simple_rnn = {what: one for what, _, one in results if not is_truncated(case, what)}
        exact = _expected(arm, layer_class, in_float64(case))
        unexplained = [
            one for one in unexplained if not is_rounding(one, of_simple_rnn, exact, tolerance)
        ]
    if unexplained and all(may_be_near(case, one, tolerance) for one in unexplained):
        nearby = [_expected(arm, layer_class, one) for one in cases_nearby(case, tolerance)]
        unexplained = [
            one for one in unexplained if not is_as_nearby(case, one, exact, nearby, tolerance)
        ]
    return unexplained, known


def _expected(arm, layer_class, case):
    return {what: theirs for what, _, theirs in compared(arm, layer_class, case)}


def compared(arm, layer_class, case):
    """`(what, ours, theirs)` of all that must agree, up to what is raised, as "error"."""
    dtype = case.get("dropout drawn in")
    with drawing.drawn_in(dtype) if dtype else nullcontext():
        try:
            yield from arm.compared(layer_class, case, for_simple_rnn(case))
        except Exception as error:
            yield "error", error, comparing.NOTHING
