"""Where in a model its simple recurrent layers are, and by which paths they are named."""

from collections.abc import Iterator
from typing import Any

import keras

from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.naming import kind_of

RECURRENT = (ExplainedRNN, keras.layers.SimpleRNN)


def recurrent_layers(model: Any) -> dict[str, Any]:
    """The `ExplainedRNN` and `SimpleRNN` layers of a model, however deep, by path.

    A path is the names of the layers on the way from the model to the layer, with slashes between
    them: `"rnn"`, or `"encoder/bidirectional/forward_rnn"`. A layer that is reached by several
    paths stands under the first. Of several layers of one name in one place the second is
    `"rnn#2"`.

    Args:
        model: A model, or any layer.

    Raises:
        TypeError: If `model` is no layer.

    Examples:
        >>> model = keras.Sequential([keras.Input((10, 3)), ExplainedRNN(4, name="rnn")])
        >>> list(recurrent_layers(model))
        ['rnn']
    """
    if not isinstance(model, keras.layers.Layer):
        raise TypeError(f"`model` must be a Keras model or layer, got {kind_of(model)}.")
    if isinstance(model, RECURRENT):
        return {model.name: model}
    found: dict[str, Any] = {}
    seen: set[int] = set()
    for path, layer in descendants(model):
        if isinstance(layer, RECURRENT) and id(layer) not in seen:
            seen.add(id(layer))
            same = sum(other == path or other.startswith(f"{path}#") for other in found)
            found[f"{path}#{same + 1}" if same else path] = layer
    return found


def chosen_layers(model: Any, layer: Any = None) -> dict[str, Any]:
    """The recurrent layers that a caller means, by path.

    Args:
        model: A model, or any layer.
        layer: A layer of the model, its name or path, or a list of these; `None` is the only one.

    Raises:
        TypeError: If `model` is no layer.
        ValueError: If there is no such layer, or several fit.
    """
    found = recurrent_layers(model)
    if not found:
        raise ValueError(
            f"There is no ExplainedRNN or SimpleRNN in {model.name!r}, which has "
            f"{_listed(type(child).__name__ for _, child in descendants(model)) or 'no layer'}. "
            "These two can be looked into; LSTM, GRU and cells of other layers can't."
        )
    if layer is None:
        if len(found) > 1:
            raise ValueError(
                f"{model.name!r} has {len(found)} recurrent layers. Say which one is meant, or "
                f"give a list: `layer` may be {_listed(map(repr, found))}."
            )
        return found
    wanted = layer if isinstance(layer, (list, tuple)) else [layer]
    if not wanted:
        raise ValueError(
            f"`layer` is an empty list. Name at least one of {_listed(map(repr, found))}."
        )
    return dict(_chosen(one, found, model) for one in wanted)


def descendants(layer: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """All layers inside of a layer, outer ones first, each with its path from there."""
    yield from _descendants(layer, path, (layer,))


def _descendants(layer, path, around):
    for child in layer._flatten_layers(include_self=False, recursive=False):
        if any(child is one for one in around):
            continue  # a layer that knows the model it is in
        child_path = f"{path}/{child.name}" if path else child.name
        yield child_path, child
        yield from _descendants(child, child_path, (*around, child))


def _chosen(wanted, found, model):
    if isinstance(wanted, str):
        fits = [path for path in found if path == wanted] or [
            path for path in found if f"/{path}".endswith(f"/{wanted}")
        ]
    else:
        fits = [path for path, layer in found.items() if layer is wanted]
    if len(fits) == 1:
        return fits[0], found[fits[0]]
    named = repr(wanted if isinstance(wanted, str) else getattr(wanted, "name", wanted))
    problem = "fits several recurrent layers" if fits else "is no recurrent layer"
    raise ValueError(
        f"`layer` {named} {problem} of {model.name!r}; it may be "
        f"{_listed(map(repr, fits or found))}."
    )


def _listed(names) -> str:
    return ", ".join(dict.fromkeys(names))
