"""Code of the package, read from its files."""

import inspect
from importlib import import_module


def source(language: str, place: str) -> str:
    """A function of the package as it is in its file, without its docstring's indentation changed.

    Args:
        language: Of the page.
        place: Module and name, as in `"equations.recurrence"`.
    """
    module, name = place.split(".")
    lines = inspect.getsource(getattr(import_module(f"keras_rnn_explained.{module}"), name))
    return f'```python title="keras_rnn_explained/{module}.py"\n{lines}```'
