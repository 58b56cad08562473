"""What a layer was called with and what it computed, noted while a model runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class _Recording:
    calls: list[Call]
    watch: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


_current: ContextVar[_Recording | None] = ContextVar("recording", default=None)


@contextmanager
def recording(watch: Callable | None = None) -> Iterator[list[Call]]:
    """Notes each call of an `ExplainedRNN` within, in this thread.

    Args:
        watch: Is given the states and the last state of each call, and returns what the model is to
            go on with instead of them.
    """
    now = _Recording([], watch or (lambda states, last_state: (states, last_state)))
    token = _current.set(now)
    try:
        yield now.calls
    finally:
        _current.reset(token)


def is_recording() -> bool:
    """Whether calls are noted: all states are wanted then, not only those that are returned."""
    return _current.get() is not None


def note(call: Call) -> tuple[Tensor, Tensor]:
    """Notes a call, where `is_recording`, and returns the states and the last to go on with."""
    now = _current.get()
    if now is None:
        return call.states, call.last_state
    states, last_state = now.watch(call.states, call.last_state)
    now.calls.append(replace(call, states=states, last_state=last_state))
    return states, last_state
