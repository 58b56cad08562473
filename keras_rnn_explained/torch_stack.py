"""What a `torch.nn.RNN` can be, told by a state dict or by Keras layers; the rest is refused."""

import re
from typing import Any, NamedTuple

import keras
from keras.layers import Dropout

from keras_rnn_explained import validation
from keras_rnn_explained.chains import (
    DTYPES,
    GATES,
    chain_of,
    check_features,
    directions_of,
    listed,
    option_without_counterpart,
    problem_anywhere,
)
from keras_rnn_explained.naming import kind_of

TORCH = "torch.nn.RNN"

NONLINEARITIES = {
    "tanh": keras.activations.tanh,
    "relu": keras.activations.relu,
}
NO_COUNTERPART = {
    "stateful": False,
    "truncate_bptt": None,
    "dropout": 0,
    "recurrent_dropout": 0,
}
NAME = re.compile(r"(?:weight|bias)_(?:ih|hh)_l(\d+)(_reverse)?")


class Stack(NamedTuple):
    """Recurrent layers one above the other, as the options of `torch.nn.RNN` name them."""

    input_size: int
    hidden_size: int
    num_layers: int
    nonlinearity: str
    bias: bool
    dropout: float
    bidirectional: bool
    dtype: str

    def suffixes(self) -> list[list[str]]:
        """What the names of the arrays end in, of each layer, the forward direction first."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [[f"l{n}{direction}" for direction in directions] for n in range(self.num_layers)]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays of a state dict and their shapes, in PyTorch's order."""
        shapes: dict[str, tuple[int, ...]] = {}
        units, below = self.hidden_size, self.input_size
        for suffixes in self.suffixes():
            for suffix in suffixes:
                shapes[f"weight_ih_{suffix}"] = (units, below)
                shapes[f"weight_hh_{suffix}"] = (units, units)
                if self.bias:
                    shapes[f"bias_ih_{suffix}"] = shapes[f"bias_hh_{suffix}"] = (units,)
            below = units * len(suffixes)
        return shapes


# From PyTorch


def stack_of_arrays(arrays: Any, nonlinearity: str, dropout: float) -> Stack:
    """What a state dict of a `torch.nn.RNN` says, with the two options that it does not say.

    Raises:
        TypeError: If it has no arrays.
        ValueError: If it is none, or an option is none of PyTorch's.
    """
    for name, array in arrays.items():
        if not (isinstance(name, str) and hasattr(array, "shape") and hasattr(array, "dtype")):
            raise TypeError(
                f"`rnn` must map names to arrays or tensors, but has {name!r}: {kind_of(array)}."
            )
    if nonlinearity not in tuple(NONLINEARITIES):
        raise ValueError(
            f"`nonlinearity` must be one of {listed(NONLINEARITIES)}, got {nonlinearity!r}."
        )
    found = [match for match in map(NAME.fullmatch, arrays) if match]
    if not {"weight_ih_l0", "weight_hh_l0"} <= set(arrays):
        raise ValueError(
            "`rnn` must have the arrays of a torch.nn.RNN, 'weight_ih_l0' and 'weight_hh_l0' "
            f"among them, got {listed(arrays) or 'none'}. Of a larger module, take the part that "
            "belongs to the RNN and cut the names: `{name.removeprefix('rnn.'): array for name, "
            "array in state_dict.items() if name.startswith('rnn.')}`."
        )
    below, recurrent = (tuple(arrays[f"weight_{part}_l0"].shape) for part in ("ih", "hh"))
    if len(below) != 2 or len(recurrent) != 2:
        raise ValueError(f"{_shape_of('weight_hh_l0', recurrent)}, expected (units, units).")
    kind = GATES.get(recurrent[0] / max(recurrent[1], 1))
    if kind:
        raise ValueError(
            f"{_shape_of('weight_hh_l0', recurrent)}, which is that of a torch.nn.{kind}. Its "
            f"counterpart in Keras is `keras.layers.{kind}`."
        )
    stack = Stack(
        input_size=below[1],
        hidden_size=recurrent[1],
        num_layers=1 + max(int(match[1]) for match in found),
        nonlinearity=nonlinearity,
        bias=any(name.startswith("bias") for name in arrays),
        dropout=_rate(dropout),
        bidirectional=any(match[2] for match in found),
        dtype=_dtype(arrays),
    )
    expected = stack.shapes()
    for problem, names in {
        "lacks": expected.keys() - set(arrays),
        "has, besides the arrays of a torch.nn.RNN,": set(arrays) - expected.keys(),
    }.items():
        if names:
            raise ValueError(
                f"`rnn` {problem} {listed(sorted(names))}. A torch.nn.RNN of {stack.num_layers} "
                f"layers in {1 + stack.bidirectional} directions has {listed(expected)}."
            )
    for name, shape in expected.items():
        if tuple(arrays[name].shape) != shape:
            raise ValueError(f"{_shape_of(name, tuple(arrays[name].shape))}, expected {shape}.")
    return stack


