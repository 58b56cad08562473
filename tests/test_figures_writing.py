"""A figure is written whole or not at all, and is at home on light and dark pages."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from keras_rnn_explained.bptt import Flow
from keras_rnn_explained.figures import cell, gradient_flow, state_map, svg, unfolded_window
from keras_rnn_explained.figures.writing import TURNING
from tests.looks import unfolding_like


def test_dollar_signs_in_a_title_are_dollar_signs(tmp_path):
    cell(title="from $5 to $6 \\frac", path=tmp_path / "figure.svg")
    assert "from $5 to $6 \\frac" in (tmp_path / "figure.svg").read_text(encoding="utf-8")


def test_text_in_an_svg_stays_text(tmp_path):
    path = tmp_path / "figure.svg"
    cell(path=path)
    svg = path.read_text(encoding="utf-8")
    words = ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter() if "text" in e.tag]
    assert {"recurrent kernel", "Wₐₐ", "aₜ₋₁"} <= set(words)


def test_the_same_figure_gives_the_same_file(tmp_path):
    for name in ("a.svg", "b.svg"):
        cell(path=tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_png_is_written_by_its_suffix(tmp_path):
    cell(path=tmp_path / "figure.PNG")
    assert (tmp_path / "figure.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_write_that_fails_leaves_the_old_figure_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "figure.svg"
    path.write_text("old")

    def broken(self, file, **more):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        cell(path=path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'keras_rnn_explained\[figures\]'"):
        cell()


def test_the_package_works_without_matplotlib_until_something_is_drawn():
    program = """
import sys
sys.modules["matplotlib"] = None
import numpy as np
from keras_rnn_explained import ExplainedRNN, figures
from keras_rnn_explained.unfolding import unfold
unfolding = unfold(ExplainedRNN(1), np.ones((1, 2, 1)))
try:
    figures.cell()
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert "pip install 'keras_rnn_explained[figures]'" in done.stdout


def test_no_figure_is_left_open_in_pyplot():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    cell()
    assert not pyplot.get_fignums()


def test_a_folder_that_is_not_there_is_named_as_it_was_given(tmp_path):
    path = tmp_path / "missing" / "a.png"
    with pytest.raises(FileNotFoundError, match=f"got {path}"):
        cell(path=path)


def flow_map():
    return gradient_flow(Flow(np.arange(3), np.full((3, 3), [1, np.nan, 0.5]), 1, True))


EACH = {
    "cell": cell,
    "window": lambda: unfolded_window(unfolding_like()),
    "states": lambda: state_map(unfolding_like()),
    "flow": flow_map,
}
each = pytest.mark.parametrize("draw", EACH.values(), ids=EACH)


@each
def test_an_element_is_an_image_with_a_name_and_nothing_around_it(draw):
    element = svg(draw(), name="A <b> & a name")
    assert element.startswith("<svg ")
    for part in ("<?xml", "<!DOCTYPE", "metadata", "<style", " style=", "<script"):
        assert part not in element
    root = ElementTree.fromstring(element)
    title = root[0]
    assert root.get("role") == "img"
    assert title.tag.endswith("title")
    assert title.text == "A <b> & a name"
    assert root.get("aria-labelledby") == title.get("id")


def test_an_element_is_called_like_its_figure_if_nothing_else_is_said():
    assert ElementTree.fromstring(svg(cell(title="Mine")))[0].text == "Mine"


@each
def test_no_colour_that_turns_round_is_left_as_it_is(draw):
    element = svg(draw())
    for role, (light, _) in TURNING.items():
        assert f'"{light.lower()}"' not in element
        if f"--figure-{role}" in element:
            assert f"var(--figure-{role}, {light})" in element
    assert "var(--figure-ink, #1A1A1A)" in element


def test_the_ground_of_an_element_is_that_of_its_page():
    figure = Figure()
    figure.set_facecolor("#FFFFFF")
    assert "figure-ground" not in svg(figure)


@each
def test_an_element_is_short(draw):
    root = ElementTree.fromstring(svg(draw()))
    assert all(group.attrib for group in root.iter() if group.tag.endswith("}g"))
    places = [element.get(name, "") for element in root.iter() for name in ("d", "x", "y")]
    assert not re.search(r"\.\d{3}|\.\d?0\b|  ", "\n".join(places))


def references(element):
    linked = {value[1:] for value in re.findall(r'href="(#[^"]+)"', element)}
    return linked | set(re.findall(r"url\(#([^)]+)\)", element))


@each
def test_ids_are_referred_to_and_those_of_two_figures_differ(draw):
    figure = draw()
    found = []
    for prefix in ("one", "two"):
        element = svg(figure, prefix=prefix)
        ids = re.findall(r'\bid="([^"]+)"', element)
        assert len(ids) == len(set(ids))
        assert all(name.startswith(f"{prefix}-") for name in ids)
        assert set(ids) == references(element) | {f"{prefix}-title"}
        found.append(set(ids))
    assert not found[0] & found[1]


def test_without_a_prefix_ids_differ_by_what_is_drawn_and_stay_the_same_for_the_same():
    assert svg(cell()) == svg(cell())
    ids = [set(re.findall(r'\bid="([^"]+)"', svg(cell(language)))) for language in ("en", "ja")]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize("prefix", ["", "1a", 'a"b', "a b", "é"])
def test_a_prefix_that_is_no_id_is_refused(prefix):
    with pytest.raises(ValueError, match="`prefix` must be letters, digits and hyphens"):
        svg(cell(), prefix=prefix)


def test_what_is_no_figure_is_refused():
    with pytest.raises(TypeError, match="`figure` must be a matplotlib figure, got a str"):
        svg("figure")


def test_a_file_has_plain_colours_and_turns_them_round_on_dark_pages(tmp_path):
    cell(path=tmp_path / "figure.svg")
    written = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert "var(" not in written
    assert 'fill="#1a1a1a"' in written
    (style,) = re.findall(r"<style>(.*?)</style>", written)
    assert style.startswith("@media (prefers-color-scheme:dark){")
    for light, dark in TURNING.values():
        for attribute in ("fill", "stroke"):
            assert f'[{attribute}="{light.lower()}"]{{{attribute}:{dark}}}' in style


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "paper"])
@pytest.mark.parametrize("writing", ["ink", "grey"])
def test_writing_can_be_read_on_either_page(page, ground, writing):
    low, high = sorted(luminance(TURNING[role][page]) for role in (ground, writing))
    assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2, AA
