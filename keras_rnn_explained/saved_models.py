"""Saved models of strangers: no code in them is run, and they ask for no more memory than they are.

A file of a few kilobytes may hold arrays that are compressed to nothing, or say of a layer that it
has a million units. So a file has to be as large as what it asks for.
"""

import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import h5py
import keras

from keras_rnn_explained import layer  # noqa: F401  (Keras then knows the layer)
from keras_rnn_explained.archive import unpacked_size

CONFIGURATION, WEIGHTS = "config.json", "model.weights.h5"


def load(path: Path, compile: bool = True) -> keras.Model:
    """The model in a `.keras` file, as `keras.models.load_model` gives it in its safe mode.

    Args:
        path: The file.
        compile: Whether to compile it as it was.

    Raises:
        ValueError: If it asks for more memory than it is large when it is unpacked.
        Exception: Whatever Keras raises of a file that is no such model, or that has code in it.
    """
    size = unpacked_size(path)
    with ZipFile(path) as file:
        asked_for = {
            "arrays": _size_of_arrays(file.read(WEIGHTS)),
            "layers": _size_of_weights(file.read(CONFIGURATION)),
        }
    for what, asked in asked_for.items():
        if asked > size:
            raise ValueError(
                f"its {what} ask for {asked / 2**20:,.1f} MiB, but it holds only "
                f"{size / 2**20:,.1f} MiB. Models that Keras saved are not like that."
            )
    return keras.models.load_model(path, safe_mode=True, compile=compile)


def _size_of_arrays(content: bytes) -> int:
    """How many bytes the arrays of an HDF5 file are when they are read."""
    sizes = []

    def note(name: str, found: Any) -> None:
        if isinstance(found, h5py.Dataset):
            sizes.append(found.size * found.dtype.itemsize)

    with h5py.File(BytesIO(content), "r") as file:
        file.visititems(note)
    return sum(sizes)


def _size_of_weights(configuration: bytes) -> int:
    """How many bytes the weights of a model are that has this configuration. None is made."""

    def build() -> int:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(plain, safe_mode=True)
        return sum(math.prod(weight.shape) * _bits(weight.dtype) for weight in model.weights) // 8

    plain = json.loads(configuration, object_hook=_without_states)
    # In a thread of its own, for in this one Keras would make them at the next opportunity.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(build).result()


def _without_states(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a configuration without what is made at once: states and optimizers."""
    plain = {name: value for name, value in part.items() if name != "compile_config"}
    return plain | {"stateful": False} if "stateful" in plain else plain


def _bits(dtype: str) -> int:
    return int(re.findall(r"\d+", f"{dtype} 8")[0])  # those of bool are no part of its name
