"""Both languages have the same pages, and one thing has one name on all of them.

What the names are is in `docs/glossary.yml`.
"""

import io
import re
import textwrap
import tokenize
from collections import Counter
from functools import cache
from typing import NamedTuple

import pytest

from docs_build import ROOT
from docs_build.on_pages import glossary

LANGUAGES = ("en", "ja")
DOCS = ROOT / "docs"
PAGES = {
    language: sorted(
        path.relative_to(DOCS / language).as_posix() for path in (DOCS / language).rglob("*.md")
    )
    for language in LANGUAGES
}
BOTH = sorted({*PAGES["en"], *PAGES["ja"]})

FRONT_MATTER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
FENCE = re.compile(
    r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<info>[^\n]*)\n(?P<code>.*?)^ *(?P=marks) *$",
    re.DOTALL | re.MULTILINE,
)
HEADING = re.compile(r"^(?P<level>#{1,6}) (?P<text>.*?)(?: *\{(?P<attributes>[^}]*)\})? *$", re.M)
CALL = re.compile(r"\{\{-?\s*([a-z_]\w*(?:\.\w+)*)|^(::: \S+)", re.MULTILINE)
FORMULA = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
MODULES = re.compile(r"^modules:.*(?:\n[ -].*)*", re.MULTILINE)
JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
KATAKANA = r"[\u30a1-\u30fa\u30fc]"

# Not prose: mentions of a word, titles of papers, code, formulae, addresses.
APART = [
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"<(?:script|style|svg|math)\b.*?</(?:script|style|svg|math)>", re.DOTALL),
    re.compile(r"(?P<marks>`+)(?!`).+?(?<!`)(?P=marks)(?!`)", re.DOTALL),
    re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL),
    re.compile(r"\[[^\]]*\]\(https?:[^)]*\)"),  # what is linked to has a title of its own
    re.compile(r"\]\([^)]*\)|\{[#.:][^}]*\}|https?://\S+"),
    re.compile(r"<[a-zA-Z/][^>]*>"),
]
MENTIONED = [
    re.compile(r"(?<!\*)\*(?![* ])[^*\n]+\*(?!\*)|(?<!\w)_[^_\n]+_(?!\w)"),
    re.compile(r'"[^"]{1,200}"|“[^”]{1,200}”|「[^」]{1,100}」|『[^』]{1,200}』', re.DOTALL),
]
MACRO = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
TEXT_IN_MACRO = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")


class Page(NamedTuple):
    """The parts of a page that both languages share."""

    front: str
    headings: list[tuple[str, str | None]]
    fences: list[tuple[str, str]]
    calls: Counter
    formulae: list[str]
    prose: str


@cache
def read(language, name):
    text = (DOCS / language / name).read_text(encoding="utf-8")
    front = FRONT_MATTER.match(text)
    text = FRONT_MATTER.sub("", text)
    fences = [(found["info"].strip(), found["code"]) for found in FENCE.finditer(text)]
    bare = FENCE.sub("\n", text)
    return Page(
        front[1] if front else "",
        [(found["level"], id_in(found["attributes"])) for found in HEADING.finditer(bare)],
        fences,
        Counter(macro or reference for macro, reference in CALL.findall(bare)),
        FORMULA.findall(bare),
        bare,
    )


def id_in(attributes):
    found = re.search(r"#([\w-]+)", attributes or "")
    return found[1] if found else None


def is_empty(page):
    """A page that is yet to be written has but its title."""
    return not HEADING.sub("", page.prose).strip() and not page.fences


def prose_of(text):
    """What is written in sentences: with the texts of macros, without what is not prose."""
    given = [
        one or other for found in MACRO.findall(text) for one, other in TEXT_IN_MACRO.findall(found)
    ]
    text = MACRO.sub(" ", text)
    for pattern in (*APART, *MENTIONED):
        text = pattern.sub(" ", text)
    # A text that is an argument is prose where it is a sentence.
    for one in given:
        if " " in one or JAPANESE.search(one):
            for pattern in APART:
                one = pattern.sub(" ", one)
            text += "\n" + one
    return text


