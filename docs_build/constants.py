"""Constants of files that a page speaks of and that are not to be run for it, such as tests."""

import ast
from typing import Any

from docs_build import ROOT


def constant(file: str, name: str) -> Any:
    """The value that a file, a path from the root of the project, assigns to a name.

    Raises:
        LookupError: If it assigns none that can be read without running it.

    Examples:
        >>> constant("tests/test_architecture.py", "FLOORS")[0] == {"installation"}
        True
    """
    for statement in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return ast.literal_eval(statement.value)
    raise LookupError(f"{file} assigns nothing to {name}.")
