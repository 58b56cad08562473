"""How far apart two results are that may hold numbers, what is not finite, text and errors."""

from numbers import Number

import numpy as np

from tests.comparison import FLOOR, relative_difference

NOTHING = "nothing"
"""What stands for a result that is not there."""


def difference(actual, expected, floor=FLOOR):
    """The relative difference of numbers; of all else 0 if it is the same and infinity if not."""
    if isinstance(actual, Exception) or isinstance(expected, Exception):
        return 0.0 if type(actual) is type(expected) else np.inf
    if not (is_numeric(actual) and is_numeric(expected)):
        same = not (is_numeric(actual) or is_numeric(expected)) and actual == expected
        return 0.0 if same else np.inf
    actual, expected = np.asarray(actual, "float64"), np.asarray(expected, "float64")
    if actual.shape != expected.shape:
        return np.inf
    finite = np.isfinite(expected) & np.isfinite(actual)
    if not np.array_equal(actual[~finite], expected[~finite], equal_nan=True):
        return np.inf
    return relative_difference(actual[finite], expected[finite], floor)


def is_numeric(value):
    return isinstance(value, (np.ndarray, np.generic, Number))


def side_by_side(ours, theirs):
    """`(what, ours, theirs)` of all that either has, up to an error."""
    if "error" in ours or "error" in theirs:
        yield "error", ours.get("error", NOTHING), theirs.get("error", NOTHING)
        theirs = {what: value for what, value in theirs.items() if what in ours}
        ours = {what: value for what, value in ours.items() if what in theirs}
    for what in {**theirs, **ours}:
        if what != "error":
            yield what, ours.get(what, NOTHING), theirs.get(what, NOTHING)
