"""Which loss is taken back through a model: one that is given, or that of its compilation."""

import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_rnn_explained import backends, validation
from keras_rnn_explained.finding import recurrent_layers
from keras_rnn_explained.naming import without_frame
from keras_rnn_explained.unfolding import Look


def loss_function(look: Look, y: Any, loss: Any, sample_weight: Any) -> Callable[[Any], Any]:
    """The loss as a function of the model's outputs.

    Raises:
        TypeError: If `y` or `sample_weight` is no array.
        ValueError: If there is no such loss, or none is given and the model was compiled with none.
    """
    if y is not None:
        y = validation.tensors("y", y)
    if sample_weight is not None:
        sample_weight = validation.tensors("sample_weight", sample_weight)
    validation.same_samples(x=look.x, y=y, sample_weight=sample_weight)
    if loss is None:
        if not getattr(look.model, "compiled", False):
            raise ValueError(
                f"`loss` must be given, as in `loss='mse'`, for {look.model.name!r} was not "
                "compiled with one."
            )

        def of_compilation(outputs):
            # A model that computes its loss itself may do with `y` what it likes.
            if type(look.model).compute_loss is keras.Model.compute_loss:
                _check_shapes(look.model.loss, y, outputs, sample_weight)
            return look.model.compute_loss(
                x=look.x, y=y, y_pred=outputs, sample_weight=sample_weight
            )

        return of_compilation
    try:
        loss = keras.losses.get(loss)
    except ValueError:
        is_layer = any(f"/{path}".endswith(f"/{loss}") for path in recurrent_layers(look.model))
        raise ValueError(
            f"`loss` must be a Keras loss, its name, as in `loss='mse'`, or a function, got "
            f"{loss!r}.{f' Is it `layer={loss!r}` that you mean?' if is_layer else ''}"
        ) from None

    def of_given(outputs):
        _check_shapes(loss, y, outputs, sample_weight)
        one = loss if isinstance(loss, keras.losses.Loss) else _Averaged(loss, outputs)
        return one(y, outputs, sample_weight=sample_weight)

    return of_given


class _Averaged(keras.losses.Loss):
    """A function of targets and outputs as a loss: weighted, masked and averaged like any other.

    It is computed in Keras's default dtype, as when a model is compiled with it, or in that of the
    outputs where it is wider.
    """

    def __init__(self, function: Callable, outputs: Any):
        dtypes = {keras.backend.standardize_dtype(one.dtype) for one in tree.flatten(outputs)}
        super().__init__(dtype=keras.backend.result_type(keras.config.floatx(), *dtypes))
        self.function = function

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)


def _check_shapes(loss: Any, y: Any, outputs: Any, sample_weight: Any) -> None:
    """Checks for losses of Keras's own that nothing is broadcast against a wrong axis.

    Raises:
        ValueError: If something would be.
    """
    targets, outputs = tree.flatten(y), tree.flatten(outputs)
    losses = tree.flatten(loss) if isinstance(loss, (list, tuple)) else [loss] * len(outputs)
    weights = tree.flatten(sample_weight)
    if len(weights) == 1:
        weights *= len(outputs)
    if isinstance(loss, dict) or not len(targets) == len(outputs) == len(losses) == len(weights):
        return  # Keras says what is wrong with a structure
    for one, target, output, weight in zip(losses, targets, outputs, weights, strict=True):
        kind, of_output = _name_of_keras(one), tuple(output.shape)
        if kind is None or target is None or len(of_output) < 2:
            continue
        if not OF_LABELS.search(kind) and not _is_same(tuple(target.shape), of_output):
            raise ValueError("this loss compares them number by number.")
        of_values = of_output[:-1]
        fits = weight is None or tuple(weight.shape) == (*of_values[:-1], 1)
        if not (fits or _is_same(tuple(weight.shape), of_values)):
            raise ValueError(f"`sample_weight` must have the shape {of_values} here.")


OF_LABELS = re.compile("sparse|ctc|generalized", re.I)
"""Losses whose targets are not of the shape of the outputs."""


def _name_of_keras(loss: Any) -> str | None:
    """The name of a loss that is one of Keras's own; `None` for any other."""
    try:
        loss = keras.losses.get(loss)
    except ValueError:
        return None  # Keras chooses by the shapes
    one = loss if isinstance(loss, type) or not isinstance(loss, keras.losses.Loss) else type(loss)
    name = getattr(one, "__name__", "")
    is_own = getattr(keras.losses, name, None) is one
    return name if is_own else None


def _is_same(shape: tuple, other: tuple) -> bool:
    """Whether two shapes are the same but for a last axis of 1."""
    return shape == other or (*shape, 1) == other or shape == (*other, 1)


def loss_value(loss_of: Callable[[Any], Any], outputs: Any, y: Any, sample_weight: Any) -> Any:
    """The loss of these outputs.

    Raises:
        ValueError: If it can't be computed, with what there was to compute it from, or is not one
            number.
    """
    try:
        value = loss_of(outputs)
    except (ValueError, TypeError, *backends.current().ERRORS) as error:
        if y is None:
            raise ValueError(
                "`y`, the targets, is missing: without it there is no loss."
            ) from error
        of_y, of_outputs, of_weights = (
            tree.map_structure(lambda array: tuple(np.shape(array)), arrays)
            for arrays in (y, outputs, sample_weight)
        )
        weights = "" if sample_weight is None else f" and `sample_weight` of shape {of_weights}"
        if of_y == of_outputs:
            problem = f"The loss can't be computed from these outputs and `y`{weights}"
        else:
            problem = (
                f"`y` of shape {of_y}{weights} does not fit the model's output of shape "
                f"{of_outputs}, or the loss does not"
            )
        raise ValueError(f"{problem}: {without_frame(str(error))}") from error
    if value is None or len(value.shape) != 0:
        raise ValueError(f"The loss must be one number, got {value!r}.")
    return value
