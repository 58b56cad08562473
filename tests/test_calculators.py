"""The calculators in the pages, as their readers meet them, beside Keras itself."""

import itertools
import re
from urllib.parse import parse_qs

import keras
import pytest

from tests.accessibility import violations

pytestmark = [
    pytest.mark.slow,
]
PAGES = {
    (language, name): f"{folder}explanation/{name}.html"
    for language, folder in (("en", ""), ("ja", "ja/"))
    for name in ("units", "shapes")
}
SIZES = (1, 2, 7, 32, 1000)
each_language = pytest.mark.parametrize("language", ["en", "ja"])
each_page = pytest.mark.parametrize("page", ["units", "shapes"])
INVALID = {
    "": ("Type a whole number", "1以上の整数を入力"),
    "abc": ("“abc” is no number", "「abc」は数値ではありません"),
    "-3": ("-3 is too small", "-3 は小さすぎます"),
    "−3": ("-3 is too small", "-3 は小さすぎます"),
    "0": ("0 is too small", "0 は小さすぎます"),
    "2.5": ("2.5 is no whole number", "2.5 は整数ではありません"),
    "1e309": ("1e309 is too large", "1e309 は大きすぎます"),
    "1000001": ("1000001 is too large", "1000001 は大きすぎます"),
    "NaN": ("“NaN” is no number", "「NaN」は数値ではありません"),
    "0x10": ("“0x10” is no number", "「0x10」は数値ではありません"),
    "1 2": ("“1 2” is no number", "「1 2」は数値ではありません"),
    "<img src=x onerror=alert(1)>": (
        "“<img src=x onerror=alert…” is",
        "「<img src=x onerror=alert…」は",
    ),
}


@pytest.fixture
def opened(browser, site):
    """Opens a page; at the end of a test nothing may have been complained of."""
    complaints, contexts = [], []

    def open_(language, name, settings="", scheme="light", width=1280, **options):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((site / PAGES[language, name]).as_uri() + settings)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def shown(page, name):
    return page.locator(f'[data-shown="{name}"]').first.text_content()


def count(page, name):
    return int(shown(page, name).replace(",", ""))


def set_to(page, **values):
    for name, value in values.items():
        element = page.locator(f"[name={name}]")
        if isinstance(value, bool):
            element.set_checked(value)
        else:
            element.fill(str(value))


@each_language
def test_parameters_are_as_many_as_keras_counts(opened, language):
    page = opened(language, "units")
    for features, units, bias in itertools.product(SIZES, SIZES[:-1], [True, False]):
        layer = keras.layers.SimpleRNN(units, use_bias=bias)
        layer.build((None, None, features))
        set_to(page, features=features, units=units, bias=bias)
        weights = {weight.name: weight for weight in layer.weights}
        assert count(page, "keras") == layer.count_params()
        assert count(page, "kernel") == keras.ops.size(weights["kernel"])
        assert count(page, "recurrent") == keras.ops.size(weights["recurrent_kernel"])
        assert count(page, "bias") == (units if bias else 0)
        assert count(page, "torch") == layer.count_params() + (units if bias else 0)
        assert shown(page, "kernel-shape") == str(weights["kernel"].shape)
        assert shown(page, "torch-kernel-shape") == str(weights["kernel"].shape[::-1])
        for name in ("keras", "torch"):
            left, right = shown(page, f"{name}-formula").replace(",", "").split(" = ")
            assert eval(left.replace("·", "*")) == int(right) == count(page, name)


def shapes_in(code):
    return [eval(line.split("#")[1]) for line in code.splitlines() if "#" in line]


@each_language
def test_shapes_are_those_that_keras_computes(opened, language):
    page = opened(language, "shapes")
    for batch, time, units in itertools.product([1, 8, None], [1, 24, None], [1, 32]):
        for sequences, state in itertools.product([False, True], repeat=2):
            options = {"return_sequences": sequences, "return_state": state}
            layer = keras.layers.SimpleRNN(units, **options)
            expected = layer.compute_output_shape((batch, time, 10))
            set_to(page, batch=batch, time=time, features=10, units=units, **options)
            found = shapes_in(shown(page, "code"))
            assert found == [(batch, time, 10), *(expected if state else [expected])]
            assert bool(shown(page, "second")) == state


@pytest.mark.parametrize("batch", [8, None])
@pytest.mark.parametrize("state", [False, True])
def test_the_code_that_is_shown_runs_and_its_shapes_are_true(opened, batch, state):
    page = opened("en", "shapes")
    set_to(page, batch=batch, return_state=state)
    code = shown(page, "code")
    names = {"keras": keras}
    exec(code, names)
    for line in code.splitlines():
        if "#" in line:
            expression, shape = line.split("#")
            assert eval(expression, names) == eval(shape)


