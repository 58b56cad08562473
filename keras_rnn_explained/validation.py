"""Checks of what a user passes. Each message names the argument, what came and what to pass."""

import re
from numbers import Integral, Number, Real
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from keras_rnn_explained.execution import WAYS, as_tensor
from keras_rnn_explained.naming import kind_of

Shape = tuple[int | None, ...]

LIBRARIES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "torch"}

# What both layers are made from, and SimpleRNN's cell keeps.
OF_THE_CELL = (
    "units",
    "activation",
    "use_bias",
    "kernel_regularizer",
    "recurrent_regularizer",
    "bias_regularizer",
    "kernel_constraint",
    "recurrent_constraint",
    "bias_constraint",
    "dropout",
    "recurrent_dropout",
)

# Weights, programs and traced graphs come from these: set later, they would say what is not so.
SETTLED = frozenset([*OF_THE_CELL, "truncate_bptt"])


def positive_integer(name: str, value: Any) -> int:
    """`value` as an `int`.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not an integer, or not positive.
    """
    message = f"`{name}` must be a positive integer, got {value!r}."
    if not isinstance(value, Real):
        raise TypeError(message)
    if not isinstance(value, Integral) or value <= 0:
        raise ValueError(message)
    return int(value)


def integer(name: str, value: Any, least: int | None = None) -> int:
    """`value` as an `int`.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is below `least`.
    """
    bound = "" if least is None else f" of at least {least}"
    message = f"`{name}` must be an integer{bound}, got {value!r}."
    if not isinstance(value, Integral):
        raise TypeError(message)
    if least is not None and value < least:
        raise ValueError(message)
    return int(value)


def way(value: Any) -> str:
    """`value`, if it is one of `WAYS`.

    Raises:
        ValueError: If it is not.
    """
    if value not in WAYS:
        raise ValueError(f"`execution` must be one of {', '.join(map(repr, WAYS))}, got {value!r}.")
    return value


def fraction(name: str, value: Any) -> float:
    """`value` brought into 0 … 1, as `SimpleRNN` does with a dropout rate.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is NaN.
    """
    message = f"`{name}` must be a number from 0 to 1, got {value!r}."
    if not isinstance(value, Real):
        raise TypeError(message)
    if value != value:
        raise ValueError(message)
    return min(1.0, max(0.0, float(value)))


def refuse_to_set(name: str, layer_name: str) -> None:
    """Refuses that one of `SETTLED` is set once the layer is made.

    Raises:
        AttributeError: Always, as Python does where something can't be set.
    """
    raise AttributeError(
        f"`{name}` of layer {layer_name!r} can't be set once the layer is made. Make another with "
        f"`ExplainedRNN.from_config({{**layer.get_config(), {name!r}: ...}})`; once it is built, "
        "its `set_weights` takes the weights of this one, if their shapes fit."
    )


def sequences_shape(shape: Shape, layer_name: str, features: int | None = None) -> None:
    """Checks the shape of the input, for a layer that was built for `features`, if it was.

    Raises:
        ValueError: If it is not `(batch, time, features)` with known features, or has no time step.
    """
    expected = (
        f"Layer {layer_name!r} takes `sequences` of shape (batch, time, features), got {shape}"
    )
    if len(shape) != 3:
        raise ValueError(
            f"{expected}, which has {len(shape)} dimensions instead of 3. One sequence alone is "
            "`sequences[None]`, a single feature `sequences[..., None]`; a recurrent layer below "
            "must have `return_sequences=True`."
        )
    if shape[2] is None:
        raise ValueError(
            f"{expected}, where the number of features is not known; the kernel's shape is "
            "(features, units). Give the last dimension, as in `keras.Input((None, 8))`."
        )
    if features is not None and shape[2] != features:
        raise ValueError(f"{expected}, but its kernel was built for {features} features.")
    if shape[1] == 0:
        raise ValueError(f"{expected}, which has no time step. Pass at least one.")


def initial_state_shape(shape: Shape, batch: int | None, units: int) -> None:
    """Checks the shape of a state that is to be `(batch, units)`, or to be broadcast to it.

    Raises:
        ValueError: If it can't be.
    """
    *leading, last = shape or (None,)
    fits = len(shape) in (1, 2) and last in (units, None)
    if fits and leading and batch is not None:
        fits = leading[0] in (batch, 1, None)
    if not fits:
        raise ValueError(
            f"`initial_state` must have shape (batch, units), here ({batch}, {units}), got {shape}."
        )


def mask_shape(shape: Shape, batch: int | None, time: int | None, units: int) -> None:
    """Checks the shape of a mask that is to be `(batch, time)`.

    As in `SimpleRNN`, a batch of 1 serves all, and a third dimension may follow, of 1 or `units`.

    Raises:
        ValueError: If it can't be.
    """
    fits = len(shape) in (2, 3)
    if fits:
        fits = (
            (batch is None or shape[0] in (batch, 1, None))
            and (time is None or shape[1] in (time, None))
            and shape[2:] in ((), (1,), (units,), (None,))
        )
    if not fits:
        raise ValueError(
            f"`mask` must have shape (batch, time), here ({batch}, {time}), and be True where a "
            f"time step counts, got {shape}."
        )


def floating(dtype: str) -> None:
    """Checks the dtype in which a layer is to compute.

    Raises:
        ValueError: If it is not a floating one.
    """
    if not keras.backend.is_float_dtype(dtype):
        raise ValueError(f"`dtype` must be a floating one, as 'float32', got {dtype!r}.")


