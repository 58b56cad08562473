"""A layer alone, beside `SimpleRNN` and the float64 loop."""

from contextlib import ExitStack
from unittest import mock

import keras

from keras_rnn_explained.backends import tensorflow as backend
from tests.fuzz.calls import run
from tests.fuzz.comparing import NOTHING, side_by_side
from tests.fuzz.drawing import taken_down
from tests.fuzz.looping import loop, loop_can

BY_THE_LOOP = ", by the loop"
"""What ends the name of what is compared with the loop."""


def compared(layer_class, case, of_simple_rnn):
    """`(what, of the layer, of what it is compared with)` of all that must agree."""
    masks = []
    with as_if_large(case), taken_down(masks):
        ours = run(layer_class, {**case, "options": {**case["options"], **case.get("ours", {})}})
    yield from side_by_side(ours, run(keras.layers.SimpleRNN, of_simple_rnn))
    if "mistake" in case:
        yield "clear error", named(case["error names"], ours.get("error")), case["error names"]
    if loop_can(case) and "error" not in ours:
        for what, value in loop(case, masks).items():
            yield f"{what}{BY_THE_LOOP}", ours.get(what, NOTHING), value


def named(what, error):
    """What an error is to name, if it does and is of a kind that tells of arguments; or itself."""
    is_clear = isinstance(error, (ValueError, TypeError)) and what in str(error)
    return what if is_clear else repr(error)


def as_if_large(case):
    """Computes a small case by halves of the batch and segments of time, as is done for large."""
    changes = ExitStack()
    if case.get("as if large"):
        changes.enter_context(mock.patch.object(backend, "LEAST_BYTES_TO_SEGMENT", 0))
        changes.enter_context(
            mock.patch.object(backend, "worth_halving", lambda inputs: inputs.x.shape[0] != 1)
        )
    return changes
