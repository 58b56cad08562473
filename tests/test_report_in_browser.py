"""The page as its readers meet it: in a browser, by mouse and by keyboard."""

import json
import re

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, figures, unfold
from keras_rnn_explained.figures.wording import decimals
from keras_rnn_explained.report import explain
from tests import hostile
from tests.accessibility import violations

# Only so many layers of a model have a section of their own.
FOURS = [hostile.TEXTS[start : start + 4] for start in range(0, len(hostile.TEXTS), 4)]
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


@pytest.mark.slow
@pytest.mark.parametrize("texts", FOURS, ids=range(len(FOURS)))
def test_what_users_name_stays_text(opened, tmp_path, texts):
    # Keras takes "/" for a path, and can't have half a surrogate pair in a name.
    names = [text.replace("/", "\u2215").replace("\ud800", "") for text in texts]
    layers = [ExplainedRNN(2, name=name, return_sequences=True) for name in names]
    model = keras.Sequential([keras.Input((4, 2)), *layers], name=names[0])
    x = np.ones((1, 4, 2), "float32")
    title = " ".join(texts)
    page = opened(explain(model, x, x, tmp_path / "a.html", loss="mse", title=title))
    assert page.evaluate("window.hacked") is None
    assert page.locator("h1").text_content() == shown_as(title)
    assert page.title().split() == re.sub("[\u2028\u2029]", " ", shown_as(title)).split()
    assert page.locator("tr.marked th").all_text_contents() == [*map(shown_as, names)]
    for name, section in zip(names, page.locator("section.layer").all(), strict=True):
        assert shown_as(name) in section.locator("h2").text_content()
        assert section.locator(".explorer").is_visible()
        assert section.locator("[data-said]").text_content()
    foreign = (
        "iframe, img, object, embed, form, base, link, foreignObject, animate, set, h1 *, h2 *"
    )
    assert page.locator(foreign).count() == 0
    assert page.locator("script").count() == 1 + len(names)
    assert page.locator("style").count() == 1


def shown_as(text):
    """A text on a page: what can't be shown, and what would turn letters round, is replaced."""
    return re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800\ufffe\uffff\u202a-\u202e\u2066-\u2069]", "�", text
    )


@pytest.mark.parametrize("texts", FOURS, ids=range(len(FOURS)))
def test_what_users_name_stays_text_in_a_figure(opened, tmp_path, texts):
    title, path = "\u3000".join(texts), tmp_path / "a.svg"
    u = unfold(ExplainedRNN(2, name="rnn"), np.ones((1, 3, 2), "float32"))
    figures.unfolded_window(u, title=title, path=path)
    page = opened(path)
    assert page.evaluate("window.hacked") is None
    assert page.locator("svg > title").text_content().split() == shown_as(title).split()
    kinds = page.evaluate("[...new Set([...document.querySelectorAll('*')].map(e => e.localName))]")
    assert set(kinds) <= {"svg", "title", "style", "defs", "g", "path", "text", "use", "clipPath"}
    assert page.locator("style").count() == 1


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
