"""Both layers are drawn number by number, so what is drawn can be counted."""

import pytest

from keras_rnn_explained.figures import dense_beside_recurrent
from keras_rnn_explained.figures.beside import FEATURES, UNITS
from keras_rnn_explained.figures.drawing import BLUE, GREEN, VERMILLION
from tests.looks import words


def test_there_is_a_line_for_each_number_of_each_parameter():
    lines = dense_beside_recurrent().axes[0].lines
    colours = [line.get_color() for line in lines]
    assert colours.count(BLUE) == 2 * FEATURES * UNITS
    assert colours.count(GREEN) == 2 * UNITS
    assert colours.count(VERMILLION) == UNITS * UNITS + 2  # and the way back


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_parameters_are_counted(language):
    written = " ".join(words(dense_beside_recurrent(language)))
    for count in ("3 × 4 = 12", "4 × 4 = 16", "16", "32"):
        assert count in written
