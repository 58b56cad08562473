"""What a drawing says is what the unfolding holds, and it is written whole or not at all."""

import re

import keras
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from keras_rnn_explained import ExplainedRNN
from keras_rnn_explained.figures import unfolded_window
from keras_rnn_explained.figures.drawing import BLUE, GREEN, VERMILLION
from keras_rnn_explained.unfolding import unfold
from tests.looks import unfolding_like


def unfolding_of(units=3, features=1, time=6, batch=2, **options):
    keras.utils.set_random_seed(0)
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
    for colour in (BLUE, VERMILLION, GREEN):
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


@pytest.mark.parametrize("steps", [2.5, "all"])
def test_a_number_of_steps_that_is_none_is_refused(steps):
    unfolding = unfold(ExplainedRNN(2), np.ones((1, 3, 1), "float32"))
    with pytest.raises(ValueError, match="`steps` must be an integer from 1 to"):
        unfolded_window(unfolding, steps=steps)


def test_what_was_not_unfolded_is_refused():
    with pytest.raises(TypeError, match=r"got an ExplainedRNN.*unfold\(layer, x\)"):
        unfolded_window(ExplainedRNN(2))


def test_a_time_step_that_the_mask_skips_says_so_and_keeps_the_state_before_it():
    mask = np.array([[True, True, True, True, False, True]])
    shown = texts(unfolded_window(unfolding_like(batch=1, mask=mask), steps=3))
    assert "time step 5: skipped (mask)" in shown
    assert "a₅ = a₄" in shown
    assert "a₆" in shown
    assert shown.count("tanh") == 2  # arrows from the pre-activation to the state
    assert "stays" in shown


def test_a_mask_of_another_sample_skips_nothing():
    mask = np.array([[True] * 6, [False] * 6])
    assert "stays" not in texts(unfolded_window(unfolding_like(mask=mask), sample=0))


def test_a_mask_of_some_units_says_so():
    mask = np.ones((1, 6, 3), bool)
    mask[0, 5, 1] = False
    shown = texts(unfolded_window(unfolding_like(batch=1, mask=mask), steps=1))
    assert "time step 6: some units masked" in shown


def test_dropout_says_what_it_multiplied_by():
    masks = {
        "input_dropout_mask": np.array([[0, 1.25, 1.25, 0, 1.25]]),
        "recurrent_dropout_mask": np.array([[2.0, 0.0]]),
    }
    u = unfolding_like(units=2, features=5, batch=1, **masks)
    shown = texts(unfolded_window(u, steps=2))
    assert "Dropout, the same at all time steps: x′ = x ⊙ (0, 1.250, 1.250, …)." in shown
    assert "Dropout, the same at all time steps: a′ = a ⊙ (2.000, 0)." in shown
    for factor in ("x₅′", "x₆′", "a₄′", "a₅′"):
        assert factor in shown
    assert "x₅" in shown  # the inputs themselves are those before dropout
