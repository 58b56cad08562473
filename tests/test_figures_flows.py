"""The heat map of the flow holds the flow, and says of what it is."""

import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, backpropagate
from keras_rnn_explained.bptt import Flow
from keras_rnn_explained.figures import gradient_flow
from tests.looks import words


def flow_like(losses, time, **chosen):
    steps = np.arange(time - losses, time)
    size = 10.0 ** -np.abs(steps[:, None] - np.arange(time)) * (steps[:, None] >= np.arange(time))
    values = {"loss_steps": steps, "size": size, "samples": 3, "is_whole": True, **chosen}
    return Flow(**values)


def test_the_map_holds_the_sizes_and_leaves_zeros_blank():
    flow = flow_like(4, 6)
    figure = gradient_flow(flow)
    (image,) = figure.axes[0].images
    shown = image.get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), flow.size == 0)
    np.testing.assert_array_equal(shown.compressed(), flow.size[flow.size != 0])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["3", "4", "5", "6"]
    said = "6 time steps; all 4 time steps with a loss; norm over 3 samples; blank: 0"
    assert said in " ".join(words(figure))


def test_gradients_are_followed_first():
    layer = ExplainedRNN(2, return_sequences=True, execution="plain")
    x, y = np.ones((2, 4, 1), "float32"), np.ones((2, 4, 2), "float32")
    gradients = backpropagate(layer, x, y, loss="mse")
    (image,) = gradient_flow(gradients).axes[0].images
    sizes = gradients.flow().size
    np.testing.assert_array_equal(image.get_array().compressed(), sizes[sizes != 0])


@pytest.mark.parametrize(("is_whole", "said"), [(True, "all 70 time"), (False, "70 of the time")])
def test_of_many_losses_and_time_steps_it_says_which_are_shown(is_whole, said):
    figure = gradient_flow(flow_like(70, 900, is_whole=is_whole))
    (image,) = figure.axes[0].images
    assert image.get_array().shape == (35, 300)
    about = " ".join(words(figure))
    assert said in about
    assert "of which every 2nd is shown" in about
    assert "900 time steps, every 3rd shown" in about


def test_one_loss_is_a_line_up_to_its_time_step():
    flow = Flow(np.array([4]), np.array([[0.0, 1e-6, 1e-3, 0.1, 1.0, 0.0]]), 1, True)
    figure = gradient_flow(flow)
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), flow.size[0, :5])
    assert axes.get_yscale() == "log"
    said = " ".join(words(figure))
    assert "at time step 5" in said
    assert "nothing reaches, left out: 1" in said
    assert "there is no loss at another time step; 1 sample" in said


def test_one_followed_loss_of_several_is_said_to_be_one_of_them():
    flow = Flow(np.array([1]), np.ones((1, 2)), 1, False)
    assert any(
        "losses at other time steps, not shown" in word for word in words(gradient_flow(flow))
    )


def test_no_loss_at_all_is_said():
    flow = Flow(np.array([], int), np.zeros((0, 5)), 2, True)
    assert "No time step has a loss." in words(gradient_flow(flow))


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan, np.inf])
def test_flows_of_one_value_alone_are_drawn(value):
    flow = Flow(np.arange(3), np.full((3, 3), value), 2, True)
    figure = gradient_flow(flow)
    figure.canvas.draw()
    hatched = [patch for patch in figure.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == (not np.isfinite(value))


def test_what_is_far_below_the_largest_has_the_last_colour():
    size = np.array([[1.0, 0.0], [1e-30, 1.0]])
    (image,) = gradient_flow(Flow(np.arange(2), size, 1, True)).axes[0].images
    assert image.get_clim() == pytest.approx((1e-12, 1.0))
