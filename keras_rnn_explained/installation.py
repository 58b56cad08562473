"""TensorFlow, which has to be installed beside the package: under one of its names, and new enough.

It is no dependency, for it comes as `tensorflow` or as `tensorflow-cpu`. Both hold the same files,
so only one may be installed, and a dependency can't say "one of these".
"""

from importlib import metadata
from typing import Any

LOWEST = "2.18"


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
            "there for Linux and Windows on x86-64"
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