@cache
def banned(language):
    """Words that no page has, each with the word for it."""
    return {
        word: term[language]
        for group in glossary.groups()
        for term in group["terms"]
        for key in ("not", "never")
        for word in term.get(key, {}).get(language, ())
    }


def pattern_of(word):
    """A word on its own, and not as a part of a longer one."""
    quoted = re.escape(word).replace(r"\ ", r"\s+")
    if re.fullmatch(rf"{KATAKANA}+", word):
        return re.compile(rf"(?<!{KATAKANA}){quoted}(?!{KATAKANA})")
    if JAPANESE.search(word):
        return re.compile(quoted)
    return re.compile(rf"(?<![\w-]){quoted}(?![\w-])", re.IGNORECASE)


def words_in(language, prose):
    return [
        f"{found[0]!r} for {word!r}: …{prose[max(0, found.start() - 30) : found.end() + 20]!r}…"
        for other, word in banned(language).items()
        for found in pattern_of(other).finditer(prose)
    ]


# Pages


def test_each_page_exists_in_both_languages():
    assert PAGES["en"] == PAGES["ja"]


@pytest.mark.parametrize("name", BOTH)
def test_a_page_is_written_in_both_languages_or_in_none(name):
    assert is_empty(read("en", name)) == is_empty(read("ja", name))


@pytest.mark.parametrize("name", BOTH)
def test_headings_have_the_same_ids_in_both_languages(name):
    english, japanese = (read(language, name) for language in LANGUAGES)
    if is_empty(english) and is_empty(japanese):
        return
    assert english.headings == japanese.headings
    ids = [id for _, id in english.headings]
    assert None not in ids, "a heading without an id, {#like-this}"
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", BOTH)
def test_code_is_the_same_in_both_languages(name):
    english, japanese = (read(language, name) for language in LANGUAGES)
    assert [info_of(info) for info, _ in english.fences] == [
        info_of(info) for info, _ in japanese.fences
    ]
    for (info, one), (_, other) in zip(english.fences, japanese.fences, strict=True):
        assert differences(info, one, other) == []


@pytest.mark.parametrize("name", BOTH)
def test_macros_formulae_and_modules_are_the_same_in_both_languages(name):
    english, japanese = (read(language, name) for language in LANGUAGES)
    assert english.calls == japanese.calls
    assert [*map(formula_of, english.formulae)] == [*map(formula_of, japanese.formulae)]
    assert MODULES.findall(english.front) == MODULES.findall(japanese.front)


def info_of(info):
    """What a fence says of its code, without its title."""
    return re.sub(r'\s*title="[^"]*"', "", info)


def formula_of(latex):
    """Without the words in it."""
    return "".join(re.sub(r"\\text\{[^}]*\}", r"\\text{}", latex).split())


def differences(info, one, other):
    """Where two pieces of code differ in more than comments and texts that are of a language."""
    if info.startswith("python"):
        pairs = zip(tokens(one), tokens(other), strict=False)
        found = [(a, b) for a, b in pairs if a != b and not (is_text(a, b))]
        counts = [len(tokens(code)) for code in (one, other)]
        return found or ([tuple(counts)] if counts[0] != counts[1] else [])
    if info.startswith(("bash", "console", "sh")):
        lines = [[*map(command_of, code.splitlines())] for code in (one, other)]
        return [pair for pair in zip(*lines, strict=False) if pair[0] != pair[1]]
    return [] if one.count("\n") == other.count("\n") else [(one, other)]


def tokens(code):
    code = re.sub(r"\{[{%].*?[}%]\}", "0", textwrap.dedent(code), flags=re.DOTALL)
    code = re.sub(r'(, language=)?"(en|ja)"(?=\))', "", code)  # English is the default
    left_out = (tokenize.COMMENT, tokenize.NL)
    return [
        (token.type, "" if token.type in (tokenize.INDENT, tokenize.NEWLINE) else token.string)
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
        if token.type not in left_out
    ]


def is_text(one, other):
    """Whether two tokens are strings, the second one in Japanese or the name of the language."""
    strings = {getattr(tokenize, name, None) for name in ("STRING", "FSTRING_MIDDLE")}
    if not {one[0], other[0]} <= strings:
        return False
    return (
        bool(JAPANESE.search(other[1])) or (one[1].strip("'\""), other[1].strip("'\"")) == LANGUAGES
    )


