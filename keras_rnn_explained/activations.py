"""Which activations Keras knows, and by which names it finds them."""

from collections.abc import Callable
from typing import Any

import keras


def is_of_keras(activation: Callable) -> bool:
    """Whether φ is one of Keras's own functions, which compute each row of an array by itself.

    Another function may mix the sequences of a batch, as one that normalizes over it does, be
    random, or do something else in training.
    """
    return any(activation is known for known in vars(keras.activations).values())


def name_of(activation: Any) -> str | None:
    """The name by which Keras finds this very function: a built-in or a registered one's.

    Examples:
        >>> name_of(keras.activations.tanh)
        'tanh'
        >>> name_of(lambda x: x) is None
        True
    """
    try:
        name = keras.saving.get_registered_name(activation)
    except (AttributeError, TypeError):  # it has no name, or can't be hashed
        return None
    return name if named(name) is activation else None


def named(name: str | None) -> Callable | None:
    """The function that Keras finds by a name; nothing is imported or run for it."""
    if name is None:
        return None
    registered = keras.saving.get_registered_object(name)
    if registered is not None:
        return registered
    try:
        return keras.activations.get(name)
    except ValueError:
        return None
