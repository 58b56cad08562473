"""The cell has the article's symbols and one line of each colour for each way."""

import pytest

from keras_rnn_explained.figures import cell
from keras_rnn_explained.figures.drawing import VERMILLION
from tests.looks import words

SYMBOLS = ("xₜ", "aₜ₋₁", "Wₐₓ", "Wₐₐ", "bₐ", "âₜ", "φ", "aₜ", "+")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_symbol_stands_once_in_either_language(language):
    written = words(cell(language))
    assert [written.count(symbol) for symbol in SYMBOLS] == [1] * len(SYMBOLS)
    assert "âₜ = xₜ Wₐₓ + aₜ₋₁ Wₐₐ + bₐ,   aₜ = φ(âₜ)" in written


def test_the_way_back_is_in_the_recurrent_kernels_colour():
    figure = cell()
    assert {line.get_color() for line in figure.axes[0].lines} == {VERMILLION}
