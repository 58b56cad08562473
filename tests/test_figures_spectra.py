"""The dots are the eigenvalues, and the radius is the largest of their sizes."""

import numpy as np
import pytest

from keras_rnn_explained.figures import recurrent_spectrum
from tests.looks import gradients_like, unfolding_like, words


def test_the_dots_are_the_roots_of_the_characteristic_polynomial():
    u = unfolding_like(units=5)
    (axes,) = recurrent_spectrum(u).axes
    dots = axes.lines[-1]
    found = np.sort_complex(dots.get_xdata() + 1j * dots.get_ydata())
    roots = np.sort_complex(np.roots(np.poly(u.recurrent_kernel.astype("float64"))))
    np.testing.assert_allclose(found, roots, rtol=1e-6)


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0, 40.0])
def test_the_spectral_radius_is_written_and_everything_is_inside(scale):
    rotation = scale * np.array([[0.6, -0.8], [0.8, 0.6]], "float32")
    u = unfolding_like(units=2, recurrent_kernel=rotation)
    figure = recurrent_spectrum(gradients_like(u))
    shown = {0.0: "0", 0.5: "0.500", 1.0: "1.000", 40.0: "40.00"}[scale]
    assert f"spectral radius {shown}" in words(figure)
    assert "unit circle" in words(figure)
    (axes,) = figure.axes
    assert axes.get_xlim() == axes.get_ylim()
    assert axes.get_xlim()[1] > max(1, scale)
    circle = axes.lines[2]
    sizes = np.hypot(circle.get_xdata(), circle.get_ydata())
    np.testing.assert_allclose(sizes, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_kernel_without_eigenvalues_is_said_to_have_none(value):
    u = unfolding_like(units=2, recurrent_kernel=np.full((2, 2), value))
    assert "The recurrent kernel holds NaN or ∞, so it has no eigenvalues." in words(
        recurrent_spectrum(u)
    )
