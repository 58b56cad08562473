"""The notebooks: kept clean, the same in both languages, run as they say, and shown on the site."""

import ast
import re
from functools import cache

import nbformat
import pytest

from docs_build import ROOT, notebooks
from docs_build.on_pages import notebooks as pages
from tests.test_language import (
    FORMULA,
    JAPANESE,
    LANGUAGES,
    differences,
    formula_of,
    prose_of,
    words_in,
)

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

EACH = pytest.mark.parametrize("name", notebooks.NAMES)
IN_EACH_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
INLINE = re.compile(r"\$([^$\n]+)\$")


def cells(language, name, kind):
    return [cell for cell in notebooks.read(language, name).cells if cell.cell_type == kind]


def without_magics(source):
    return re.sub(r"^%.*$", "", source, flags=re.MULTILINE)


def as_compared(source):
    """Without the commas that come and go with a text's length."""
    return re.sub(r",(?=\s*[)\]}])", "", without_magics(source))


# As they are kept


def test_there_are_three_in_both_languages():
    for language in LANGUAGES:
        files = {path.stem for path in (notebooks.FOLDER / language).iterdir()}
        assert files == set(notebooks.NAMES) == {"alice", "not_learning", "sunspots"}


@EACH
@IN_EACH_LANGUAGE
def test_a_file_holds_what_is_written_by_hand_and_nothing_else(language, name):
    notebook = notebooks.read(language, name)
    nbformat.validate(notebook)
    text = notebooks.path_of(language, name).read_text(encoding="utf-8")
    assert text == notebooks.as_kept(notebook), "run `python -m docs_build.notebooks`"
    assert all(not cell.outputs and cell.execution_count is None for cell in code_of(notebook))


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_what_running_leaves_is_taken_out():
    notebook = notebooks.read("en", "sunspots")
    kept = notebooks.as_kept(notebook)
    notebook.metadata["widgets"] = {}
    for cell in notebook.cells:
        cell.metadata["collapsed"] = True
        if cell.cell_type == "code":
            cell.execution_count = 3
            cell.outputs = [nbformat.v4.new_output("stream", text="…")]
    assert notebooks.as_kept(notebook) == kept


@EACH
def test_both_languages_have_the_same_cells(name):
    english, japanese = (notebooks.read(language, name).cells for language in LANGUAGES)
    assert [(cell.id, cell.cell_type) for cell in english] == [
        (cell.id, cell.cell_type) for cell in japanese
    ]
    assert len({cell.id for cell in english}) == len(english)
    for one, other in zip(english, japanese, strict=True):
        if one.cell_type == "code":
            sources = (as_compared(cell.source) for cell in (one, other))
            assert differences("python", *sources) == [], one.id
            # What a later cell calls would be of the last language.
            assert one.source == other.source or "def " not in one.source
        else:
            levels = [re.findall(r"^#+(?= )", cell.source, re.MULTILINE) for cell in (one, other)]
            assert levels[0] == levels[1]
            assert formulae(one) == formulae(other)
            assert JAPANESE.search(other.source)


def formulae(cell):
    """In an order that is not that of a sentence."""
    found = [*FORMULA.findall(cell.source), *INLINE.findall(cell.source)]
    return sorted(map(formula_of, found))


@EACH
@IN_EACH_LANGUAGE
def test_the_text_uses_the_words_of_the_glossary(language, name):
    for cell in cells(language, name, "markdown"):
        prose = prose_of(cell.source)
        assert words_in(language, prose) == [], cell.id
        if language == "ja":
            assert re.findall(r"[（）０-９]", prose) == [], cell.id


@EACH
@IN_EACH_LANGUAGE
def test_a_heading_begins_its_cell_and_links_lead_anywhere_from(language, name):
    texts = [cell.source for cell in cells(language, name, "markdown")]
    assert texts[0].startswith("# ")
    for text in texts:
        assert not re.search(r"\n#+ ", text)
        assert re.findall(r"\]\((?!https://)", text) == []  # a notebook may be anywhere


