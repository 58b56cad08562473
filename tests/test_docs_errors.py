"""Each mistake on the page of error messages is one."""

import re
from collections import Counter

import pytest

from docs_build import ROOT
from docs_build.on_pages import errors

GROUPS = errors.catalogue()["groups"]
ALL = [mistake for some in GROUPS.values() for mistake in some]


def test_each_mistake_raises_an_error_whose_message_is_a_sentence():
    raised = errors.raised()
    assert raised.keys() == {mistake["id"] for mistake in ALL}
    for mistake in ALL:
        kind, message = raised[mistake["id"]]
        assert mistake["code"].startswith(errors.COMMAND) == (kind == "")
        assert re.search(r"[A-Za-z]{3}.*[.:?]$", message, re.DOTALL), mistake["id"]
        assert "/tmp" not in message
        assert "\x1b" not in message


def test_the_mistakes_differ():
    for what in ("id", "code"):
        assert max(Counter(mistake[what] for mistake in ALL).values()) == 1


@pytest.mark.parametrize("mistake", ALL, ids=lambda mistake: mistake["id"])
def test_heading_and_remedy_are_in_both_languages(mistake):
    for texts in (mistake["heading"], mistake["remedy"]):
        assert texts.keys() == {"en", "ja"}
        assert re.search("[ぁ-んァ-ヶ一-龠]", texts["ja"])
        assert not re.search("[ぁ-んァ-ヶ一-龠]", texts["en"])
    assert mistake["remedy"]["en"].endswith(".")
    assert mistake["remedy"]["ja"].endswith("。")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_has_all_groups(language):
    page = (ROOT / "docs" / language / "reference" / "errors.md").read_text(encoding="utf-8")
    assert re.findall(r'errors\.group\("([^"]+)"\)', page) == list(GROUPS)
    shown = errors.group(language, "layer")
    assert "ValueError: `units` must be a positive integer, got 0." in shown
    assert shown.count("\n### ") == len(GROUPS["layer"]) - 1
