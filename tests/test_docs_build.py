"""How pages become the site."""

import json
import re
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from math_core import LatexError

from docs_build import (
    ROOT,
    accessibility,
    japanese,
    languages,
    mathematics,
    scripts,
    search,
    stylesheets,
)

SPECIAL = ("_mkdocstrings.css", "reference.css", "calculators.css")


def test_formulae_become_mathml():
    html = mathematics.formulae_in(
        '<p>a <span class="arithmatex">\\(x &lt; \\Wax\\)</span></p>'
        '<div class="arithmatex">\\[\n\\grad{\\Waa} = \\sum_t a_{t-1}\\T d_t\n\\]</div>'
    )
    assert html.count("<math") == 2
    assert html.count('display="block"') == 1
    assert "arithmatex" not in html
    assert "\\" not in html


def test_every_name_of_the_notation_can_be_set():
    for name in mathematics.NAMES:
        argument = "{x}" if "#1" in mathematics.NAMES[name] else ""
        formula = f'<span class="arithmatex">\\(x\\{name}{argument}\\)</span>'
        assert "<math" in mathematics.formulae_in(formula)


def test_a_formula_that_cannot_be_read_stops_the_build():
    with pytest.raises(LatexError):
        mathematics.formulae_in('<span class="arithmatex">\\(\\frac{x\\)</span>')


@given(
    st.text(alphabet="隠れ状態ア、。a1<>", max_size=12), st.text(alphabet="次の時刻b.", max_size=8)
)
def test_line_breaks_are_no_spaces_between_japanese_characters(before, after):
    joined = japanese.joined(f"{before}\n{after}")
    wide = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff]")
    if before and after and wide.match(before[-1]) and wide.match(after[0]):
        assert joined == before + after
    else:
        assert joined == f"{before}\n{after}"


def test_line_breaks_in_code_stay():
    code = "<pre><code>状態\n状態</code></pre>"
    assert japanese.joined(f"状態\n状態{code}状態\n状態") == f"状態状態{code}状態状態"


@pytest.mark.parametrize(
    ("url", "language", "there"),
    [
        ("index.html", "en", ["index.html", "ja/index.html"]),
        ("how-to/swap.html", "en", ["../how-to/swap.html", "../ja/how-to/swap.html"]),
        ("index.html", "ja", ["../index.html", "../ja/index.html"]),
        ("how-to/swap.html", "ja", ["../../how-to/swap.html", "../../ja/how-to/swap.html"]),
    ],
)
def test_a_page_knows_where_it_is_in_each_language(url, language, there):
    links = languages.same_page(SimpleNamespace(url=url), language)
    assert [link["link"] for link in links] == there


def test_modules_are_put_into_the_page_with_what_they_import(tmp_path, monkeypatch):
    monkeypatch.setattr(scripts, "FOLDER", tmp_path)
    first = 'import {\n  two,\n} from "second";\nconst text = "third";\n'
    (tmp_path / "first.js").write_text(first)
    (tmp_path / "second.js").write_text('export const two = "数";')
    page = scripts.embedded("<body>a</body>", ["first"])
    imports = json.loads(re.search(r'<script type="importmap">(.*?)</script>', page)[1])["imports"]
    data = "data:text/javascript;charset=utf-8,"
    assert {name: unquote(code.removeprefix(data)) for name, code in imports.items()} == {
        "first": first,
        "second": 'export const two = "数";',
    }
    assert page.endswith('<script type="module">import "first";</script></body>')
    assert scripts.embedded("<body>a</body>", []) == "<body>a</body>"


def test_a_module_that_is_not_there_stops_the_build():
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        scripts.embedded("<body></body>", ["nowhere"])


def test_the_theme_still_has_the_search_that_is_given_a_name(site):
    """Else a new version of the theme has mended or moved it."""
    assert ROOT.joinpath("mkdocs.yml").is_file()
    assert f'{accessibility.SEARCH} aria-label="Search"' in (site / "index.html").read_text()
    assert f'{accessibility.SEARCH} aria-label="検索"' in (site / "ja/index.html").read_text()


def test_a_page_brings_the_style_sheets_that_it_uses():
    sheets = [f'<link rel="stylesheet" href="../assets/{name}">' for name in ("site.css", *SPECIAL)]
    bare = "".join(sheets)
    assert stylesheets.needed(bare) == sheets[0]
    calculates = bare + "<form class='calculator'>"
    assert stylesheets.needed(calculates) == calculates.replace(sheets[1] + sheets[2], "")
    documents = bare + '<div class="doc doc-object">'
    assert stylesheets.needed(documents) == documents.replace(sheets[3], "")


@pytest.fixture
def search_script(tmp_path):
    folder = tmp_path / "assets" / "javascripts" / "workers"
    folder.mkdir(parents=True)
    return folder / "search.0a1b2c3d.min.js"


def test_the_search_is_mended(tmp_path, search_script):
    search_script.write_text(f"before;{search.JOINED};after", encoding="utf-8")
    search.mend(tmp_path)
    assert search_script.read_text(encoding="utf-8") == f"before;{search.APART};after"


def test_a_search_of_another_theme_stops_the_build(tmp_path, search_script):
    with pytest.raises(ValueError, match="was expected to have the script of the search"):
        search.mend(tmp_path)
    search_script.write_text("another search", encoding="utf-8")
    with pytest.raises(ValueError, match="0 times: the theme has another search now"):
        search.mend(tmp_path)
    assert search_script.read_text(encoding="utf-8") == "another search"