def _rate(dropout):
    if validation.fraction("dropout", dropout) != dropout:
        raise ValueError(f"`dropout` must be from 0 to 1, as in `torch.nn.RNN`, got {dropout!r}.")
    return float(dropout)


def _dtype(arrays):
    dtypes = sorted({str(array.dtype).removeprefix("torch.") for array in arrays.values()})
    if len(dtypes) != 1 or dtypes[0] not in DTYPES:
        raise ValueError(
            f"The arrays of `rnn` must all be of dtype {' or '.join(DTYPES)}, got "
            f"{', '.join(dtypes)}. Convert them first, as with `rnn.float()`."
        )
    return dtypes[0]


def _shape_of(name, shape):
    return f"The array {name!r} of `rnn` has shape {shape}"


# To PyTorch


def stack_of_layers(model: Any) -> tuple[Stack, list[list[Any]]]:
    """What layers, or a model of them, are as a `torch.nn.RNN`, and the layers of each level.

    Raises:
        TypeError: If they are no layers.
        ValueError: If `torch.nn.RNN` can't compute what they do.
    """
    chain = chain_of(model, TORCH)
    layers = [directions_of(layer, TORCH) for layer in chain if type(layer) is not Dropout]
    if not layers:
        raise ValueError("`model` has no recurrent layer.")
    for directions in layers:
        for number, layer in enumerate(directions):
            problem = _problem(layer, is_backward=number == 1)
            if problem:
                raise ValueError(f"Layer {layer.name!r} {problem}.")
    input_size = features = layers[0][0].weights[0].shape[0]
    options = _common_options(layers)
    for directions in layers:
        for layer in directions:
            check_features(layer, features)
            if not layer.return_sequences and directions is not layers[-1]:
                raise ValueError(
                    f"Layer {layer.name!r} has return_sequences=False, but torch.nn.RNN hands all "
                    "states to the layer above. Convert the layers one by one."
                )
        features = sum(layer.units for layer in directions)
    stack = Stack(input_size, num_layers=len(layers), dropout=_dropout(chain), **options)
    return stack, layers


def _problem(layer, is_backward):
    """Why `torch.nn.RNN` can't do what a layer does, and what to do; or `None`."""
    problem = problem_anywhere(layer, TORCH, gated="torch.nn.{}")
    if problem:
        return problem
    if layer.go_backwards != is_backward:
        return (
            f"has go_backwards={layer.go_backwards}, but torch.nn.RNN goes backwards in the second "
            "of two directions alone. Turn the sequences round instead"
        )
    if layer.activation not in NONLINEARITIES.values():
        name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
        return f"has the activation {name}, but torch.nn.RNN has only {listed(NONLINEARITIES)}"
    return option_without_counterpart(layer, TORCH, NO_COUNTERPART)


def _common_options(layers):
    """The options that `torch.nn.RNN` has once for all layers."""
    nonlinearities = {activation: name for name, activation in NONLINEARITIES.items()}
    each = [layer for directions in layers for layer in directions]
    options = {
        "hidden_size": [layer.units for layer in each],
        "nonlinearity": [nonlinearities[layer.activation] for layer in each],
        "bias": [layer.use_bias for layer in each],
        "dtype": [layer.dtype_policy.name for layer in each],
        "bidirectional": [len(directions) == 2 for directions in layers],
    }
    for name, values in options.items():
        if len(set(values)) > 1:
            raise ValueError(
                f"torch.nn.RNN has one `{name}` for all its layers, but the given ones have "
                f"{listed(values)}. Convert them one by one."
            )
    return {name: values[0] for name, values in options.items()}


def _dropout(chain):
    """The fraction that is dropped between all layers."""
    gaps = [[]]
    for layer in chain:
        if type(layer) is Dropout:
            gaps[-1].append(layer)
        else:
            gaps.append([])
    before, *between, after = gaps
    rates = [[layer.rate for layer in gap] for gap in between] or [[]]
    shaped = any(layer.noise_shape for gap in between for layer in gap)
    if before or after or shaped or any(rate != rates[0][:1] for rate in rates):
        raise ValueError(
            "torch.nn.RNN drops one and the same fraction between all its layers, and nothing "
            "below the first or above the last one. Give the layers without Dropout, and use "
            "torch.nn.Dropout, or convert them one by one."
        )
    return sum(rates[0])
