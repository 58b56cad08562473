"""How far apart two results are: the one measure that every test of equality here uses."""

import keras
import numpy as np

TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "bfloat16": 0.1, "float16": 0.02}

FLOOR = 1e-6
"""What a difference is relative to at least."""


def relative_difference(actual, expected, floor=FLOOR):
    """max|actual − expected| / max|expected|, over all elements of one array, or over the floor."""
    actual, expected = (
        np.asarray(keras.ops.convert_to_numpy(array), "float64") for array in (actual, expected)
    )
    assert actual.shape == expected.shape
    if not expected.size:
        return 0.0
    return np.max(abs(actual - expected)) / max(np.max(abs(expected)), floor)


def assert_same(actual, expected, tolerance, what=""):
    if keras.backend.backend() != "tensorflow" and tolerance:
        # Elsewhere Keras does part of its work of float64 in float32.
        tolerance = max(tolerance, TOLERANCE["float32"])
    difference = relative_difference(actual, expected)
    assert difference <= tolerance, f"{what} differs by {difference:.1e} > {tolerance:.0e}"
