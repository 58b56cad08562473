"""What a layer was called with and what it computed, noted while a model runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from keras_rnn_explained.execution import Inputs

Tensor = Any  # of whichever backend Keras runs on


@dataclass(frozen=True, eq=False)
class Call:
    """One call of an `ExplainedRNN`. Time steps stand in the order in which the layer goes.

    Attributes:
        layer: Who was called.
        x: `(batch, time, features)`, before dropout.
        input_dropout_mask: What x_t was multiplied by, `(batch, features)`, or `None`.
        inputs: What the states were computed from.
        states: a_t, `(batch, time, units)`.
        last_state: a_T, `(batch, units)`.
    """

    layer: Any
    x: Tensor
    input_dropout_mask: Tensor | None
    inputs: Inputs
    states: Tensor
    last_state: Tensor


_calls: ContextVar[list[Call] | None] = ContextVar("calls", default=None)


@contextmanager
def recording() -> Iterator[list[Call]]:
    """Notes each call of an `ExplainedRNN` within, in this thread."""
    calls: list[Call] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


def is_recording() -> bool:
    """Whether calls are noted: all states are wanted then, not only those that are returned."""
    return _calls.get() is not None


def note(call: Call) -> None:
    """Notes a call, where `is_recording`."""
    calls = _calls.get()
    if calls is not None:
        calls.append(call)
