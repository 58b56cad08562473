"""The exercises: what the page asks for is what the layer computes, and its fields know it."""

import json
import re
import textwrap
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from tests.accessibility import violations

exercises = pytest.importorskip("docs_build.on_pages.exercises")

ROOT = Path(__file__).parent.parent
LANGUAGES = ["en", "ja"]
PART = re.compile(
    r'\{\{ exercises\.answer\(\s*"(?P<name>[^"]+)"'
    r"|^(?P<indent> *)```python[^\n]*\n(?P<code>.*?)^(?P=indent)```",
    re.DOTALL | re.MULTILINE,
)
SAID = {
    "en": {
        "right": "Right",
        "wrong": "Not yet",
        "empty": "Type a number",
        "letters": "is not a number",
        "large": "larger than any number",
        "count": "3 numbers are asked for, and 2 were given",
        "comma": "Write thousands without a comma",
    },
    "ja": {
        "right": "正解です",
        "wrong": "まだ違います",
        "empty": "数値を入力してください",
        "letters": "数値ではありません",
        "large": "大きすぎて",
        "count": "答えは3個の数値ですが、入力されたのは2個です",
        "comma": "コンマは付けないでください",
    },
}


def parts(language):
    """The names of the fields and the snippets of a page, in order."""
    page = (ROOT / "docs" / language / "exercises.md").read_text(encoding="utf-8")
    for found in PART.finditer(page):
        if found["name"]:
            yield "field", found["name"]
        else:
            yield "code", textwrap.dedent(found["code"])


def file(language):
    return ("" if language == "en" else f"{language}/") + "exercises.html"


def typed(name):
    return ", ".join(str(value) for value in exercises.ANSWERS[name].values)


