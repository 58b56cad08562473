"""Two time steps, each with all symbols, and one set of parameters."""

import pytest

from keras_rnn_explained.figures import consecutive_steps
from keras_rnn_explained.figures.drawing import ON_COLOUR
from tests.looks import words

PARAMETERS = ("Wₐₓ", "Wₐₐ", "bₐ")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_symbol_of_a_time_step_stands_once_at_each(language):
    written = words(consecutive_steps(language))
    for symbol in ("xₜ", "âₜ", "aₜ", "xₜ₊₁", "âₜ₊₁", "aₜ₊₁", "aₜ₋₁"):
        assert written.count(symbol) == 1
    assert written.count("φ") == written.count("+") == 2


def test_parameters_are_stored_once_and_used_twice():
    texts = consecutive_steps().axes[0].texts
    for symbol in PARAMETERS:
        colours = [text.get_color() for text in texts if text.get_text() == symbol]
        assert len(colours) == 3
        assert colours.count(ON_COLOUR) == 1
