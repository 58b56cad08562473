"""A simple recurrent layer for Keras in which nothing is hidden."""

import sys
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_rnn_explained.bptt import Flow, Gradients, backpropagate
    from keras_rnn_explained.callbacks import GradientFlow
    from keras_rnn_explained.convert import swap, swap_back
    from keras_rnn_explained.diagnosis import Finding, diagnose, findings_of
    from keras_rnn_explained.finding import recurrent_layers
    from keras_rnn_explained.layer import ExplainedRNN
    from keras_rnn_explained.onnx_weights import from_onnx, to_onnx
    from keras_rnn_explained.report import explain
    from keras_rnn_explained.torch_weights import from_torch, to_torch, to_torch_arrays
    from keras_rnn_explained.unfolding import Unfolding, unfold

__all__ = [
    "ExplainedRNN",
    "Finding",
    "Flow",
    "GradientFlow",
    "Gradients",
    "Unfolding",
    "backpropagate",
    "diagnose",
    "explain",
    "findings_of",
    "from_onnx",
    "from_torch",
    "recurrent_layers",
    "swap",
    "swap_back",
    "to_onnx",
    "to_torch",
    "to_torch_arrays",
    "unfold",
]

_HOMES = {
    "ExplainedRNN": "layer",
    "Finding": "diagnosis",
    "Flow": "bptt",
    "GradientFlow": "callbacks",
    "Gradients": "bptt",
    "Unfolding": "unfolding",
    "backpropagate": "bptt",
    "diagnose": "diagnosis",
    "explain": "report",
    "findings_of": "diagnosis",
    "from_onnx": "onnx_weights",
    "from_torch": "torch_weights",
    "recurrent_layers": "finding",
    "swap": "convert",
    "swap_back": "convert",
    "to_onnx": "onnx_weights",
    "to_torch": "torch_weights",
    "to_torch_arrays": "torch_weights",
    "unfold": "unfolding",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def _is_starting_as_a_command() -> bool:
    """Whether this is the start of `rnn-explained`, or of `python -m keras_rnn_explained`."""
    program = sys.argv[0] if sys.argv else ""
    # "-m" stands there while Python looks for the module to run.
    return PurePath(program).stem == "rnn-explained" or (
        program == "-m" and __name__ in sys.orig_argv
    )


# Importing the package makes the layer known to Keras, so that saved models can be loaded. Only the
# command waits: it reads its arguments before it starts Keras.
if not _is_starting_as_a_command():
    import_module(f"{__name__}.installation").load_backend()
    import_module(f"{__name__}.layer")