@pytest.fixture
def opened(browser, site):
    """Opens the exercises; at the end of a test nothing may have been complained of."""
    complaints, contexts = [], []

    def open_(language="en", scheme="light", width=1280, **options):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((site / file(language)).as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def answered(page, name, text):
    """What is said once a text was typed into a field and Enter was pressed."""
    field = page.locator(f"#answer-{name}")
    field.fill(text)
    field.press("Enter")
    return page.locator(f"#said-{name}").inner_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answers_are_what_the_code_of_the_page_computes(language):
    names, waiting, checked = {}, [], []
    for kind, part in parts(language):
        if kind == "field":
            waiting.append(part)
            continue
        names.pop("answer", None)
        exec(compile(part, f"exercises in {language}", "exec"), names)
        if "answer" in names:
            name = waiting.pop(0)
            expected = exercises.ANSWERS[name].values
            np.testing.assert_allclose(np.ravel(names["answer"]), expected, rtol=1e-5)
            checked.append(name)
    assert waiting == []
    assert checked == list(exercises.ANSWERS)


@pytest.mark.parametrize("name", exercises.ANSWERS)
def test_no_slip_is_right_or_is_another_slip(name):
    asked = exercises.ANSWERS[name]
    all_values = [tuple(map(float, one)) for one in (asked.values, *asked.slips.values())]
    for number, one in enumerate(all_values):
        for other in all_values[:number]:
            # `check.js` takes a slip as typed if it is this near.
            assert len(one) != len(other) or np.abs(np.subtract(one, other)).max() > 0.01


def test_what_is_said_is_of_the_answers_slips():
    with pytest.raises(KeyError, match="slips"):
        exercises.answer("en", "units", label="", hint="", time="")


@pytest.mark.parametrize("language", LANGUAGES)
def test_right_answers_are_accepted(opened, language):
    page = opened(language)
    assert page.locator("form.answer:visible").count() == len(exercises.ANSWERS)
    for name in exercises.ANSWERS:
        assert SAID[language]["right"] in answered(page, name, typed(name))
        assert page.locator(f"#answer-{name}").get_attribute("aria-invalid") == "false"


@pytest.mark.parametrize("language", LANGUAGES)
def test_slips_are_told_what_went_wrong(opened, language):
    page = opened(language)
    for name, asked in exercises.ANSWERS.items():
        said = {
            answered(page, name, ", ".join(f"{value:.3f}" for value in values))
            for values in asked.slips.values()
        }
        assert len(said) == len(asked.slips)
        assert not any(SAID[language][kind] in one for one in said for kind in ("right", "wrong"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("units", "33", "wrong"),
        ("units", "32.001", "wrong"),
        ("units", "", "empty"),
        ("units", "  ,", "empty"),
        ("units", "many", "letters"),
        ("units", "0x20", "letters"),
        ("units", "Infinity", "letters"),
        ("units", "1e309", "large"),
        ("units", "-1e309", "large"),
        ("count", "1,376", "comma"),
        ("forward", "1, 3", "count"),
        ("forward", "4, 3, 1", "wrong"),
        ("factor-with-tanh", "0.22", "wrong"),
        ("units", "32", "right"),
        ("units", " 32.0 ", "right"),
        ("units", "３２", "right"),  # as a Japanese keyboard writes it
        ("output-shape", "(4, 20, 8)", "right"),
        ("output-shape", "4、20、8", "right"),
        ("truncated-gradient", "−2", "right"),
        ("factor-with-tanh", "0.21", "right"),
        ("factor-with-tanh", ".214", "right"),
    ],
)
def test_each_text_gets_its_reply(opened, language, name, text, kind):
    page = opened(language)
    assert SAID[language][kind] in answered(page, name, text)
    assert page.locator(f"#answer-{name}").input_value() == text
    invalid = page.locator(f"#answer-{name}").get_attribute("aria-invalid")
    assert invalid == ("false" if kind == "right" else "true")


def test_what_was_typed_lives_through_a_reload_and_into_the_other_language(opened):
    page = opened()
    answered(page, "units", "32")
    answered(page, "count", "352")
    page.locator("#answer-forward").fill("1, 3,")
    page.reload()
    page.locator("form.answer:visible").first.wait_for()
    assert "Right" in page.locator("#said-units").inner_text()
    assert "dense layer" in page.locator("#said-count").inner_text()
    assert page.locator("#answer-forward").input_value() == "1, 3,"
    assert page.locator("#said-forward").inner_text() == ""
    page.locator(".languages a").click()
    page.locator("form.answer:visible").first.wait_for()
    assert page.locator("#answer-units").input_value() == "32"
    assert "正解" in page.locator("#said-units").inner_text()


def test_typing_on_takes_the_reply_back(opened):
    page = opened()
    answered(page, "units", "5")
    page.locator("#answer-units").press("Backspace")
    assert page.locator("#said-units").inner_text() == ""
    assert page.locator("#answer-units").get_attribute("aria-invalid") is None


def test_the_button_checks_too(opened):
    page = opened(width=360, has_touch=True)
    page.locator("#answer-units").fill("32")
    page.locator("form[data-name=units] button").tap()
    assert "Right" in page.locator("#said-units").inner_text()


def test_without_storage_the_fields_work(opened):
    page = opened()
    page.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() {throw 1;}})")
    page.reload()
    assert "Right" in answered(page, "units", "32")


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_scripts_there_are_the_answers(opened, language):
    page = opened(language, java_script_enabled=False)
    assert page.locator("form.answer:visible").count() == 0
    assert page.locator("noscript").first.inner_text()
    answers = page.locator("details.success")
    assert answers.count() == 12
    answers.first.locator("summary").click()
    assert answers.first.locator("pre").first.is_visible()
    assert "32" in answers.first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_no_violation(opened, language, scheme):
    page = opened(language, scheme)
    for name, text in [("units", "32"), ("count", "352"), ("copies", "1e309")]:
        answered(page, name, text)
    for answer in page.locator("details.success").all():
        answer.locator("summary").click()
    assert violations(page) == []


def test_what_is_said_may_hold_any_character():
    said = 'A "quoted" & <marked> text'
    html = exercises.answer("en", "truncated-forward", label="", hint="", cut=said)
    slips = re.search(r'data-slips="([^"]*)"', html)[1]
    assert json.loads(unescape(slips)) == [[[-2.0], said]]