def command_of(line):
    """Without its comment and the language that it asks for."""
    return " ".join(re.sub(r"--language \w+", "", re.sub(r"(^|\s)#.*", "", line)).split())


# Words


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_uses_the_words_of_the_glossary(language, name):
    assert words_in(language, prose_of(read(language, name).prose)) == []


@pytest.mark.parametrize("name", PAGES["ja"])
def test_parentheses_and_digits_in_japanese_are_narrow(name):
    assert re.findall(r".{0,20}[（）０-９].{0,20}", prose_of(read("ja", name).prose)) == []


@pytest.mark.parametrize(
    "file",
    [*sorted((ROOT / "docs_build").rglob("*.py")), DOCS / "errors.yml"],
    ids=lambda file: file.name,
)
def test_japanese_texts_beside_the_pages_use_the_words_of_the_glossary(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if JAPANESE.search(line))
    for pattern in APART:
        text = pattern.sub(" ", text)
    assert words_in("ja", text) == []


# The glossary


def test_each_term_of_the_glossary_is_there_in_both_languages():
    terms = [term for group in glossary.groups() for term in group["terms"]]
    for term in terms:
        assert set(term) <= {"id", "en", "ja", "symbol", "meaning", "not", "never"}, term["id"]
        assert term["meaning"].keys() == {"en", "ja"}
        assert term["meaning"]["en"].endswith(".")
        assert term["meaning"]["ja"].endswith("。")
        for language in LANGUAGES:
            assert words_in(language, prose_of(term["meaning"][language])) == [], term["id"]
    for key in ("id", "en", "ja"):
        assert max(Counter(term[key] for term in terms).values()) == 1
    for language in LANGUAGES:
        names = {term[language] for term in terms}
        assert not names & banned(language).keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_glossary_page_has_all_groups(language):
    page = (DOCS / language / "reference" / "glossary.md").read_text(encoding="utf-8")
    shown = re.findall(r'glossary\.terms\("(\w+)"\)', page)
    assert shown == [group["id"] for group in glossary.groups()]
    for group in glossary.groups():
        made = glossary.terms(language, group["id"])
        for term in group["terms"]:
            assert f'id="{term["id"]}"' in made
            assert term["meaning"][language] in made


# The tests' own tools


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "Each timestep counts.", 1),
        ("en", "Each Time-Step, unrolled", 2),
        (
            "en",
            "`unroll` and `timesteps` are arguments, *unrolling* a word, $timestep$ a formula.",
            0,
        ),
        ("en", 'P. J. Werbos, "Backpropagation Through Time", 1990', 0),
        ("en", "[Backpropagation](https://example.org/backprop) and [unfolding](unroll.md)", 0),
        ("en", '{{ drawings.shown("cell", name="One timestep of a cell") }}', 1),
        ("en", "back-propagation and a per-time-step loss", 0),
        ("ja", "逆伝搬と時間ステップ", 2),
        ("ja", "クロスエントロピーとロス", 1),
        ("ja", "「アンロール」とも呼ばれます。学習の1ステップ", 0),
    ],
)
def test_words_are_found_in_prose_alone(language, text, count):
    assert len(words_in(language, prose_of(text))) == count


@pytest.mark.parametrize(
    ("info", "one", "other", "same"),
    [
        ("python", "x = 1  # one\n", "x = 1  # 一\n", True),
        ("python", 'print("a")\n', 'print("あ")\n', True),
        ("python", 'f("en")\n', 'f("ja")\n', True),
        ("python", 'print(f"{x} a")\n', 'print(f"{x} あ")\n', True),
        ("python", "f(x)\n", 'f(x, language="ja")\n', True),
        ("python", "f()\n", 'f("ja")\n', True),
        ("python", 'f("a")\n', 'f("b")\n', False),
        ("python", "x = 1\n", "x = 2\n", False),
        ("python", "x = 1\n", "x = 1\ny = 2\n", False),
        ("bash", "demo   # see\n", "demo --language ja # 見る\n", True),
        ("bash", "demo\n", "verify\n", False),
    ],
)
def test_code_differs_in_more_than_what_is_of_a_language(info, one, other, same):
    assert (differences(info, one, other) == []) is same
