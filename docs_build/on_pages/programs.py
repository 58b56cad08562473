"""Programs that need a process of their own: their source and their output.

A name with a slash is that of one in `examples`, the others are in `docs/programs`.
"""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from docs_build import ROOT

FOLDER = ROOT / "docs" / "programs"
EXAMPLES = ROOT / "examples"


def _path(name: str) -> Path:
    return (EXAMPLES if "/" in name else FOLDER) / f"{name}.py"


def source(language: str, name: str, file: str | None = None) -> str:
    """A program as a block of code.

    Args:
        language: Of the page.
        name: Of the program.
        file: What the page calls the file; by default as it is called, in `examples` with its path.
    """
    path = _path(name)
    title = file or (path.relative_to(ROOT).as_posix() if "/" in name else path.name)
    return f'```python title="{title}"\n{path.read_text(encoding="utf-8")}```'


def part(language: str, name: str, *parts: str) -> str:
    """Functions and classes of a program as a block of code.

    Args:
        language: Of the page.
        name: Of the program.
        parts: Names of the functions and classes.
    """
    path = _path(name)
    code = path.read_text(encoding="utf-8")
    found = {node.name: node for node in ast.parse(code).body if hasattr(node, "name")}
    shown = "\n\n\n".join(ast.get_source_segment(code, found[one]) or "" for one in parts)
    return f'```python title="{path.relative_to(ROOT).as_posix()}"\n{shown}\n```'


@cache
def _printed(name: str, arguments: tuple[str, ...], variables: tuple[tuple[str, str], ...]) -> str:
    program = [sys.executable, str(_path(name)), *arguments]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            program,
            env=os.environ | quiet | dict(variables),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=240,
        )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    return done.stdout.strip()


def output(language: str, name: str, *arguments: str, **variables: str) -> str:
    """What a program prints, run when the page is built, in a folder that is gone then.

    Args:
        language: Of the page.
        name: Of the program.
        arguments: On its command line.
        variables: Environment variables.

    Raises:
        RuntimeError: If it fails.
    """
    return f"```text\n{_printed(name, arguments, tuple(sorted(variables.items())))}\n```"
