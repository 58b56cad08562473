"""What is drawn at build is what the code on the page computes."""

from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from docs_build import mathematics
from docs_build.on_pages import cells, notation, shapes
from keras_rnn_explained.figures.drawing import fonts
from tests.looks import words
from tests.test_docs import ROOT, blocks

PAGES = ROOT / "docs" / "en" / "explanation"


def after_running(page: Path, until: str):
    """The names of a page's code, run up to the block that has a text in it."""
    names = {}
    for code in takewhile(lambda code: until not in code, blocks(page)):
        exec(code, names)
    return names


def test_the_time_step_by_hand_is_the_one_that_is_drawn():
    names = after_running(PAGES / "cell.md", until="import keras")
    drawn = cells._one_step()
    np.testing.assert_allclose(drawn.kernel, names["kernel"], rtol=1e-6)
    np.testing.assert_allclose(drawn.state[0, 0], names["state"], rtol=1e-6)
    np.testing.assert_array_equal(drawn.state, names["unfolding"].state)


def test_the_chain_that_is_drawn_is_the_layer_of_the_page():
    names = after_running(PAGES / "unfolding.md", until="before =")
    drawn = cells._three_steps()
    np.testing.assert_array_equal(drawn.x, names["x"])
    np.testing.assert_array_equal(drawn.kernel, np.array(names["layer"].kernel))
    np.testing.assert_allclose(drawn.state[:, -1], names["state"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_shapes_are_drawn_within_the_page_and_are_what_the_layer_gives(language):
    if len(fonts()) == 1:
        language = "en"
    figure = shapes._figure(shapes.LABELS[language])
    for shape in ("x (3, 5, 2)", "(3, 5, 4)", "(3, 4)"):
        assert shape in words(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    box = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= width
    assert box.y1 <= height
    assert shapes.LABELS["en"].keys() == shapes.LABELS["ja"].keys()


def test_a_prediction_is_compared_with_the_input_of_the_next_time_step():
    names = ("step", "year", "given", "returned", "predicted", "compared")
    table = notation.predictions("en", *names)
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
        for cells in (line.split("|") for line in table.splitlines())
    }
    assert rows["year"] == ["1700", "1701", "1702", "1703", "1704"]
    assert rows["compared"][:3] == rows["given"][1:4]
    assert rows["predicted"][3].startswith("$y_5")
    assert rows["compared"][3] == "$x_5$ = 36"


def test_no_line_begins_with_the_comma_after_a_formula():
    formula = r'<span class="arithmatex">\(x\)</span>'
    for after, joined in [(", and", True), ("、", True), (" and", False), ("", False)]:
        html = mathematics.formulae_in(formula + after)
        assert html.endswith(f"</math>{mathematics.WORD_JOINER * joined}{after}")