@EACH
def test_what_the_text_claims_is_checked(name):
    code = "\n".join(without_magics(cell.source) for cell in cells("en", name, "code"))
    claims = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert)]
    assert len(claims) >= 8


# As they run


def told(cell):
    """What came out of a cell, without places in memory."""
    outputs = [output.get("text") or output.get("data") for output in cell.outputs]
    return re.sub(r"0x[0-9a-f]+", "", str(outputs))


@pytest.fixture(scope="module")
def alone():
    """Runs a notebook in Japanese without the English one, as its readers do."""

    @cache
    def run(name):
        (notebook,) = notebooks.run_together([notebooks.read("ja", name)])
        return notebook

    return run


@pytest.mark.slow
@EACH
def test_it_runs_and_shows_tables_and_figures_and_no_warnings(name, alone):
    outputs = [output for cell in code_of(alone(name)) for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {
        *("stream", "display_data", "execute_result")
    }
    assert all(output.get("name") != "stderr" for output in outputs)
    found = [kind for output in outputs for kind in output.get("data", ())]
    assert found.count("text/html") >= 1
    assert found.count("image/svg+xml") >= 2
    assert "image/png" not in found


@pytest.mark.slow
def test_it_shows_the_same_alone_and_together_with_the_other_language(alone):
    name = "not_learning"  # in which the most cells run once for each language
    english, japanese = notebooks.executed(name).values()
    for one, other in zip(code_of(alone(name)), code_of(japanese), strict=True):
        assert told(one) == told(other), one.id
    assert not JAPANESE.search("".join(map(told, code_of(english))))


# As pages show them


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (
            nbformat.v4.new_output("stream", text="a < b\n\n``` c\n"),
            '<div class="language-text highlight"><pre><code>a &lt; b\n\n``` c</code></pre></div>',
        ),
        (
            nbformat.v4.new_output("execute_result", data={"text/plain": "[1]"}),
            '<div class="language-text highlight"><pre><code>[1]</code></pre></div>',
        ),
        (
            nbformat.v4.new_output(
                "display_data", data={"text/plain": "", "text/html": "<b>x</b>"}
            ),
            '<div class="notebook-output" tabindex="0"><b>x</b></div>',
        ),
        (
            nbformat.v4.new_output(
                "display_data",
                data={"text/plain": "", "image/svg+xml": '<svg height="9pt" width="99.6pt"></svg>'},
            ),
            '<figure class="drawn" style="--width: 100pt" tabindex="0">'
            '<svg height="9pt" width="99.6pt"></svg></figure>',
        ),
    ],
)
def test_an_output_on_a_page(output, shown):
    assert pages.output(output) == shown


@pytest.mark.parametrize(("length", "wrapped"), [(90, False), (91, True)])
def test_sentences_are_wrapped_and_columns_are_not(length, wrapped):
    shown = pages.output(nbformat.v4.new_output("stream", text=f"a\n{'b' * length}\n"))
    assert shown.startswith('<div class="wrapped">') is wrapped


def test_a_warning_ends_the_build():
    with pytest.raises(ValueError, match="careful"):
        pages.output(nbformat.v4.new_output("stream", name="stderr", text="careful"))


@pytest.mark.slow
def test_an_error_ends_the_build():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.run_together([notebook])


@EACH
@IN_EACH_LANGUAGE
def test_the_site_offers_the_notebook_as_it_is_kept(site, language, name):
    folder = site / ("" if language == "en" else language) / "notebooks"
    kept = notebooks.path_of(language, name).read_bytes()
    assert (folder / f"{name}.ipynb").read_bytes() == kept
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    assert f'href="{name}.ipynb"' in page
    assert page.count('class="drawn"') >= 2
    assert "notebook-output" in page
    for cell in cells(language, name, "markdown"):
        if cell.source.startswith("#"):
            assert f'id="{cell.id}"' in page


def test_how_to_run_them_names_an_extra_that_there_is():
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "\nnotebooks = [" in extras
    for text in pages.TEXTS.values():
        assert "[notebooks,tensorflow]" in text
