"""How each backend of Keras runs the equations and learns that the states' gradient is BPTT.

A module for each has the same names:

- `Executor`, which a layer calls;
- `computation`, the equations to be looked into, without a layer;
- `upstream_gradients`, a loss and its gradients at recorded states;
- `value_and_gradients`, automatic differentiation of a loss, to compare with;
- `random_state_kept`, a context that draws no random number of the global ones;
- `has_numbers`, whether a tensor's numbers can be seen;
- `LOOP_MASKS_WHOLE_STEPS`, `ERRORS` and `TRACED`, in which backends differ.

On TensorFlow, where sizes may be unknown, there is `require`, a condition on them.
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
