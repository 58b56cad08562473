"""The code on the pages runs, and the pages name things that are there."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^( *)```python\b[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def blocks(page):
    return [textwrap.dedent(code) for _, code in CODE.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "page",
    # A Japanese page has the code of the English one, says a test of the languages.
    [page for page in PAGES if blocks(page) and ROOT / "docs" / "ja" not in page.parents],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"x": np.ones((2, 5, 8), "float32")}  # what a page calls the reader's own data
    for number, code in enumerate(blocks(page)):
        exec(compile(code, f"{page.name}, block {number}", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
