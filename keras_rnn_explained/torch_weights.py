"""To and from `torch.nn.RNN`."""

import sys
from collections.abc import Mapping
from itertools import chain
from typing import Any

import keras
import numpy as np

from keras_rnn_explained.chains import GATES
from keras_rnn_explained.layer import ExplainedRNN
from keras_rnn_explained.naming import kind_of
from keras_rnn_explained.torch_stack import stack_of_arrays, stack_of_layers

Array = np.ndarray


def from_torch(
    rnn: Any,
    nonlinearity: str | None = None,
    dropout: float | None = None,
    return_state: bool = False,
) -> keras.Model:
    """A Keras model of `ExplainedRNN` layers that computes what a `torch.nn.RNN` does.

    Each layer is an `ExplainedRNN`, or with `bidirectional` a `keras.layers.Bidirectional` of one,
    by the names `rnn_l0`, `rnn_l1` and so on; a dropout between them is a `keras.layers.Dropout`.
    The two biases of PyTorch become one, their sum.

    The model takes `(batch, time, features)`, whatever `batch_first` says, and returns what PyTorch
    calls `output`, `(batch, time, units)` or, in both directions, `(batch, time, 2·units)`. With
    `return_state` it returns a list of that and the last states, each `(batch, units)`, in the
    order of `h_n`: from the lowest layer up, and of each the forward direction first.

    With a mask, `(batch, time)`, it does what PyTorch does with a `PackedSequence`: the outputs of
    masked time steps are 0, and the backward direction starts at the last time step that counts.

    PyTorch is not needed for the arrays of a state dict.

    Args:
        rnn: A `torch.nn.RNN`; or its state dict: arrays or tensors by PyTorch's names, as
            `weight_ih_l0`. How many layers, directions and biases there are is read from the names.
        nonlinearity: `"tanh"`, the default, or `"relu"`. Only with a state dict, which does not
            have it.
        dropout: Fraction of the outputs of all layers but the last to drop in training; 0 by
            default. Only with a state dict.
        return_state: Whether the model returns the last states, too.

    Returns:
        A functional model with weights of its own, in the dtype of the given ones.

    Raises:
        TypeError: If `rnn` is neither, or something in the state dict is no array; if a
            `torch.nn.RNN` comes with options that it has itself; if `dropout` is no number.
        ValueError: If it is an LSTM, a GRU or a single cell; if arrays are missing or left over, or
            have other shapes than PyTorch's, or another dtype than float32 or float64; if `dropout`
            is not from 0 to 1.

    Examples:
        >>> import numpy as np
        >>> arrays = {
        ...     "weight_ih_l0": np.ones((4, 3), "float32"),
        ...     "weight_hh_l0": np.eye(4, dtype="float32"),
        ... }
        >>> model = from_torch(arrays, nonlinearity="relu")
        >>> tuple(model.get_layer("rnn_l0").kernel.shape)
        (3, 4)
        >>> model(np.ones((2, 5, 3), "float32")).shape
        TensorShape([2, 5, 4])

    Source: [torch.nn.RNN](https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html)
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(rnn, torch.nn.Module):
        _check_module(rnn, torch, {"nonlinearity": nonlinearity, "dropout": dropout})
        nonlinearity, dropout, rnn = rnn.nonlinearity, rnn.dropout, rnn.state_dict()
    elif not isinstance(rnn, Mapping):
        raise TypeError(
            "`rnn` must be a torch.nn.RNN or its state dict, a mapping of names to arrays, got "
            f"{kind_of(rnn)}."
        )
    stack = stack_of_arrays(rnn, nonlinearity or "tanh", dropout or 0)
    arrays = {name: _array(rnn[name]) for name in rnn}

    inputs = output = keras.Input((None, stack.input_size), dtype=stack.dtype, name="sequences")
    last_states: list[Any] = []
    for number, suffixes in enumerate(stack.suffixes()):
        if number and stack.dropout:
            name = f"dropout_l{number - 1}"
            output = keras.layers.Dropout(stack.dropout, dtype=stack.dtype, name=name)(output)
        layer = ExplainedRNN(
            stack.hidden_size,
            activation=stack.nonlinearity,
            use_bias=stack.bias,
            return_sequences=True,
            return_state=return_state,
            zero_output_for_mask=True,
            dtype=stack.dtype,
            name=f"rnn_l{number}",
        )
        if stack.bidirectional:
            layer = keras.layers.Bidirectional(layer, dtype=stack.dtype, name=layer.name)
        output, *states = layer(output) if return_state else [layer(output)]
        last_states += states
        layer.set_weights([weight for suffix in suffixes for weight in _weights(arrays, suffix)])
    model = keras.Model(inputs, [output, *last_states] if return_state else output)
    model.supports_masking = True  # or Keras warns that it takes none, though its layers do
    return model


def to_torch(model: Any) -> Any:
    """A `torch.nn.RNN` that computes what `ExplainedRNN` or `SimpleRNN` layers do.

    It has `batch_first=True`, so it takes the same `(batch, time, features)`. It is in evaluation
    mode, as a Keras model is when it is called; call its `train()` before you train it.

    The bias goes to `bias_ih`, and `bias_hh` is 0. PyTorch trains both, and each gets the whole
    gradient, so in plain gradient descent their sum moves twice as far.

    What a layer with `return_sequences=False` returns is in `h_n`. Masks, which are no part of a
    layer, are lengths in PyTorch: see `torch.nn.utils.rnn.pack_padded_sequence`. Regularizers and
    constraints belong to the training, and stay behind with the optimizer.

    Args:
        model: A recurrent layer, `Bidirectional` around one or not; a list of such layers from the
            lowest up, with `keras.layers.Dropout` between them or not; or a model of nothing else.
            All must have weights already.

    Raises:
        ImportError: If PyTorch is not installed.
        TypeError: If `model` is none of these.
        ValueError: If something has no counterpart in `torch.nn.RNN`: another layer, layers of
            different options, an activation that is neither tanh nor relu, `truncate_bptt`,
            `stateful`, `go_backwards` in one direction alone, `dropout` or `recurrent_dropout`
            within a layer, another `merge_mode` than `"concat"`.

    Examples:
        >>> layer = ExplainedRNN(4)
        >>> layer.build((None, None, 3))
        >>> to_torch(layer)  # doctest: +SKIP
        RNN(3, 4, batch_first=True)
    """
    stack, layers = stack_of_layers(model)
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "`to_torch` makes a torch.nn.RNN and needs PyTorch, which is not installed. Install it "
            "with `pip install torch`; or take the weights alone, from `to_torch_arrays`."
        ) from error
    options = {**stack._asdict(), "dtype": getattr(torch, stack.dtype)}
    rnn = torch.nn.RNN(**options, batch_first=True)
    arrays = _state_dict(stack, layers)
    rnn.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return rnn.eval()


def to_torch_arrays(model: Any) -> dict[str, Array]:
    """The weights that `to_torch` would load, as NumPy arrays; PyTorch is not needed.

    Args:
        model: What `to_torch` takes.

    Returns:
        A state dict of `torch.nn.RNN`: copies of the weights by PyTorch's names, in its order.

    Raises:
        TypeError: As `to_torch`.
        ValueError: As `to_torch`.

    Examples:
        >>> layer = ExplainedRNN(4)
        >>> layer.build((None, None, 3))
        >>> {name: array.shape for name, array in to_torch_arrays(layer).items()}
        {'weight_ih_l0': (4, 3), 'weight_hh_l0': (4, 4), 'bias_ih_l0': (4,), 'bias_hh_l0': (4,)}
    """
    return _state_dict(*stack_of_layers(model))


def _check_module(rnn, torch, options):
    kind = type(rnn)
    if kind is not torch.nn.RNN:
        raise ValueError(f"`rnn` must be a torch.nn.RNN, got {kind_of(rnn)}. {_instead(kind)}")
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise TypeError(
            f"`{given[0]}` is an option of the torch.nn.RNN itself. Leave it out, or give "
            "`rnn.state_dict()`."
        )


def _instead(kind):
    if kind.__name__ in GATES.values():
        return f"It has gates: `keras.layers.{kind.__name__}` is its counterpart in Keras."
    if kind.__name__ == "RNNCell":
        return 'Give its arrays with "_l0" at the end of each name.'
    return "Give the torch.nn.RNN in it; of a subclass that computes the same, its `state_dict()`."


def _array(given):
    """A copy, for Keras may keep the memory that it is given."""
    return np.array(given.detach().cpu() if hasattr(given, "detach") else given)


def _weights(arrays, suffix):
    """What `ExplainedRNN.set_weights` takes."""
    weights = [arrays[f"weight_ih_{suffix}"].T, arrays[f"weight_hh_{suffix}"].T]
    if f"bias_ih_{suffix}" in arrays:
        weights.append(arrays[f"bias_ih_{suffix}"] + arrays[f"bias_hh_{suffix}"])
    return weights


def _state_dict(stack, layers):
    """Copies of the weights by PyTorch's names, the other way round than `_weights`."""
    arrays = {}
    for suffix, layer in zip(chain(*stack.suffixes()), chain(*layers), strict=True):
        kernel, recurrent_kernel, *biases = layer.get_weights()
        arrays |= {f"weight_ih_{suffix}": kernel.T, f"weight_hh_{suffix}": recurrent_kernel.T}
        for bias in biases:
            arrays |= {f"bias_ih_{suffix}": bias, f"bias_hh_{suffix}": np.zeros_like(bias)}
    return {name: np.array(array, order="C") for name, array in arrays.items()}
