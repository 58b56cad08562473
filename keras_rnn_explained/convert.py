"""To and from `SimpleRNN`."""

from contextlib import ExitStack
from functools import partial
from typing import Any

import keras

from keras_rnn_explained import backends
from keras_rnn_explained.copying import Copy
from keras_rnn_explained.finding import descendants
from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.naming import kind_of
from keras_rnn_explained.validation import OF_THE_CELL

SimpleRNN = keras.layers.SimpleRNN

# What both layers have, under the same names as arguments and as attributes.
OPTIONS = (
    *OF_THE_CELL,
    "activity_regularizer",
    "return_sequences",
    "return_state",
    "go_backwards",
    "stateful",
    "unroll",
    "zero_output_for_mask",
    "autocast",
    "name",
)
INITIALIZERS = {
    "kernel_initializer": "kernel",
    "recurrent_initializer": "recurrent_kernel",
    "bias_initializer": "bias",
}


def swap(model: Any) -> Any:
    """A copy of a model with an `ExplainedRNN` in place of each `SimpleRNN`.

    The copy gives the same outputs and goes on training with the same numbers: weights, states,
    seeds, what `compile` was given, the optimizer and its variables are copied. Names and paths of
    layers stay. The given model does not change, and shares nothing with the copy that training
    could change. So a loss that reads the model, or a part of it, from a global is refused: it
    would go on with the given model's weights. One that has it from a closure gets the copy's.

    It works on objects, not on configurations: functions need not be registered, subclassed models
    need no `get_config`, and `SimpleRNN` layers are found wherever Keras finds them. A class that
    makes a `SimpleRNN` in its own `__init__` will make one again when the model is loaded from a
    file, or cloned; to save such a model, `swap_back` first.

    Args:
        model: A model, however nested, or a wrapper, or a `SimpleRNN` itself; built or not.

    Raises:
        TypeError: If `model` is no layer.
        ValueError: If there is no `SimpleRNN` in it; if there is a layer that computes with a
            `SimpleRNNCell` but is no `SimpleRNN` itself, or a subclass of `SimpleRNN`; if something
            in it can't be copied.

    Examples:
        >>> model = keras.Sequential([keras.Input((10, 3)), keras.layers.SimpleRNN(4, name="rnn")])
        >>> explained = swap(model)
        >>> type(explained.get_layer("rnn")).__name__
        'ExplainedRNN'
        >>> bool((explained.get_weights()[0] == model.get_weights()[0]).all())
        True
    """
    _check(model, SimpleRNN, "ExplainedRNN")
    return Copy(_explained).of(model)


def swap_back(model: Any) -> Any:
    """A copy of a model with a `SimpleRNN` in place of each `ExplainedRNN`: the reverse of `swap`.

    `execution` is left out, for it changes no number.

    Args:
        model: A model, however nested, or a wrapper, or an `ExplainedRNN` itself; built or not.

    Raises:
        TypeError: If `model` is no layer.
        ValueError: If there is no `ExplainedRNN` in it, or one with `truncate_bptt` or an
            `activity_regularizer`, which `SimpleRNN` can't do; or a subclass of `ExplainedRNN`; if
            something in the model can't be copied.

    Examples:
        >>> layer = swap_back(ExplainedRNN(4, return_sequences=True))
        >>> type(layer).__name__, layer.return_sequences
        ('SimpleRNN', True)
    """
    _check(model, ExplainedRNN, "SimpleRNN")
    return Copy(_simple).of(model)


def _check(model, wanted, other):
    """Refuses what can't be converted, by path, before anything is copied."""
    if not isinstance(model, keras.layers.Layer):
        raise TypeError(f"`model` must be a Keras model or layer, got {kind_of(model)}.")
    layers = [(model.name, model), *descendants(model)]
    problems = {path: _problem(layer, layers, wanted) for path, layer in layers}
    told = [f"{path!r} {problem}" for path, problem in problems.items() if problem]
    if told:
        raise ValueError(f"{model.name!r} can't be converted to {other}: " + "; ".join(told) + ".")
    if not any(type(layer) is wanted for _, layer in layers):
        inside = ", ".join(dict.fromkeys(type(layer).__name__ for _, layer in layers[1:]))
        raise ValueError(
            f"There is no {wanted.__name__} in {model.name!r}, which is {kind_of(model)} "
            f"that has {inside or 'no layer'}."
        )


def _problem(layer, layers, wanted):
    """Why a layer can't be converted, or `None`."""
    kind = type(layer)
    if kind is ExplainedRNN and wanted is ExplainedRNN:
        if layer.truncate_bptt is not None:
            return f"has truncate_bptt={layer.truncate_bptt}, which SimpleRNN can't do"
        if layer.activity_regularizer is not None:
            return "has an activity_regularizer, which SimpleRNN accepts but ignores"
    elif isinstance(layer, wanted) and kind is not wanted:
        return (
            f"is {kind_of(layer)}, a subclass of {wanted.__name__}, which may compute something "
            "else"
        )
    elif wanted is SimpleRNN and kind is keras.layers.SimpleRNNCell:
        holders = [holder for _, holder in layers if getattr(holder, "cell", None) is layer]
        if not any(isinstance(holder, SimpleRNN) for holder in holders):
            return "is a SimpleRNNCell outside of a SimpleRNN; use keras.layers.SimpleRNN instead"
        if not layer.built and len({id(one) for _, one in layers if _has(one, layer)}) > 1:
            return (
                "is in several places, which could not go on sharing its weights, for it has none "
                "yet; build the model first, as by calling it"
            )
    return None


