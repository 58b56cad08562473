"""A case as a program that runs without these tests."""

import ast
import inspect

import numpy as np

from tests.fuzz.arms import tolerance_of
from tests.fuzz.known_differences import for_simple_rnn


def script(arm, layer_class, case, differences):
    """The program: the code of the fuzzer that ran the case, the case, and what to compare.

    It ends with exit status 1 where the difference is still there.
    """
    parts = [_parts(module) for module in arm.sources]
    imports = sorted({line for lines, _ in parts for line in lines})
    whats = tuple(dict.fromkeys(difference.what for difference in differences))
    return "\n".join(
        [
            f'"""{differences[0].what}: {layer_class.__name__} differs."""',
            *imports,
            "from numpy import array, inf, int64, nan, zeros  # noqa: F401",
            f"from {layer_class.__module__} import {layer_class.__qualname__}",
            *(code for _, code in parts),
            f"case = {written(case)}",
            f"of_simple_rnn = {_written_as_change(for_simple_rnn(case), case)}",
            f"differing = {whats!r}",
            "found = False",
            f"for what, ours, theirs in compared({layer_class.__qualname__}, case, of_simple_rnn):",
            f"    if what in differing and not difference(ours, theirs) <= {tolerance_of(case)}:",
            '        print(f"{what}:\\n{ours}\\ninstead of\\n{theirs}\\n")',
            "        found = True",
            "raise SystemExit(found)",
            "",
        ]
    )


def written(value):
    """Python's source of a case, or of a part of it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, np.ndarray):
        if not value.size:
            return f"zeros({value.shape!r}, {value.dtype.name!r})"
        return f"array({value.tolist()!r}, {value.dtype.name!r})"
    if isinstance(value, np.integer):
        return f"int64({value})"
    return repr(value)


def _written_as_change(changed, case):
    new = {name: one for name, one in changed.items() if one is not case.get(name)}
    return f"{{**case, **{written(new)}}}" if new else "case"


def _parts(module):
    """The imports of a module, without those from the tests, and its code."""
    source = inspect.getsource(module)
    imports, start = [], 0
    for node in ast.parse(source).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not (getattr(node, "module", None) or "").startswith("tests"):
                imports.append(ast.unparse(node))
        elif not is_docstring or start:
            break
        start = node.end_lineno
    return imports, "\n".join(source.splitlines()[start:]).strip("\n") + "\n\n"