def batch_size(value: Any) -> None:
    """Checks a number of sequences, which may be known only later.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative.
    """
    if isinstance(value, Number | str | None):
        integer("batch_size", value, least=0)


def sequences(given: Any) -> None:
    """Checks that the input of a layer is one dense array of numbers.

    Raises:
        TypeError: If it is not.
    """
    expected = "`sequences` must be an array of numbers, (batch, time, features), got"
    if not hasattr(given, "shape"):
        raise TypeError(f"{expected} {_briefly(given)}.")
    kind = type(given).__name__
    if kind in ("RaggedTensor", "SparseTensor"):
        raise TypeError(
            f"{expected} a {kind}. Make it dense, and give a mask where sequences differ in length."
        )
    if _is_of_other_than_numbers(given):
        raise TypeError(f"{expected} one of dtype {_dtype_of(given)}.")


def numbers(name: str, given: Any) -> None:
    """Checks that arrays hold no text, and nothing that is no number.

    Args:
        name: What the caller calls them.
        given: An array, or a list of arrays.

    Raises:
        TypeError: If they do.
    """
    if isinstance(given, (str, dict)):
        raise TypeError(f"`{name}` must be an array, got {_briefly(given)}.")
    for one in tree.flatten(given):
        if _is_of_other_than_numbers(one):
            raise TypeError(f"`{name}` must hold numbers, got dtype {_dtype_of(one)}.")


def _is_of_other_than_numbers(array):
    return re.search("complex|str|object|bytes", _dtype_of(array)) is not None


def _dtype_of(array: Any) -> str:
    """The name of an array's dtype, whatever library it is of; empty for what has none."""
    dtype = getattr(array, "dtype", "")
    return str(getattr(dtype, "name", dtype))


def of_this_backend(name: str, given: Any) -> None:
    """Checks that arrays are no tensors of another backend's: no gradient would get through.

    Args:
        name: What the caller calls them.
        given: An array, or a container of arrays.

    Raises:
        TypeError: If one is.
    """
    running = keras.backend.backend()
    for one in tree.flatten(given):
        library = type(one).__module__.partition(".")[0].replace("jaxlib", "jax")
        if library in LIBRARIES and library != running and hasattr(one, "dtype"):
            raise TypeError(
                f"`{name}` is a tensor of {LIBRARIES[library]}, but Keras runs on "
                f"{LIBRARIES[running]}. Pass `numpy.asarray` of it, or set the environment "
                f"variable KERAS_BACKEND to {library!r} before Keras is imported."
            )


def tensors(name: str, given: Any, of_words: bool = False) -> Any:
    """Arrays as tensors, in the dict, tuple or list in which they came.

    A list without arrays in it is one array itself.

    Args:
        name: What the caller calls it.
        given: The arrays.
        of_words: Whether they may hold text.

    Raises:
        TypeError: If something is neither an array nor a container of arrays, or is a tensor of
            another backend.
        ValueError: If a list has parts of different lengths.
    """
    of_this_backend(name, given)
    if isinstance(given, dict):
        return {key: tensors(name, one, of_words) for key, one in given.items()}
    if isinstance(given, (list, tuple)) and any(hasattr(one, "shape") for one in given):
        kind = tuple if isinstance(given, tuple) else list
        return kind(tensors(name, one, of_words) for one in given)
    if not (isinstance(given, (list, tuple, Number)) or hasattr(given, "shape")):
        raise TypeError(f"{_must_be_arrays(name)}, got {_briefly(given)}.")
    if not ops.is_tensor(given):
        try:
            given = np.asarray(given)
        except ValueError as error:
            raise ValueError(
                f"`{name}` must be one array, got a list with parts of different lengths. Pad "
                "sequences to one length, as in `keras.utils.pad_sequences(x, padding='post', "
                "dtype='float32')`; a `keras.layers.Masking` in the model leaves the padding out."
            ) from error
        if given.dtype.kind in ("Oc" if of_words else "OcSU"):
            raise TypeError(f"{_must_be_arrays(name)}, got one of dtype {given.dtype}.")
        if given.dtype.kind not in "OSU":
            return as_tensor(given)
    return ops.convert_to_tensor(given)


def same_samples(**given: Any) -> None:
    """Checks that all arrays have the same number of samples, and at least one.

    Raises:
        TypeError: As `tensors`, for what is not `None`.
        ValueError: If they have not; and as `tensors`.
    """
    shapes = [
        (name, tuple(array.shape))
        for name, value in given.items()
        if value is not None
        for array in tree.flatten(tensors(name, value, of_words=True))
    ]
    told = ", ".join(f"`{name}` {shape}" for name, shape in shapes)
    if not all(shape and shape[0] == shapes[0][1][0] for _, shape in shapes):
        raise ValueError(
            f"x, y and `sample_weight` must be of the same samples, along their first axis, got "
            f"the shapes {told}."
        )
    if not shapes or 0 in (shape[0] for _, shape in shapes):
        raise ValueError(f"`x` must hold at least one sequence, got {told or 'nothing'}.")


def _must_be_arrays(name):
    return (
        f"`{name}` must be an array of numbers, or a dict or list of arrays (of a dataset, one "
        "batch, as in `x, y = next(iter(dataset))`)"
    )


def _briefly(given):
    return repr(given) if isinstance(given, str) else kind_of(given)
