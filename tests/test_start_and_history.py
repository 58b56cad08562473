"""The page of the demo within the site, and the timeline."""

import re

import pytest

demo = pytest.importorskip("docs_build.demo")
history = pytest.importorskip("docs_build.on_pages.history")


@pytest.mark.parametrize(("language", "folder"), [("en", ""), ("ja", "ja/")])
def test_the_page_of_the_demo_is_within_the_first_steps(browser, site, language, folder):
    assert (site / folder / demo.PAGE).stat().st_size < 500_000
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto((site / folder / "start.html").as_uri())  # as from a folder
    frame = page.frame_locator("iframe.embedded")
    page.locator("details.example summary").click()
    page.locator("iframe.embedded").scroll_into_view_if_needed()
    assert frame.locator("html").get_attribute("lang") == language
    slider = frame.locator("input[type=range]")
    slider.focus()
    before = frame.locator("[data-said]").text_content()
    slider.press("Home")
    assert frame.locator("[data-said]").text_content() != before
    page.locator(f'article a[href="{demo.PAGE}"]').click()
    assert page.url == (site / folder / demo.PAGE).as_uri()
    context.close()


def test_the_demo_on_the_page_is_that_of_the_command():
    from keras_rnn_explained import cli

    command = cli._parser().parse_args(["demo"])
    shown = demo.DATASET, demo.WINDOW, demo.EPOCHS
    assert shown == (command.dataset, command.window, command.epochs)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_timeline_tells_all_events_in_order(language):
    drawing = history.timeline(language, "Timeline")
    years = [int(year) for year in re.findall(r">(\d{4})<", drawing)]
    assert years == sorted({event.year for event in history.EVENTS})
    heights = [float(y) for y in re.findall(r'<circle [^>]*cy="(\d+)"', drawing)]
    assert heights == sorted(set(heights))
    assert len(heights) == len(history.EVENTS)
    assert all(event.names[language] in drawing for event in history.EVENTS)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_timeline_fits_a_phone(browser, language):
    page = browser.new_page()
    page.set_content(history.timeline(language, "Timeline"))
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('text')]"
        ".map((text) => text.getBBox().x + text.getBBox().width))"
    )
    page.close()
    assert widest <= history.WIDTH
