"""However often a layer is drawn, its parameters are drawn filled once."""

import pytest

from keras_rnn_explained.figures import folded_and_unfolded
from keras_rnn_explained.figures.drawing import ON_COLOUR
from tests.looks import words

SYMBOLS = ("Wₐₓ", "Wₐₐ", "bₐ")


def signs(figure, stored):
    """The symbols of the parameters, as they themselves or as they are drawn again."""
    return [
        text.get_text()
        for text in figure.axes[0].texts
        if text.get_text() in SYMBOLS and (text.get_color() == ON_COLOUR) == stored
    ]


@pytest.mark.parametrize("steps", [1, 3, 8])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_copy_has_the_same_three_parameters_and_they_are_stored_once(language, steps):
    figure = folded_and_unfolded(language, steps=steps)
    # Once more each where the signs are explained.
    for symbol in SYMBOLS:
        assert signs(figure, stored=True).count(symbol) == 1 + 1
        assert signs(figure, stored=False).count(symbol) == steps + 1


def test_the_chain_runs_from_the_initial_state_through_every_time_step():
    written = words(folded_and_unfolded(steps=3))
    for symbol in ("xₜ", "aₜ", "a₀", "x₁", "a₁", "x₂", "a₂", "x₃", "a₃"):
        assert written.count(symbol) == 1
    assert "x₄" not in written


@pytest.mark.parametrize(
    ("language", "steps", "said"),
    [
        ("en", 1, "Drawn once, stored once."),
        ("en", 5, "Drawn 5 times, stored once."),
        ("ja", 5, "描いたのは5回、実体は1組だけです。"),
    ],
)
def test_it_says_that_the_parameters_are_the_same(language, steps, said):
    assert said in words(folded_and_unfolded(language, steps=steps))


def test_copies_are_dashed():
    boxes = folded_and_unfolded(steps=4).axes[0].patches
    dashed = [box for box in boxes if box.get_linestyle() not in ("-", "solid")]
    assert len(dashed) == 4


@pytest.mark.parametrize("steps", [0, 9, -1, 2.5, "3", None])
def test_another_number_of_steps_is_refused(steps):
    with pytest.raises(ValueError, match=r"`steps` must be an integer from 1 to 8, got"):
        folded_and_unfolded(steps=steps)
