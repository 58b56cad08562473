"""Lines end where they may, and numbers stay what they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_explained.figures.wording import decimals, power_of_ten, printable, short, wrapped


@given(st.text("ab 日本、。 ", max_size=60), st.integers(2, 30))
def test_wrapping_loses_nothing_but_spaces_and_keeps_to_the_width(text, width):
    lines = wrapped(text, width, letter=0.5)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "").replace(" ", "")
    for line in lines:
        size = sum(0.5 if letter in "ab " else 1.0 for letter in line.rstrip("、。"))
        assert size <= width


@pytest.mark.parametrize("mark", "、。，．）」』)")
def test_a_line_of_japanese_does_not_start_with_a_mark_that_closes(mark):
    assert wrapped(f"これは図です{mark}", 6) == [f"これは図です{mark}"]


def test_words_are_not_broken_where_they_fit():
    assert wrapped("one two three", 5, letter=1) == ["one", "two", "three"]
    assert wrapped("abcdefgh", 3, letter=1) == ["abc", "def", "gh"]


def test_an_empty_text_is_one_empty_line():
    assert wrapped("", 10) == [""]


@given(st.text())
def test_what_xml_can_not_hold_is_replaced(text):
    from xml.etree import ElementTree

    assert len(printable(text)) == len(text)
    ElementTree.fromstring(f"<a>{printable(text).replace('&', '').replace('<', '')}</a>")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.25, "0.25"), (-1e-7, "−1e−7"), (1000.0, "1000"), (2e12, "2e+12"), (0.0, "0")],
)
def test_numbers_on_an_axis_are_short(value, shown):
    assert short(value) == shown


def test_powers_of_ten_are_raised():
    assert [power_of_ten(n) for n in (0, 2, -13)] == ["10⁰", "10²", "10⁻¹³"]


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
    assert decimals(value) == shown
