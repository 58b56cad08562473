"""The lines are the summands' norms, and the marks beside them the norms of the sums."""

import dataclasses

import numpy as np
import pytest

from keras_rnn_explained.figures import gradient_summands
from keras_rnn_explained.figures.drawing import COLOURS
from tests.looks import gradients_like, unfolding_like, words


def expected_norms(gradients):
    """From the formulae, one time step and one sample after the other."""
    u, d = gradients.unfolding, gradients.local_error.astype("float64")
    norms = {"kernel": [], "recurrent kernel": [], "bias": []}
    for t in range(u.time):
        samples = range(u.batch)
        kernel = sum(np.outer(u.x[b, t], d[b, t]) for b in samples)
        recurrent = sum(np.outer(u.previous_state[b, t], d[b, t]) for b in samples)
        for name, summand in zip(norms, (kernel, recurrent, sum(d[:, t])), strict=True):
            norms[name].append(np.sqrt((summand**2).sum()))
    return norms


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


@pytest.mark.parametrize("time", [1, 6, 60])
def test_each_line_is_the_norm_of_each_summand(time):
    gradients = gradients_like(unfolding_like(time=time))
    drawn = lines(gradient_summands(gradients).axes[0])
    for name, expected in expected_norms(gradients).items():
        np.testing.assert_array_equal(drawn[name].get_xdata(), np.arange(1, time + 1))
        np.testing.assert_allclose(drawn[name].get_ydata(), expected, rtol=1e-6)
        assert drawn[name].get_color() == COLOURS[name.replace(" ", "_")]


def test_beside_them_are_the_norms_of_the_sums_on_the_same_axis():
    gradients = gradients_like(unfolding_like())
    summands, sums = gradient_summands(gradients).axes
    names = ("kernel", "recurrent_kernel", "bias")
    for line, name in zip(sums.lines, names, strict=True):
        assert line.get_ydata()[0] == pytest.approx(np.linalg.norm(getattr(gradients, name)))
    assert summands.get_ylim() == sums.get_ylim()


def test_sizes_of_many_orders_get_a_logarithmic_axis_and_zeros_are_counted():
    u = unfolding_like(time=8)
    steps = 10.0 ** -np.arange(8)
    local_error = gradients_like(u).local_error * steps[:, None]
    even = gradient_summands(gradients_like(u))
    assert even.axes[0].get_yscale() == "linear"
    local_error[:, 7] = 0
    figure = gradient_summands(gradients_like(u, local_error=local_error))
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log"]
    assert "the logarithmic axis leaves out: 1" in " ".join(words(figure))


def test_all_zeros_and_nans_are_drawn_and_said():
    u = unfolding_like(time=4)
    zeros = np.zeros(u.state.shape)
    assert gradient_summands(gradients_like(u, local_error=zeros)).axes[0].get_ylim() == (0, 1)
    zeros[0, 2] = np.nan
    said = " ".join(words(gradient_summands(gradients_like(u, local_error=zeros))))
    assert "NaN or ∞, left out: 1" in said


def test_without_a_bias_there_are_two_lines():
    gradients = dataclasses.replace(gradients_like(unfolding_like(bias=None)), bias=None)
    assert list(lines(gradient_summands(gradients).axes[0])) == ["kernel", "recurrent kernel"]


def test_truncation_and_masks_are_said():
    mask = np.ones((2, 6), bool)
    mask[:, 3] = mask[0, 1] = False
    figure = gradient_summands(gradients_like(unfolding_like(mask=mask), truncate_bptt=2))
    said = " ".join(words(figure))
    assert "truncated BPTT, k = 2" in said
    assert "skipped by the mask (grey): 1" in said
    assert "partly skipped (light grey): 1" in said
    bands = [patch.get_window_extent().width for patch in figure.axes[0].patches]
    assert len(bands) == 2
