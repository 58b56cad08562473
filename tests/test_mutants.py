import re
import tomllib
from pathlib import Path

import pytest

from tests import mutants

ROOT = Path(mutants.__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]


@pytest.mark.parametrize("change", mutants.explained(), ids=lambda change: change.function)
def test_what_is_explained_is_still_there_to_be_changed(change):
    assert change.path in SETTINGS["only_mutate"]
    lines = "\n".join(mutants.lines_of(ROOT / change.path, change.function))
    assert re.search(rf"^{re.escape(change.before)}$", lines, re.MULTILINE), f"stale: {change}"
    assert change.after != change.before
    assert mutants.explained()[change]


def test_the_modules_to_change_and_the_tests_to_run_are_there():
    for path in (
        *SETTINGS["only_mutate"],
        *SETTINGS["pytest_add_cli_args_test_selection"],
    ):
        assert (ROOT / path).is_file(), path
