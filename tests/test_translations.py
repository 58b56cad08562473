"""Each docstring of the reference has a translation that says the same of the same things."""

import re

import griffe
import pytest

from docs_build import translations
from docs_build.translations import (
    DIRECTIVE,
    ROOT,
    digest,
    documented,
    found_at,
    package,
    problems,
)

AS_THE_SITE_DOES = {
    "returns_multiple_items": False,
    "warn_missing_types": False,
    "warnings": False,
}
JAPANESE = translations.translations("ja")
SHOWN = documented()


def sections(one, text):
    """What Google style makes of a docstring: sections with what must be there in any language."""
    docstring = griffe.Docstring(text, parent=one)
    parsed = docstring.parse("google", **AS_THE_SITE_DOES)
    return [(section.kind.value, *said_by(section)) for section in parsed]


def said_by(section):
    value = section.value
    match section.kind.value:
        case "parameters" | "attributes":
            return [item.name for item in value]
        case "raises":
            return [str(item.annotation) for item in value]
        case "examples":
            return [text for _, text in value]
        case "text":
            lines = value.splitlines()
            tables = sum(line.startswith("|") for line in lines)
            formulae = sum(line.startswith("    ") for line in lines)
            bullets = sum(line.startswith("- ") for line in lines)
            return tables, formulae, bullets
    return ()


def code_in(text):
    prose = re.sub(r"^ *(>>>|\.\.\.).*", "", text, flags=re.MULTILINE)
    return set(re.findall(r"`[^`]+`", prose))


def test_every_docstring_that_is_shown_has_a_translation_of_it_as_it_is_now():
    assert problems("ja") == []


@pytest.mark.parametrize("path", SHOWN)
def test_a_translation_has_the_same_sections_names_exceptions_and_examples(path):
    one = SHOWN[path]
    assert sections(one, JAPANESE[path].text) == sections(one, one.docstring.value)


@pytest.mark.parametrize("path", SHOWN)
def test_a_translation_names_the_same_things(path):
    assert code_in(JAPANESE[path].text) == code_in(SHOWN[path].docstring.value)


@pytest.mark.parametrize("path", SHOWN)
def test_a_translation_is_japanese_but_for_names_and_sources(path):
    docstring = griffe.Docstring(JAPANESE[path].text, parent=SHOWN[path])
    for section in docstring.parse("google", **AS_THE_SITE_DOES):
        items = section.value if isinstance(section.value, list) else []
        for item in items if section.kind.value != "examples" else []:
            prose = re.sub("`[^`]+`", "", item.description)
            assert not re.search("[a-z]{2,} [a-z]{2,} [a-z]{2,}", prose)
    lead = JAPANESE[path].text.split("\n\n")[0]
    is_formula = lead == SHOWN[path].docstring.value.split("\n\n")[0]
    assert is_formula or re.search("[ぁ-ヿ一-鿿]", lead)


@pytest.mark.parametrize("page", ["layer", "inspection", "diagnosis", "figures", "tools"])
def test_the_pages_of_both_languages_show_the_same(page):
    english, japanese = (
        DIRECTIVE.findall((ROOT / "docs" / language / f"reference/{page}.md").read_text("utf-8"))
        for language in ("en", "ja")
    )
    assert english == japanese


def test_a_docstring_that_changes_has_another_digest():
    before, after = (griffe.Docstring(text) for text in ("One.", "One, and two."))
    assert digest(before) != digest(after)


def test_a_changed_a_missing_and_a_left_over_translation_are_told(tmp_path, monkeypatch):
    now = digest(found_at("keras_rnn_explained.convert.swap").docstring)
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    (tmp_path / "ja").mkdir()
    file = tmp_path / "ja" / "some.yml"
    file.write_text(
        "keras_rnn_explained.convert.swap:\n  of: old\n  text: |\n    複製。\n"
        "keras_rnn_explained.convert.gone:\n  of: old\n  text: |\n    なし。\n",
        encoding="utf-8",
    )
    told = "\n".join(problems("ja"))
    assert "convert.swap has changed since it was translated" in told
    assert "--confirm keras_rnn_explained.convert.swap" in told
    assert "convert.gone is on no page" in told
    assert "convert.swap_back has no translation" in told

    translations.confirm("ja", ["keras_rnn_explained.convert.swap"])
    assert f"convert.swap:\n  of: {now}\n" in file.read_text(encoding="utf-8")
    assert "convert.swap has changed" not in "\n".join(problems("ja"))


def test_the_extension_puts_a_translation_in_place_of_the_docstring_and_leaves_the_others():
    loader = griffe.GriffeLoader(
        search_paths=[ROOT],
        extensions=griffe.load_extensions({"docs_build.translations": {"language": "ja"}}),
    )
    loaded = loader.load("keras_rnn_explained")
    assert (
        loaded["convert.swap"].docstring.value == JAPANESE["keras_rnn_explained.convert.swap"].text
    )
    untranslated = "convert._check"
    assert loaded[untranslated].docstring.value == package()[untranslated].docstring.value
