"""The site as its readers meet it: every page, in both languages, in a browser."""

import functools
import re
import threading
import unicodedata
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
import yaml
from fontTools import ttLib

from docs_build.languages import FIRST, LANGUAGES
from docs_build.on_pages import glossary
from tests.accessibility import violations

ROOT = Path(__file__).parent.parent
MOST_BYTES = 500_000


def paths(nav):
    """The paths of a `nav`, in order."""
    for entry in nav:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from [below] if isinstance(below, str) else paths(below)


def pages(configuration):
    nav = yaml.safe_load((ROOT / configuration).read_text(encoding="utf-8"))["nav"]
    return [path.removesuffix(".md") + ".html" for path in paths(nav)]


ENGLISH = pages("mkdocs.yml")
ALL = [*ENGLISH, *(f"ja/{page}" for page in pages("mkdocs.ja.yml"))]


@pytest.fixture(scope="session")
def address(site):
    """Where the site is served, below some path."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=site.parent.parent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/some/path/"
        server.shutdown()


def is_broken_off(asked):
    """Whether a request failed because the reader went on to another page."""
    return asked.failure == "net::ERR_ABORTED"


@pytest.fixture
def opened(browser):
    """Opens a page; at the end of a test nothing may have been complained of, or asked for."""
    complaints, outside, contexts = [], [], []

    def open_(url, scheme="light", width=1280, **options):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, **options
        )
        contexts.append(context)
        page = context.new_page()
        home = url.partition("/some/path/")[0]
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda got: got.status >= 400 and complaints.append(got.url))
        page.on("requestfailed", lambda asked: is_broken_off(asked) or complaints.append(asked.url))
        page.on(
            "request",
            lambda asked: (
                asked.url.startswith((home, "data:", "blob:")) or outside.append(asked.url)
            ),
        )
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert outside == []


LOOKS = [("light", 1280), ("dark", 360)]
# Each page in each look, in one language this way and in the other that way.
LOOKED_AT = [
    (prefix + page, *LOOKS[(place + turn) % 2])
    for turn, prefix in enumerate(["", "ja/"])
    for place, page in enumerate(ENGLISH)
]


@pytest.mark.parametrize(("path", "scheme", "width"), LOOKED_AT)
def test_axe_finds_no_violation(opened, address, path, scheme, width):
    assert violations(opened(address + path, scheme, width)) == []


@pytest.mark.parametrize("path", ALL)
def test_a_page_fits_a_phone_and_is_light(opened, address, path):
    page = opened(address + path, width=360)
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("""
        () => Object.fromEntries(["navigation", "resource"].flatMap((kind) =>
            performance.getEntriesByType(kind).map((got) => [got.name, got.decodedBodySize])))
    """)
    sizes = {url: size for url, size in sizes.items() if "/search/search_index" not in url}
    assert MOST_BYTES >= sum(sizes.values()) > 100_000, sizes
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    # What is too wide scrolls by itself and hides nothing behind the edge of the screen.
    hidden = page.evaluate("""
        () => [...document.querySelectorAll("article *")].filter((element) => {
            if (element.getBoundingClientRect().right <= 361) return false;
            if (element.getBoundingClientRect().width === 0) return false;
            for (let above = element; above; above = above.parentElement) {
                const style = getComputedStyle(above);
                if (["auto", "scroll"].includes(style.overflowX)) return false;
                if (style.position === "absolute" && style.overflow === "hidden") return false;
            }
            return !element.closest("svg, math");
        }).map((element) => element.outerHTML.slice(0, 120))
    """)
    assert hidden == []


@pytest.mark.parametrize("path", ALL)
def test_a_page_opens_from_a_folder_without_scripts(opened, site, path):
    page = opened((site / path).as_uri(), java_script_enabled=False)
    assert page.locator("article h1").is_visible()
    assert page.locator("article").inner_text().count("\n") > 5
    assert page.locator("article .arithmatex").count() == 0  # each formula is MathML
    shown = "article math:not(details *, [hidden] *)"
    assert all(formula.is_visible() for formula in page.locator(shown).all()[:20])


@pytest.mark.parametrize("path", ["index.html", "playground.html", "explanation/units.html"])
@pytest.mark.parametrize("language", ["", "ja/"])
def test_a_page_opens_from_a_folder_with_scripts(opened, site, path, language):
    page = opened((site / language / path).as_uri())
    page.wait_for_load_state("networkidle")
    assert page.locator("article h1").is_visible()


@pytest.mark.parametrize("path", ["index.html", "explanation/units.html", "notebooks/alice.html"])
def test_the_choice_of_language_stays_at_the_place(opened, address, path):
    page = opened(address + path + "#there")
    page.locator(".languages a").click()
    assert page.url == address + "ja/" + path + "#there"
    assert page.locator("html").get_attribute("lang") == "ja"
    page.locator(".languages a").click()
    assert page.url == address + path + "#there"


@pytest.mark.parametrize("path", ALL)
def test_the_choice_of_language_leads_to_the_same_page(site, path):
    choice = re.search(
        r'<nav [^>]*class="[^"]*\blanguages\b.*?</nav>',
        (site / path).read_text(encoding="utf-8"),
        re.S,
    )
    links = {urljoin(path, link) for link in Anchors(choice[0]).links}
    assert links == {path.removeprefix("ja/") if path.startswith("ja/") else f"ja/{path}"}


def look_up(page, query):
    """Types into the search, which listens to keys."""
    field = page.locator("input[name=query]")
    field.fill(query)
    field.press("End")


@pytest.mark.parametrize(
    ("language", "query"),
    [("", "hidden state"), ("ja/", "隠れ状態"), ("ja/", "勾配消失"), ("ja/", "SimpleRNN")],
)
@pytest.mark.parametrize("where", ["served", "folder"])
def test_the_search_finds(opened, address, site, language, query, where):
    start = address if where == "served" else site.as_uri() + "/"
    page = opened(start + language + "index.html")
    look_up(page, query)
    first = page.locator(".md-search-result__item").first
    first.wait_for(timeout=60_000)
    assert query.split()[0] in page.locator(".md-search-result__list").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_search_finds_each_term_of_the_glossary(opened, address, language):
    start = address + ("" if language == FIRST else f"{language}/")
    page = opened(start + "index.html")
    first = page.locator(".md-search-result__item").first
    for term in [term[language] for group in glossary.groups() for term in group["terms"]]:
        look_up(page, term)
        first.wait_for()
        look_up(page, "")
        first.wait_for(state="detached")


class Anchors(HTMLParser):
    """The ids of a page, and where its links and pictures lead."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        wanted = {"a": "href", "img": "src", "iframe": "src", "link": "href", "script": "src"}
        if tag in wanted and attributes.get(wanted[tag]):
            self.links.append(attributes[wanted[tag]])


