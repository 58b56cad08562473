"""Recurrent layers one above the other, to be taken to a network elsewhere; the rest is refused."""

from typing import Any

import keras
from keras import tree
from keras.layers import Bidirectional

from keras_rnn_explained.finding import RECURRENT
from keras_rnn_explained.naming import kind_of

DTYPES = ("float32", "float64")
GATES = {4: "LSTM", 3: "GRU"}


def chain_of(model: Any, target: str) -> list[Any]:
    """The layers that a batch goes through, in this order.

    Args:
        model: A layer, a list of layers or a model in which they simply follow each other.
        target: What they are to be taken to, as messages call it.

    Raises:
        TypeError: If they are no layers.
        ValueError: If they do not simply follow each other.
    """
    if isinstance(model, (list, tuple)):
        layers = list(model)
    elif isinstance(model, keras.Sequential):
        layers = model.layers
    elif isinstance(model, keras.Model) and hasattr(model, "operations"):
        layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        _check_chain(model, layers, target)
    else:
        layers = [model]
    for layer in layers:
        if not isinstance(layer, keras.layers.Layer):
            raise TypeError(
                "`model` must be a recurrent layer, a list of such layers or a model of them, got "
                f"{kind_of(layer)}."
            )
    return layers


def _check_chain(model, layers, target):
    place = model.inputs[0]
    for layer in layers:
        try:
            follows = layer.input is place
        except AttributeError:  # called several times, or never
            follows = False
        if not follows:
            break
        place = tree.flatten(layer.output)[0]
    else:
        follows = model.outputs[0] is place
    if not follows:
        raise ValueError(
            f"In {model.name!r} the layers do not simply follow each other, as those of a {target} "
            "do. Give the recurrent ones as a list, from the lowest up."
        )


def directions_of(layer: Any, target: str) -> list[Any]:
    """The layer alone, or both layers of a `Bidirectional`.

    Raises:
        ValueError: If it does not concatenate what they give.
    """
    if type(layer) is not Bidirectional:
        return [layer]
    if layer.merge_mode != "concat":
        raise ValueError(
            f"Layer {layer.name!r} has merge_mode={layer.merge_mode!r}, but {target} "
            'concatenates both directions. Use `merge_mode="concat"` and merge them after it.'
        )
    return [layer.forward_layer, layer.backward_layer]


def check_features(layer: Any, features: int) -> None:
    """Checks that a layer takes as many features as what is below it gives.

    Raises:
        ValueError: If it does not.
    """
    if layer.weights[0].shape[0] != features:
        raise ValueError(
            f"Layer {layer.name!r} takes {layer.weights[0].shape[0]} features, but below it there "
            f"are {features}. Give the layers from the lowest up."
        )


def problem_anywhere(layer: Any, target: str, gated: str) -> str | None:
    """Why a layer is no simple recurrent layer with weights, and what to do; or `None`.

    Args:
        layer: The layer.
        target: What it is to be taken to.
        gated: What is there for an LSTM or GRU, with `{}` in the place of that name.
    """
    kind = type(layer)
    if isinstance(layer, RECURRENT) and kind not in RECURRENT:
        return f"is {kind_of(layer)}, a subclass, which may compute something else"
    if kind.__name__ in GATES.values():
        return f"is {kind_of(layer)}, whose counterpart is {gated.format(kind.__name__)}"
    if kind not in RECURRENT:
        return (
            f"is {kind_of(layer)}, which is no part of a {target}. Give the recurrent layers "
            "alone, as a list, as in `model.layers[:2]`"
        )
    if not layer.built:
        return "has no weights yet. Call it, or its model, on a batch first"
    return None


def option_without_counterpart(layer: Any, target: str, without: dict[str, Any]) -> str | None:
    """Which option of a layer can't be had there, and what to do; or `None`.

    Args:
        layer: The layer.
        target: What it is to be taken to.
        without: The values, by option, with which a layer does not need it.
    """
    if layer.dtype_policy.name not in DTYPES:
        return (
            f"has the dtype policy {layer.dtype_policy.name!r}. Make it anew with one of "
            f"{listed(DTYPES)}, and give it the weights"
        )
    for name, harmless in without.items():
        value = getattr(layer, name, harmless)
        if value != harmless:
            return (
                f"has {name}={value!r}, which {target} can't do. Make it anew without that, "
                "and give it the weights"
            )
    return None


def listed(values: Any) -> str:
    """Values as a message shows them, each once."""
    return ", ".join(dict.fromkeys(map(repr, values)))
