"""The catalogue of bad input, `docs/bad_inputs.yml`: each argument, wrong values, and their errors.

`python -m docs_build.bad_inputs` makes all of the mistakes and writes down what they raise now.
"""

import inspect
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from importlib import import_module
from typing import Any

import yaml

import keras_rnn_explained
from docs_build import ROOT
from docs_build.mistakes import of_code, of_command

FILE = ROOT / "docs" / "bad_inputs.yml"

# By `__all__`; and what has a docstring in modules whose functions are called by their path.
LISTED = ("", "figures", "report")
CALLED_BY_PATH = ("callbacks", "criteria", "datasets", "diagnosis", "verification")

Rows = dict[str, str]
"""The errors, by the code or the command line that raises them."""


@cache
def catalogue() -> dict[str, Any]:
    """What is in the file."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def raised(name: str) -> dict[str, Rows]:
    """What the mistakes of a callable raise now, by argument.

    Raises:
        AssertionError: If one raises nothing.
    """
    names, folder = _setting()
    with chdir(folder):
        return {
            argument: {code: ": ".join(of_code(code, names)) for code in rows}
            for argument, rows in catalogue()["callables"][name].items()
        }


def refused(command: str) -> dict[str, Rows]:
    """What the mistakes on the command line of a command say now, by argument.

    Raises:
        AssertionError: If one is not refused.
    """
    _, folder = _setting()
    with chdir(folder):
        return {
            argument: {line: of_command(line.split()) for line in rows}
            for argument, rows in catalogue()["commands"][command].items()
        }


def public() -> dict[str, Any]:
    """All callables for users, methods among them, by the name that the catalogue has for them."""
    found: dict[str, Any] = {}
    for module in LISTED:
        parts = [keras_rnn_explained.__name__, module]
        home = import_module(".".join(filter(None, parts)))
        for name in home.__all__:
            _add(found, ".".join(filter(None, [module, name])), getattr(home, name))
    for module in CALLED_BY_PATH:
        home = import_module(f"{keras_rnn_explained.__name__}.{module}")
        for name, one in inspect.getmembers(home):
            is_own = getattr(one, "__module__", None) == home.__name__
            if is_own and callable(one) and one.__doc__ and not name.startswith("_"):
                _add(found, f"{module}.{name}", one)
    return found


def arguments_of(one: Any) -> list[str]:
    """The names of a callable's arguments."""
    return [name for name in inspect.signature(one).parameters if name not in ("self", "cls")]


def _add(found, name, one):
    if any(one is other for other in found.values()):
        return
    found[name] = one
    if inspect.isclass(one):
        for method_name, method in _methods(one):
            found[f"{name}.{method_name}"] = method


def _methods(kind) -> Iterator[tuple[str, Any]]:
    """Those that the package defines for users; of a layer, its call is one of them."""
    for name in dict.fromkeys(dir(kind)):
        method = getattr(kind, name)
        if not inspect.isroutine(method) or not getattr(method, "__module__", None):
            continue
        is_ours = method.__module__.startswith(keras_rnn_explained.__name__)
        if is_ours and (name == "call" or (method.__doc__ and not name.startswith("_"))):
            yield name, method


@cache
def _setting():
    """The names that the mistakes find, and the folder with the files that they speak of."""
    folder = tempfile.TemporaryDirectory()
    names: dict[str, Any] = {"__folder__": folder}  # which is there as long as the names
    with chdir(folder.name):
        exec(catalogue()["setting"], names)
    return names, folder.name


class _Dumper(yaml.SafeDumper):
    def represent_str(self, text):
        return self.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)


_Dumper.add_representer(str, _Dumper.represent_str)


def main() -> int:
    """The command."""
    found = catalogue() | {
        "callables": {name: raised(name) for name in catalogue()["callables"]},
        "commands": {name: refused(name) for name in catalogue()["commands"]},
    }
    lines = FILE.read_text(encoding="utf-8").splitlines(keepends=True)
    comment = "".join(line for line in lines if line.startswith("#"))
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 10_000}
    FILE.write_text(comment + yaml.dump(found, Dumper=_Dumper, **options), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
