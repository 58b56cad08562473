"""What a drawing says is what the unfolding holds, and it is written whole or not at all."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from keras_rnn_explained import ExplainedRNN, figures
from keras_rnn_explained.figures import unfolded_window
from keras_rnn_explained.unfolding import unfold


def unfolding_of(units=3, features=1, time=6, batch=2, **options):
    layer = ExplainedRNN(units, bias_initializer="random_normal", execution="plain", **options)
    x = np.random.default_rng(0).normal(size=(batch, time, features)).astype("float32")
    return unfold(layer, x)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def number(value):
    return f"{value:.3f}".replace("-", "−")


@pytest.fixture(scope="module")
def unfolding():
    return unfolding_of()


def test_every_number_of_the_steps_shown_is_there(unfolding):
    shown = texts(unfolded_window(unfolding, sample=1, steps=2))
    for name in ("input_projection", "recurrent_projection", "pre_activation", "state"):
        for value in getattr(unfolding, name)[1, -2:].ravel():
            assert number(value) in shown, name
    for value in (*unfolding.x[1, -2:].ravel(), *unfolding.previous_state[1, -2], *unfolding.bias):
        assert number(value) in shown


def test_the_parameters_are_named_once_above_and_once_in_each_time_step(unfolding):
    shown = texts(unfolded_window(unfolding, steps=4))
    for symbol in ("Wₐₓ", "Wₐₐ", "bₐ"):
        assert shown.count(symbol) == 1 + 4
    for name in ("kernel", "recurrent kernel", "bias"):
        assert shown.count(name) == 1
    assert "One set of parameters, used at every time step: 15 numbers" in shown


def test_each_use_of_a_parameter_is_tied_to_it_by_its_colour(unfolding):
    figure = unfolded_window(unfolding, steps=4)
    lines = [line.get_color() for line in figure.axes[0].lines]
    for colour in (figures.BLUE, figures.VERMILLION, figures.GREEN):
        assert lines.count(colour) == 1 + 2 * 4  # the rail; a line and its dot per time step


@pytest.mark.parametrize(
    ("steps", "shown"),
    [(1, "time step 6"), (2, "time steps 5 and 6"), (4, "time steps 3 to 6")],
)
def test_the_heading_says_which_time_steps_of_how_many(unfolding, steps, shown):
    assert texts(unfolded_window(unfolding, steps=steps))[0] == (
        f"One layer, unfolded: sample 0, {shown} of 6"
    )


def test_a_sequence_shorter_than_asked_for_is_drawn_whole():
    shown = texts(unfolded_window(unfolding_of(time=2), steps=4))
    assert "time step 1" in shown
    assert "time step 3" not in shown
    assert "initial state" in shown


def test_a_window_that_does_not_start_at_the_start_says_where_its_first_state_is_from(unfolding):
    shown = texts(unfolded_window(unfolding, steps=2))
    assert "of time step 4" in shown
    assert "initial state" not in shown


def test_of_many_units_and_features_three_are_shown_and_all_are_counted():
    unfolding = unfolding_of(units=32, features=5)
    shown = texts(unfolded_window(unfolding, steps=1))
    about = " ".join(shown)
    assert "32 units in all (first 3 shown)" in about
    assert "5 features in all (first 3 shown)" in about
    assert number(unfolding.state[0, -1, 2]) in shown
    assert number(unfolding.state[0, -1, 3]) not in shown
    assert "⋮" in shown


def test_few_units_are_all_shown():
    shown = texts(unfolded_window(unfolding_of(units=1), steps=1))
    assert "⋮" not in shown
    assert any("1 unit," in text for text in shown)


def test_without_a_bias_none_is_drawn():
    shown = texts(unfolded_window(unfolding_of(use_bias=False), steps=2))
    assert "bₐ" not in shown
    assert "bias" not in shown


def test_a_layer_that_goes_backwards_says_so():
    shown = texts(unfolded_window(unfolding_of(go_backwards=True), steps=1))
    assert "time step 1 is the end of the sequence" in " ".join(shown)


def test_a_title_of_ones_own_leaves_what_is_shown_below_it(unfolding):
    title, about, *_ = texts(unfolded_window(unfolding, title="Mine", steps=2))
    assert title == "Mine"
    assert about.startswith("sample 0, time steps 5 and 6 of 6")


def test_a_long_title_is_broken_into_lines_within_the_figure(unfolding):
    figure = unfolded_window(unfolding, title="word " * 60, steps=1)
    renderer = FigureCanvasAgg(figure).get_renderer()
    for text in figure.axes[0].texts:
        assert text.get_window_extent(renderer).x1 <= figure.bbox.x1, text.get_text()


def test_dollar_signs_in_a_title_are_dollar_signs(unfolding, tmp_path):
    unfolded_window(unfolding, title="from $5 to $6 \\frac", steps=1, path=tmp_path / "figure.svg")
    assert "from $5 to $6 \\frac" in (tmp_path / "figure.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("units", [1, 3, 32])
@pytest.mark.parametrize("features", [1, 5])
@pytest.mark.parametrize("steps", [1, 2, 6])
def test_no_two_texts_overlap_and_none_leaves_the_page(units, features, steps):
    figure = unfolded_window(unfolding_of(units, features, time=12, go_backwards=True), steps=steps)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in figure.axes[0].texts]
    page = figure.bbox
    for place, (text, box) in enumerate(boxes):
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1, text
        assert page.y0 <= box.y0
        assert box.y1 <= page.y1, text
        # A line of text is higher than its letters; a tenth of an inch there does no harm.
        for other, other_box in boxes[place + 1 :]:
            width = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
            height = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
            assert width <= 1 or height <= 0.05 * figure.dpi, (text, other)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (-0.5, "−0.500"),
        (12.345, "12.35"),
        (-1234.5, "−1234"),
        (1.2e-7, "1e−7"),
        (3e8, "3e8"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_numbers_of_any_size_fit_their_column_and_never_look_like_zero(value, shown):
    assert figures._number(value) == shown


def test_text_in_an_svg_stays_text(unfolding, tmp_path):
    path = tmp_path / "figure.svg"
    unfolded_window(unfolding, path=path)
    svg = path.read_text(encoding="utf-8")
    words = ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter() if "text" in e.tag]
    assert "recurrent kernel" in words
    assert number(unfolding.state[0, -1, 0]) in words


def test_the_same_figure_gives_the_same_file(unfolding, tmp_path):
    for name in ("a.svg", "b.svg"):
        unfolded_window(unfolding, path=tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_a_png_is_written_by_its_suffix(unfolding, tmp_path):
    unfolded_window(unfolding, steps=1, path=tmp_path / "figure.PNG")
    assert (tmp_path / "figure.PNG").read_bytes().startswith(b"\x89PNG")


def test_nothing_but_the_figure_is_left_behind(unfolding, tmp_path):
    unfolded_window(unfolding, steps=1, path=tmp_path / "figure.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["figure.svg"]


def test_a_write_that_fails_leaves_the_old_figure_as_it_was(unfolding, tmp_path, monkeypatch):
    path = tmp_path / "figure.svg"
    path.write_text("old")

    def broken(self, file, **more):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figures.load_matplotlib().figure.Figure, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        unfolded_window(unfolding, steps=1, path=path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_another_suffix_is_refused_before_anything_is_written(unfolding, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg or \.png.*figure\.gif"):
        unfolded_window(unfolding, path=tmp_path / "figure.gif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("steps", [0, -1, 13])
def test_a_number_of_steps_that_can_not_be_read_is_refused(unfolding, steps):
    with pytest.raises(ValueError, match=f"an integer from 1 to 12, got {re.escape(str(steps))}"):
        unfolded_window(unfolding, steps=steps)


@pytest.mark.parametrize("sample", [2, -3])
def test_a_sample_that_is_not_there_is_refused(unfolding, sample):
    with pytest.raises(IndexError, match=f"between 0 and 1, got {sample}"):
        unfolded_window(unfolding, sample=sample)


def test_a_negative_sample_counts_from_the_end(unfolding):
    assert texts(unfolded_window(unfolding, sample=-1))[0].startswith(
        "One layer, unfolded: sample 1,"
    )


def test_without_matplotlib_the_error_says_how_to_install_it(unfolding, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install 'keras_rnn_explained\[figures\]'"):
        unfolded_window(unfolding)


def test_the_package_works_without_matplotlib_until_something_is_drawn():
    program = """
