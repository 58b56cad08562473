"""Which loss is taken back through a model: one that is given, or that of its compilation."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_rnn_explained import backends, validation
from keras_rnn_explained.finding import recurrent_layers
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
    if loss is None:
        if not getattr(look.model, "compiled", False):
            raise ValueError(
                f"`loss` must be given, as in `loss='mse'`, for {look.model.name!r} was not "
                "compiled with one."
            )
        return lambda outputs: look.model.compute_loss(
            x=look.x, y=y, y_pred=outputs, sample_weight=sample_weight
        )
    try:
        loss = keras.losses.get(loss)
    except ValueError:
        is_layer = any(f"/{path}".endswith(f"/{loss}") for path in recurrent_layers(look.model))
        raise ValueError(
            f"`loss` must be a Keras loss, its name, as in `loss='mse'`, or a function, got "
            f"{loss!r}.{f' Is it `layer={loss!r}` that you mean?' if is_layer else ''}"
        ) from None
    if not isinstance(loss, keras.losses.Loss):
        loss = _Averaged(loss)
    return lambda outputs: loss(y, outputs, sample_weight=sample_weight)


class _Averaged(keras.losses.Loss):
    """A function of targets and outputs as a loss: weighted, masked and averaged like any other."""

    def __init__(self, function: Callable):
        super().__init__()
        self.function = function

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)


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
        raise ValueError(f"{problem}: {error}") from error
    if value is None or len(value.shape) != 0:
        raise ValueError(f"The loss must be one number, got {value!r}.")
    return value
