"""The page as its readers meet it: in a browser, by mouse and by keyboard."""

import json
import re

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, unfold
from keras_rnn_explained.figures.wording import decimals
from keras_rnn_explained.report import explain
from tests.accessibility import violations

HOSTILE = [
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "<!--<script>",
    "-->",
    "\"><img src=x onerror='window.hacked=1'>",
    "'><svg onload=window.hacked=1>",
    "javascript:window.hacked=1",
    "</title><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "</style><style>body{display:none}</style>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "{time} {0.__class__} {step}",
    "a\u2028b\u2029c\x00\x1b\ud800",
    "$x^2$ \\u003cb\\u003e &lt;b&gt; &amp;",
]
X = np.random.default_rng(0).normal(size=(3, 12, 2)).astype("float32")
Y = np.random.default_rng(1).normal(size=(3, 1)).astype("float32")


def network(name="rnn", **options):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((12, 2)), ExplainedRNN(3, name=name, **options), keras.layers.Dense(1)]
    )


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def pages(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {
        language: explain(model, X, Y, folder / f"{language}.html", loss="mse", language=language)
        for language in ("en", "ja")
    }


@pytest.fixture
def opened(browser):
    """Opens a page; at the end of a test nothing may have been complained of, or asked for."""
    complaints, requests, contexts = [], [], []

    def open_(path, scheme="light", width=1280, **options):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 800}, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in requests if url.startswith("file:")]) == len(contexts)


def shown(page, unit=0):
    """The numbers of a unit in the table, and those of the equation."""
    row = page.locator(f'[data-unit="{unit}"] td').all_text_contents()
    return row, page.locator("[data-equation]").all_text_contents()


def expected(model, step, sample=0, unit=0):
    u = unfold(model, X)
    at = sample, step, unit
    return [
        decimals(number)
        for number in (
            u.input_projection[at],
            u.recurrent_projection[at],
            u.bias[unit],
            u.pre_activation[at],
            u.state[at],
        )
    ]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_keys_move_through_time(opened, pages, model, language):
    page = opened(pages[language])
    slider = page.locator("input[type=range]")
    slider.focus()
    for key, step in [
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowUp", 2),
        ("ArrowLeft", 1),
        ("End", 11),
    ]:
        page.keyboard.press(key)
        assert shown(page) == (expected(model, step), expected(model, step))
        assert str(step + 1) in slider.get_attribute("aria-valuetext")
        said = page.locator("[data-said]").text_content()
        assert all(number in said for number in expected(model, step))
        x = page.locator("[data-x]").text_content().split()
        assert x == [decimals(number) for number in X[0, step]]


def test_the_mouse_moves_through_time(opened, pages, model):
    page = opened(pages["en"])
    slider = page.locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    assert shown(page)[0] == expected(model, 0)
    page.get_by_role("button", name="Later").click()
    assert shown(page)[0] == expected(model, 1)
    page.get_by_role("button", name="Earlier").click()
    assert shown(page)[0] == expected(model, 0)


def test_a_touch_moves_through_time(opened, pages, model):
    page = opened(pages["en"], width=360, has_touch=True)
    slider = page.locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.touchscreen.tap(box["x"] + 4, box["y"] + box["height"] / 2)
    assert shown(page)[0] == expected(model, 0)


def test_sample_and_unit_can_be_chosen_by_keyboard(opened, pages, model):
    page = opened(pages["en"])
    page.get_by_label("Sample", exact=True).select_option("2")
    assert shown(page)[1] == expected(model, 11, sample=2)
    page.locator("input[type=radio]").first.focus()
    page.keyboard.press("ArrowDown")
    assert shown(page)[1] == expected(model, 11, sample=2, unit=1)
    assert page.locator("[data-map]:visible").count() == 1


def test_a_click_into_the_heat_map_goes_to_that_time_step(opened, pages, model):
    page = opened(pages["en"])
    picture = page.locator("[data-map]:visible svg")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    frame = json.loads(page.locator(".explorer script").text_content())["frames"][0]
    scale = box["width"] / float(picture.get_attribute("viewBox").split()[2])
    column = (frame["right"] - frame["left"]) / 12
    x = frame["left"] + 4.5 * column  # the middle of time step 5
    y = (frame["top"] + frame["bottom"]) / 2
    page.mouse.click(box["x"] + x * scale, box["y"] + y * scale)
    assert shown(page)[0] == expected(model, 4)
    line = page.locator("[data-map]:visible line.now")
    assert float(line.get_attribute("x1")) == pytest.approx(x, abs=0.5)


def test_the_page_is_light_or_dark_as_its_reader_likes(opened, pages):
    grounds = [
        opened(pages["en"], scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(255, 255, 255)", "rgb(24, 24, 24)"]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_is_wider_than_the_window(opened, pages, language, width):
    page = opened(pages[language], width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_axe_finds_no_violation(opened, pages, language, scheme):
    page = opened(pages[language], scheme)
    assert violations(page) == []


def test_without_scripts_there_are_the_first_and_the_last_time_step(opened, pages, model):
    page = opened(pages["en"], java_script_enabled=False)
    assert page.locator(".explorer").is_hidden()
    for table, step in [(0, 0), (1, 11)]:
        row = page.locator(".static table").nth(table).locator("tbody tr").first
        assert row.locator("td").all_text_contents() == expected(model, step)
    assert page.locator("[data-map]:visible svg").is_visible()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_users_name_stays_text(opened, tmp_path, text):
    # Keras takes "/" for a path, and can't have half a surrogate pair in a name.
    name = text.replace("/", "\u2215").replace("\ud800", "")
    model = network(name)
    page = opened(explain(model, X[:1], Y[:1], tmp_path / "a.html", loss="mse", title=text))
    assert page.evaluate("window.hacked") is None
    as_shown = re.sub("[\x00\x1b\ud800]", "�", text)
    assert page.locator("h1").text_content() == as_shown
    assert page.locator("tr.marked th").text_content() == re.sub("[\x00\x1b\ud800]", "�", name)
    assert page.locator("iframe, img, h1 *").count() == 0
    assert page.locator(".explorer").is_visible()
    assert page.locator("[data-said]").text_content()


def test_nan_and_infinity_are_shown_as_such(opened, tmp_path):
    x = X.copy()
    x[0, 3, 0], x[1, 2, 1] = np.nan, np.inf
    page = opened(explain(network(), x, Y, tmp_path / "a.html", loss="mse"))
    slider = page.locator("input[type=range]")
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("[data-x]").text_content().split() == ["nan", decimals(X[0, 3, 1])]
    assert shown(page)[0][-1] == "nan"
    page.get_by_label("Sample", exact=True).select_option("1")
    page.keyboard.press("Tab")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    assert "inf" in page.locator("[data-x]").text_content()
