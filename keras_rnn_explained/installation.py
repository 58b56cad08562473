"""The backend of Keras, which has to be installed beside the package, and new enough.

It is no dependency, for it is one of TensorFlow, JAX and torch, and a dependency can't say "one of
these". TensorFlow comes as `tensorflow` or as `tensorflow-cpu`, besides, which hold the same files,
so that only one of them may be installed.
"""

import json
import os
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

LOWEST = "2.18"


def load_backend() -> None:
    """Loads what Keras is going to run on, so that an error says what to install.

    Raises:
        ImportError: If it is not installed or not as the package needs it.
    """
    name = _backend_of_keras()
    if name == "tensorflow":
        load_tensorflow()
    elif name in ("jax", "torch"):
        try:
            import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise ImportError(
                f"Keras is set to run on {name}, but it is not installed. Install it with `pip "
                f"install 'keras_rnn_explained[{name}]'`, or set the environment variable "
                "KERAS_BACKEND to 'tensorflow', 'jax' or 'torch', whichever is installed.",
                name=name,
            ) from error


def _backend_of_keras() -> str:
    """What Keras will be told on its import, which fails without its backend."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        return json.loads((home / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, LookupError, TypeError):
        return "tensorflow"


def load_tensorflow() -> Any:
    """The `tensorflow` package.

    Raises:
        ImportError: If it is not installed, not wholly so, or too old; the message says what to
            type.
    """
    try:
        import tensorflow as tf
    except ModuleNotFoundError as error:
        if error.name != "tensorflow":
            raise
        raise _error(
            f"it is not installed. Install it with `pip install 'tensorflow>={LOWEST}'` or, where "
            f"no GPU is used, with `pip install 'tensorflow-cpu>={LOWEST}'`, which is smaller and "
            "there for Linux and Windows on x86-64. To run on another backend of Keras, set the "
            "environment variable KERAS_BACKEND to 'jax' or 'torch'"
        ) from error
    version = getattr(tf, "__version__", None)
    if version is None:
        # Such a folder is left where both were installed and one was uninstalled.
        folder = next(iter(tf.__path__))
        raise _error(f"{folder} is not the whole of it. Replace it with {_replacement()}")
    if _number(version) < _number(LOWEST):
        raise _error(f"{version} is installed. Replace it with {_replacement()}")
    return tf


def _error(problem: str) -> ImportError:
    return ImportError(
        f"keras_rnn_explained needs TensorFlow {LOWEST} or later, but {problem}.",
        name="tensorflow",
    )


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")[:2]))


def _replacement() -> str:
    """What to type, so that no two distributions of the same files are installed."""
    installed = {
        name.lower().replace("_", "-")
        for name in metadata.packages_distributions().get("tensorflow", ())
    }
    name = "tensorflow-cpu" if installed == {"tensorflow-cpu"} else "tensorflow"
    uninstall = f"pip uninstall -y {' '.join(sorted(installed))} && " if installed else ""
    return f"`{uninstall}pip install '{name}>={LOWEST}'`"