@each_language
@each_page
def test_what_can_not_be_computed_with_is_explained_and_nothing_is_lost(opened, language, page):
    view = opened(language, page)
    result = {"units": "keras-formula", "shapes": "code"}[page]
    field, problem = view.locator("#calculator-units"), view.locator("#calculator-units-problem")
    set_to(view, features=12)
    before = shown(view, result)
    assert "12" in before
    for typed, explained in INVALID.items():
        set_to(view, units=typed)
        assert explained[language == "ja"] in problem.text_content()
        assert problem.is_visible()
        assert field.get_attribute("aria-invalid") == "true"
        assert field.input_value() == typed
        assert view.locator("#calculator-features").input_value() == "12"
        assert shown(view, result) == before
        # The reason stands at the field that it is about, and there alone.
        problems = view.locator(".problem").all_text_contents()
        assert problems.count("") == len(problems) - 1
    view.reload()
    assert field.input_value() == typed
    assert view.locator("#calculator-features").input_value() == "12"
    set_to(view, units=5)
    assert problem.text_content() == ""
    assert field.get_attribute("aria-invalid") == "false"
    assert "5" in shown(view, result)


def test_numbers_are_read_as_people_type_them(opened):
    page = opened("ja", "units")
    for typed in ["３３", " 33 ", "3.3e1", "+33", "33.0"]:
        set_to(page, units=1)
        set_to(page, units=typed)
        assert count(page, "keras") == 33 * (10 + 33 + 1)


def test_none_is_a_size_where_one_may_be_left_open(opened):
    page = opened("en", "shapes")
    set_to(page, batch="none", time="None")
    assert shapes_in(shown(page, "code")) == [(None, None, 10), (None, None, 32)]
    assert "a_T" in shown(page, "first")
    set_to(page, units="None")
    assert "no number" in page.locator("#calculator-units-problem").text_content()


@each_page
def test_a_link_brings_back_what_was_typed_in_either_language(opened, page):
    view = opened("en", page)
    set_to(view, features=7, units=5)
    view.locator("input[type=checkbox]").first.uncheck()
    address = view.url.partition("#")[2]
    assert parse_qs(address.partition("?")[2])["units"] == ["5"]
    result = {"units": "keras", "shapes": "code"}[page]
    for language in ("en", "ja"):
        other = opened(language, page, f"#{address}")
        assert other.locator("#calculator-units").input_value() == "5"
        assert not other.locator("input[type=checkbox]").first.is_checked()
        assert shown(other, result) == shown(view, result)
        assert other.locator("#calculator").evaluate(
            "form => form.getBoundingClientRect().top < innerHeight"
        )
    view.click("a[hreflang=ja]")
    view.wait_for_url("**/ja/**")
    assert view.locator("#calculator-units").input_value() == "5"


def test_an_address_that_changes_is_followed_and_one_that_is_odd_does_no_harm(opened):
    page = opened("en", "units", "#calculator?units=9&nothing=1&features=%")
    assert page.locator("#calculator-units").input_value() == "9"
    assert "“%” is no number" in page.locator("#calculator-features-problem").text_content()
    page.evaluate("location.hash = '#calculator?units=3&features=4'")
    page.wait_for_function("document.querySelector('#calculator-units').value === '3'")
    assert count(page, "keras") == 3 * (4 + 3 + 1)
    page.evaluate("location.hash = '#count'")
    assert page.locator("#calculator-units").input_value() == "3"


@each_page
def test_all_of_it_works_by_keyboard(opened, page):
    view = opened("en", page)
    view.locator("#calculator-features").focus()
    view.keyboard.press("Control+A")
    view.keyboard.type("4")
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.name") == "units"
    view.keyboard.press("Control+A")
    view.keyboard.type("3")
    view.keyboard.press("Enter")  # sends nothing anywhere
    assert view.locator("#calculator-units").input_value() == "3"
    view.keyboard.press("Tab")
    view.keyboard.press("Space")
    if page == "units":
        assert shown(view, "keras-formula") == "3 · (4 + 3) = 21"
    else:
        assert shapes_in(shown(view, "code")) == [(8, 24, 4), (8, 3)]


@each_language
@each_page
def test_without_scripts_there_is_what_the_scripts_would_show(opened, language, page):
    plain, lively = (opened(language, page, java_script_enabled=on) for on in (False, True))
    texts = [
        re.sub(r"\s+", " ", " | ".join(view.locator("[data-shown]").all_text_contents()))
        for view in (plain, lively)
    ]
    assert texts[0] == texts[1]
    assert plain.locator("#calculator").is_hidden()
    assert lively.locator("#calculator").is_visible()
    note = plain.locator("noscript").last
    assert "JavaScript" in note.text_content()


@each_language
@each_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation_with_a_problem_shown(opened, language, page, scheme, width):
    view = opened(language, page, scheme=scheme, width=width)
    set_to(view, units="x")
    assert violations(view, {"include": [["#calculator"], [".computed"]]}) == []
    assert view.evaluate("document.documentElement.scrollWidth") == width
