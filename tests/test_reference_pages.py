"""The reference shows all that is public, in groups, as a phone can show it."""

import re

import griffe
import pytest

from docs_build.annotations import WithoutAny
from docs_build.translations import ROOT, documented, found_at, package

SHOWN = documented()
MODULES = ("callbacks", "criteria", "datasets", "diagnosis", "verification")
PAGES = sorted((ROOT / "docs").glob("*/reference/*.md"))


def public_names():
    """By `__all__`; and all with a docstring in the modules whose functions are called by path."""
    for module in ("", ".figures", ".report"):
        path = f"keras_rnn_explained{module}"
        yield from (f"{path}.{name}" for name in map(str_of, found_at(path).exports))
    for name in MODULES:
        for member in package()[name].members.values():
            if not (member.is_alias or member.name.startswith("_") or member.docstring is None):
                yield member.path


def str_of(name):
    return name if isinstance(name, str) else name.name


@pytest.mark.parametrize("path", list(public_names()))
def test_each_public_name_is_documented(path):
    assert found_at(path).path in SHOWN


def test_each_constant_that_the_diagnosis_goes_by_has_a_docstring():
    attributes = package()["diagnosis"].attributes.values()
    without = [
        one.name
        for one in attributes
        if one.docstring is None and one.name.isupper() and not one.is_alias
    ]
    assert without == []


@pytest.mark.parametrize("path", SHOWN)
def test_each_docstring_leads_with_a_sentence(path):
    lead = SHOWN[path].docstring.value.split("\n\n")[0].strip()
    assert lead.endswith((".", ":")), lead
    assert len(lead) < 250


@pytest.mark.parametrize("page", PAGES, ids=lambda page: "/".join(page.parts[-3:]))
def test_a_page_shows_objects_under_headings_of_the_level_above(page):
    level, text = 0, page.read_text(encoding="utf-8")
    for hashes, options in re.findall(r"^(?:(#+) .*|::: \S+\n((?: +\S.*\n)*))", text, re.M):
        if hashes:
            assert len(hashes) <= level + 1
            level = len(hashes)
        elif "show_root_heading: false" not in options:
            given = re.search(r"heading_level: (\d)", options)
            assert (int(given[1]) if given else 3) == level + 1


def test_any_is_left_out_of_signatures_and_nothing_else():
    module = griffe.visit(
        "some",
        filepath="some.py",
        code="def f(x: Any, y: int = 1, **more: Any) -> Any: ...\ndef g() -> int: ...",
    )
    for name in ("f", "g"):
        WithoutAny().on_function(func=module[name], loader=None)
    x, y, more = module["f"].parameters
    assert (x.annotation, str(y.annotation), more.annotation) == (None, "int", None)
    assert (y.default, more.default) == ("1", None)
    assert module["f"].returns is None
    assert str(module["g"].returns) == "int"