@pytest.fixture(scope="session")
def anchors(site):
    return {
        page.relative_to(site).as_posix(): Anchors(page.read_text(encoding="utf-8"))
        for page in site.rglob("*.html")
    }


@pytest.mark.parametrize("path", ALL)
def test_no_link_is_broken(anchors, site, path):
    broken = []
    for link in anchors[path].links:
        target, anchor = urldefrag(urljoin(path, link))
        if target.startswith(("http:", "https:", "data:", "mailto:")):
            continue
        target, anchor = unquote(target), unquote(anchor)
        is_there = (site / target).is_file()
        # A place within the playground is a setting, not an anchor.
        if not is_there or (anchor and "=" not in anchor and anchor not in anchors[target].ids):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("path", ALL)
def test_no_id_is_there_twice(anchors, path):
    ids = anchors[path].ids
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


def test_the_font_has_all_that_the_formulae_use(site):
    font = ttLib.TTFont(site / "assets" / "fonts" / "stix-two-math.woff2").getBestCmap()
    used = set()
    for page in site.rglob("*.html"):
        for formula in re.findall("<math.*?</math>", page.read_text(encoding="utf-8"), re.DOTALL):
            used.update(unescape(re.sub("<[^>]+>", "", formula)))
    letters = {one for one in used if one.isalpha() and not is_japanese(one)}
    assert len(letters) > 30
    elsewhere = set("˜∗𝖳")  # in the fonts of any system
    assert {one for one in used if ord(one) not in font and not is_japanese(one)} <= elsewhere
    # A single letter is set in italics.
    assert {one for one in letters if italic(one) not in font} <= elsewhere


def is_japanese(character):
    return "\u3040" <= character <= "\u9fff"


def italic(letter):
    """The code of its mathematical italic; h has its own place, as the Planck constant."""
    kind = "CAPITAL" if letter.isupper() else "SMALL"
    name = letter if letter.isascii() else unicodedata.name(letter).split()[-1]
    try:
        return ord(unicodedata.lookup(f"MATHEMATICAL ITALIC {kind} {name.upper()}"))
    except KeyError:
        return ord("ℎ") if letter == "h" else ord(letter)


def test_both_languages_have_the_same_pages_in_the_same_order():
    assert pages("mkdocs.ja.yml") == ENGLISH
    for language in ("en", "ja"):
        folder = ROOT / "docs" / language
        there = {page.relative_to(folder).as_posix() for page in folder.rglob("*.md")}
        assert there == {page.removesuffix(".html") + ".md" for page in ENGLISH}
