"""The heat map of the state holds the state, and says what it leaves out."""

import numpy as np
import pytest

from keras_rnn_explained.figures import state_map
from tests.looks import unfolding_like, words


def test_the_map_holds_the_states_of_the_sample_around_zero():
    u = unfolding_like(units=5, time=7)
    figure = state_map(u, sample=-1)
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), u.state[1].T)
    limit = np.abs(u.state[1]).max()
    assert image.get_clim() == pytest.approx((-limit, limit))
    assert "Hidden state of layer rnn, sample 1" in words(figure)


@pytest.mark.parametrize(
    ("units", "time", "steps", "said"),
    [
        (512, 10, (8, 1), "512 units, every 8th shown; 10 time steps"),
        (64, 400, (1, 1), "64 units; 400 time steps"),
        (65, 401, (2, 2), "65 units, every 2nd shown; 401 time steps, every 2nd shown"),
        (1, 1, (1, 1), "1 unit; 1 time step"),
    ],
)
def test_of_many_units_and_time_steps_every_nth_is_shown_and_named_so(units, time, steps, said):
    u = unfolding_like(units=units, time=time)
    figure = state_map(u)
    (image,) = figure.axes[0].images
    np.testing.assert_array_equal(image.get_array(), u.state[0, :: steps[1], :: steps[0]].T)
    assert said in words(figure)
    left, right, bottom, top = image.get_extent()  # in numbers of units and time steps
    assert (left, top) == (0.5, 0.5)
    assert right >= time + 0.5
    assert bottom >= units + 0.5


def test_numbers_that_are_none_are_hatched_and_counted():
    u = unfolding_like(units=4, time=6)
    u.state[0, 2, 1], u.state[0, 5, 3] = np.nan, np.inf
    figure = state_map(u)
    axes = figure.axes[0]
    mask = np.ma.getmaskarray(axes.images[0].get_array())
    assert {tuple(place) for place in np.argwhere(mask)} == {(1, 2), (3, 5)}
    (patch,) = axes.patches
    assert patch.get_hatch()
    corners = patch.get_path().vertices.reshape(2, 5, 2)
    np.testing.assert_array_equal(corners.mean(axis=1).round(), [(3, 2), (6, 4)])
    assert any("cells that are NaN or ∞ (hatched): 2" in word for word in words(figure))


def test_a_state_of_nothing_but_nan_is_drawn():
    u = unfolding_like()
    u.state[:] = np.nan
    assert any("(hatched): 18" in word for word in words(state_map(u)))


def test_time_steps_that_the_mask_skips_are_marked_and_counted():
    mask = np.array([[True, False, False, True, True, False], [True] * 6])
    figure = state_map(unfolding_like(mask=mask))
    strip = figure.axes[1]
    spans = [path.get_extents() for path in strip.collections[0].get_paths()]
    assert [(span.x0, span.x1) for span in spans] == [(1.5, 3.5), (5.5, 6.5)]
    assert any("skipped by the mask (grey): 3" in word for word in words(figure))
    assert len(state_map(unfolding_like(mask=mask), sample=1).axes) == 2  # no strip


def test_a_mask_of_units_is_said_to_skip_a_part():
    mask = np.ones((2, 6, 3), bool)
    mask[0, 1, 2] = mask[0, 4] = False
    said = " ".join(words(state_map(unfolding_like(mask=mask))))
    assert "skipped by the mask (grey): 1" in said
    assert "partly skipped (light grey): 1" in said


@pytest.mark.parametrize("sample", [2, -3])
def test_a_sample_that_is_not_there_is_refused(sample):
    with pytest.raises(IndexError, match=f"between 0 and 1, got {sample}"):
        state_map(unfolding_like(), sample=sample)


def test_half_precision_and_a_layer_that_goes_backwards():
    u = unfolding_like(go_backwards=True, state=np.zeros((1, 4, 2), "float16"))
    figure = state_map(u)
    assert figure.axes[0].images[0].get_clim() == (-1, 1)
    assert any("time step 1 is the end" in word for word in words(figure))