import sys
sys.modules["matplotlib"] = None
import numpy as np
from keras_rnn_explained import ExplainedRNN, figures
from keras_rnn_explained.unfolding import unfold
unfolding = unfold(ExplainedRNN(1), np.ones((1, 2, 1)))
try:
    figures.unfolded_window(unfolding)
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert "pip install 'keras_rnn_explained[figures]'" in done.stdout


def test_no_figure_is_left_open_in_pyplot(unfolding):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    unfolded_window(unfolding)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("steps", [2.5, "all"])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    unfolding = unfold(ExplainedRNN(2), np.ones((1, 3, 1), "float32"))
    with pytest.raises(ValueError, match="`steps` must be an integer from 1 to"):
        unfolded_window(unfolding, steps=steps)


def test_what_was_not_unfolded_is_refused():
    with pytest.raises(TypeError, match=r"got a ExplainedRNN.*unfold\(layer, x\)"):
        unfolded_window(ExplainedRNN(2))


def test_a_folder_that_is_not_there_is_named_as_it_was_given(tmp_path):
    unfolding = unfold(ExplainedRNN(2), np.ones((1, 3, 1), "float32"))
    path = tmp_path / "missing" / "a.png"
    with pytest.raises(FileNotFoundError, match=f"got {path}"):
        unfolded_window(unfolding, path=path)
