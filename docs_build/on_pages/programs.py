"""Programs that need a process of their own, in `docs/programs`: their source and their output."""

import os
import subprocess
import sys
from functools import cache

from docs_build import ROOT

FOLDER = ROOT / "docs" / "programs"


def source(language: str, name: str, file: str | None = None) -> str:
    """A program as a block of code.

    Args:
        language: Of the page.
        name: Of the program.
        file: What the page calls the file; by default as it is called.
    """
    code = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    return f'```python title="{file or f"{name}.py"}"\n{code}```'


@cache
def _printed(name: str, variables: tuple[tuple[str, str], ...]) -> str:
    program = [sys.executable, str(FOLDER / f"{name}.py")]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        program,
        env=os.environ | quiet | dict(variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    return done.stdout.strip()


def output(language: str, name: str, **variables: str) -> str:
    """What a program prints, run when the page is built.

    Args:
        language: Of the page.
        name: Of the program.
        variables: Environment variables.

    Raises:
        RuntimeError: If it fails.
    """
    return f"```text\n{_printed(name, tuple(sorted(variables.items())))}\n```"
