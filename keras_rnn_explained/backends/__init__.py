"""How each backend of Keras runs the equations and learns that the states' gradient is BPTT.

Each module has an `Executor`, which a layer calls, and `require`, a condition on sizes.
"""

from importlib import import_module
from types import ModuleType

import keras

NAMES = ("tensorflow", "jax", "torch")


def current() -> ModuleType:
    """The module for the backend that Keras runs on.

    Raises:
        RuntimeError: If there is none.
    """
    name = keras.backend.backend()
    if name not in NAMES:
        raise RuntimeError(
            f"ExplainedRNN runs on Keras's backends {', '.join(map(repr, NAMES))}, but Keras runs "
            f"on {name!r}. Set the environment variable KERAS_BACKEND to one of them before Keras "
            "is imported."
        )
    return import_module(f"keras_rnn_explained.backends.{name}")
