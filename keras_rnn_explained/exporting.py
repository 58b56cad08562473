"""Whether a model is called to be exported, and to what.

Nobody says so. Keras, tf2onnx and TensorFlow's converters call a model as a training loop does. So
the calls that are under way are looked through for one of theirs.
"""

import sys
from types import FrameType

# An exporter may go by way of another, as LiteRT's do by a SavedModel: the first one counts.
EXPORTERS = {
    "keras.src.export.litert": "LiteRT",
    "tensorflow.lite": "LiteRT",
    "keras.src.export.onnx": "ONNX",
    "tf2onnx": "ONNX",
    "keras.src.export": "a SavedModel",
    "tensorflow.python.saved_model": "a SavedModel",
}


def target() -> str | None:
    """What the calls under way export to, or `None` if they don't."""
    modules = set()
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        modules.add(f"{frame.f_globals.get('__name__')}.")
        frame = frame.f_back
    for exporter, what in EXPORTERS.items():
        if any(module.startswith(f"{exporter}.") for module in modules):
            return what
    return None


def refuse_state(layer_name: str) -> None:
    """Refuses a layer that keeps its state where the format has nothing to keep it in.

    Raises:
        ValueError: If the model is exported to ONNX.
    """
    if target() == "ONNX":
        raise ValueError(
            f"Layer {layer_name!r} has stateful=True, but nothing in an ONNX file is kept from one "
            "call to the next. Make it anew with `return_state=True`, give it the weights, and "
            "make the state an input and an output of the model, as `initial_state`."
        )