def _has(layer, child):
    children = layer._flatten_layers(include_self=False, recursive=False)
    return any(one is child for one in children)


def _explained(old, copy):
    """What takes the place of a layer or a dict in a model that is swapped, or `None`."""
    if type(old) is SimpleRNN:
        return _counterpart(old, old.cell, copy, ExplainedRNN)
    if isinstance(old, ExplainedRNN):
        return _same(old, copy)
    if _is_serialized(old, "SimpleRNN", "keras.layers"):
        return _serialized(ExplainedRNN, old, old["config"])
    return None


def _simple(old, copy):
    """What takes the place of a layer or a dict in a model that is swapped back, or `None`."""
    if type(old) is ExplainedRNN:
        return _counterpart(old, old, copy, SimpleRNN)
    if _is_serialized(old, "ExplainedRNN", ExplainedRNN.__module__):
        beyond = ("truncate_bptt", "execution")
        config = {name: value for name, value in old["config"].items() if name not in beyond}
        return _serialized(SimpleRNN, old, config)
    return None


def _same(old, copy):
    """A copy of an `ExplainedRNN`, which is to compile for itself."""
    executor = backends.current().Executor(
        copy(old.activation), old._requested_execution, old.truncate_bptt, old.unroll
    )
    copy.take(old._executor, executor)
    return copy.attributes_of(old)


def _counterpart(old, old_cell, copy, kind):
    """A layer of the other kind that does, and will do, the same as the old one.

    Args:
        old: The layer.
        old_cell: Where its weights are: its cell if it is a `SimpleRNN`, else itself.
        copy: The copy that it is to be part of.
        kind: The class of the new layer.
    """
    options = {name: copy(getattr(old, name)) for name in OPTIONS}
    # No random initializer and no seed of its own: they would draw from Python's generator, which
    # is not ours to use. The old initializers are not called: one may have a generator that others
    # draw from.
    options |= dict.fromkeys(INITIALIZERS, "zeros")
    new = kind(**options, seed=0, dtype=copy(old.dtype_policy))
    new_cell = new.cell if kind is SimpleRNN else new
    new_cell.seed = old_cell.seed
    vars(new_cell.seed_generator).update(vars(copy(old_cell.seed_generator)))
    copy.take(old_cell.seed_generator, new_cell.seed_generator)
    if old.built:
        # What else holds a weight, as a cell used by itself, may have been copied with it before.
        vars(new_cell)["add_weight"] = partial(_copied_weight, copy, old_cell, new_cell)
        _build(new, old)
        del vars(new_cell)["add_weight"]
        for theirs, ours in zip(old.states or (), new.states or (), strict=True):
            ours.assign(keras.ops.copy(theirs.value))  # JAX would share it, and training deletes it
            copy.take(theirs, ours)
            copy.take(theirs.value, ours.value)
    for name in INITIALIZERS:
        setattr(new_cell, name, copy(getattr(old, name)))
    _freeze(new, new_cell, old, old_cell)
    return new


def _build(new, old):
    """Gives the new layer its weights, with the paths that they had if the model had made them."""
    with ExitStack() as scopes:
        for scope in (old.path or old.name).split("/")[:-1]:
            scopes.enter_context(keras.name_scope(scope))
        new.build_from_config(old.get_build_config())


def _copied_weight(copy, old_cell, new_cell, name, **_):
    """What the new layer gets where it would make a weight: the copy of the old one's."""
    weight = copy(getattr(old_cell, name))
    weight._path = f"{new_cell.path}/{name}"
    weight.trainable = True  # as Keras makes it; `_freeze` says how it was
    return weight


def _freeze(new, new_cell, old, old_cell):
    """What is not to be trained stays so: the layer, its cell, single weights."""
    new._trainable, new_cell._trainable = old.trainable, old_cell.trainable
    for name in INITIALIZERS.values():
        if getattr(new_cell, name, None) is not None:
            getattr(new_cell, name).trainable = getattr(old_cell, name).trainable


def _is_serialized(value, class_name, module):
    """Whether a value is a layer's serialised form, as `Bidirectional` keeps its backward layer."""
    return (
        isinstance(value, dict)
        and value.get("class_name") == class_name
        and value.get("module") == module
        and isinstance(value.get("config"), dict)
    )


def _serialized(kind, old, config):
    new = keras.saving.serialize_keras_object(kind(1, seed=0, name=config["name"]))
    return {**old, **new, "config": config}
