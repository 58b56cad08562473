"""Checks of what is to be drawn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from keras_rnn_explained.naming import kind_of
from keras_rnn_explained.unfolding import Unfolding
from keras_rnn_explained.validation import integer


def check_unfolding(value: Any, function: str) -> None:
    """Checks that a value is an `Unfolding`.

    Raises:
        TypeError: If it is not.
    """
    if not isinstance(value, Unfolding):
        raise TypeError(
            f"`unfolding` must be what `unfold` returns, got {kind_of(value)}. Draw a "
            f"layer with `{function}(unfold(layer, x))`."
        )


def place_of_sample(unfolding: Unfolding, sample: int) -> int:
    """`sample`, counted from the start.

    Raises:
        TypeError: If it is no integer.
        IndexError: If there is no such sample.
    """
    integer("sample", sample)
    if not -unfolding.batch <= sample < unfolding.batch:
        raise IndexError(
            f"`sample` must be between 0 and {unfolding.batch - 1}, got {sample!r}: the unfolding "
            f"holds {unfolding.batch}."
        )
    return int(sample) % unfolding.batch


def skipped_steps(mask: NDArray[Any] | None, time: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Which time steps a mask skips for all units and all samples given, and which for some.

    Args:
        mask: `(samples, time)`, or `(samples, time, units)`, or `None`.
        time: Number of time steps.

    Returns:
        Two arrays `(time,)` of booleans; no time step is in both.
    """
    if mask is None:
        return np.zeros(time, bool), np.zeros(time, bool)
    by_step = np.moveaxis(mask, 1, 0).reshape(time, -1)
    used = np.count_nonzero(by_step, axis=1)
    skipped = np.equal(used, 0)
    return skipped, np.less(used, by_step.shape[1]) & ~skipped
