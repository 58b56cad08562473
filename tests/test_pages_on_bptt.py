"""What the pages on back-propagation through time say of it is so."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from docs_build.mathematics import formulae_in
from docs_build.numerals import in_words
from docs_build.on_pages import backward, by_hand, truncation, vanishing
from keras_rnn_explained import equations, figures
from tests.reference import bptt

DOCS = Path(__file__).parent.parent / "docs"
LANGUAGES = ("en", "ja")


@pytest.fixture
def n():
    return by_hand._numbers()


class TestByHand:
    def test_package_and_autodiff_give_the_same(self):
        hand, *others = by_hand._three_ways()
        for way in others:
            for name, value in hand.items():
                np.testing.assert_allclose(way[name], value, atol=1e-6)

    def test_the_oracle_of_the_tests_gives_the_same(self, n):
        x = np.array(by_hand.X).reshape(1, 3, 1)
        upstream = np.zeros((1, 3, 2))
        upstream[0, 2] = n["g3"]
        weights = n["kernel"], n["recurrent_kernel"], n["bias"][0]
        gradients = bptt(x, *weights, n["a0"], "tanh", upstream)
        np.testing.assert_allclose(gradients["kernel"], n["d_kernel"])
        np.testing.assert_allclose(gradients["recurrent_kernel"], n["d_recurrent_kernel"])
        np.testing.assert_allclose(gradients["bias"], n["d_bias"][0])
        np.testing.assert_allclose(gradients["initial_state"], n["d_a0"])

    def test_the_first_summand_is_zero_and_the_others_differ_in_sign_somewhere(self, n):
        first, second, third = (n[f"recurrent_summand{t}"] for t in (1, 2, 3))
        assert not first.any()
        assert (second * third < 0).any()

    def test_the_errors_get_smaller_on_the_way_back(self, n):
        assert np.linalg.norm(n["e1"]) < np.linalg.norm(n["e2"]) < np.linalg.norm(n["e3"])

    def test_a_matrix_is_written_as_given_or_to_four_places(self):
        assert by_hand.matrix("en", "x2") == "-0.5"
        assert by_hand.matrix("en", "kernel") == r"\begin{bmatrix}0.5 & -0.3\end{bmatrix}"
        transposed = by_hand.matrix("en", "kernel", transposed=True)
        assert transposed == r"\begin{bmatrix}0.5 \\ -0.3\end{bmatrix}"
        assert re.fullmatch(r"-?\d\.\d{4}", by_hand.number("en", "e3", 0, 1))
        formula = rf'<div class="arithmatex">\[{transposed}\]</div>'
        assert "<mtable" in formulae_in(formula)

    def test_the_table_has_a_row_for_each_gradient(self):
        table = by_hand.compared("en", "gradient", "by hand", "package", "autodiff")
        assert len(table.splitlines()) == 2 + 7
        assert by_hand.largest_difference("en") in ("10^{-7}", "10^{-6}", "10^{-8}")


class TestVanishing:
    @pytest.mark.parametrize("scale", vanishing.SCALES)
    def test_without_activation_the_scale_is_what_a_step_multiplies_by(self, scale):
        sizes = vanishing._sizes("linear", scale)
        np.testing.assert_allclose(sizes, scale ** np.arange(vanishing.TIME), rtol=1e-3)

    def test_tanh_and_relu_do_what_the_page_says(self):
        assert vanishing._sizes("tanh", 1)[-1] < 1e-4
        assert 0.1 < vanishing._sizes("tanh", 1.5)[-1] < 10
        assert vanishing._sizes("relu", 1)[-1] < 1e-4
        assert vanishing._sizes("relu", 1.5)[-1] > 1e4

    def test_identity_with_relu_and_open_gates_let_the_gradient_through(self):
        assert float(vanishing.reaching("en", "relu", "identity")) > 0.1
        assert "10⁻" in vanishing.reaching("en", "relu", "orthogonal")
        assert "10⁻" in vanishing.reaching_of_gates("en", 1)
        assert float(vanishing.reaching_of_gates("en", 5)) > 0.1

    def test_what_diagnose_says_is_quoted_in_the_language_of_the_page(self):
        assert "of the gradient's size is left" in vanishing.told("en", 0.1)
        assert "倍に縮みます" in vanishing.told("ja", 0.1)


class TestTruncation:
    def test_what_reaches_what_is_as_each_kind_means_it(self):
        s, t = np.indices((truncation.TIME, truncation.TIME))
        reached = truncation._reached()
        np.testing.assert_array_equal(reached["whole"], t <= s)
        np.testing.assert_array_equal(reached["window"], (t <= s) & (s < t + truncation.K))
        same = s // truncation.K == t // truncation.K
        np.testing.assert_array_equal(reached["chunks"], (t <= s) & same)

    def test_the_costs_are_as_the_page_says(self):
        rows = truncation.costs("en", "k", "window", "chunks").splitlines()[2:]
        cells = [re.findall(r"[\d.]+", row) for row in rows]
        missing = {int(k): (float(window), float(chunks)) for k, window, chunks in cells}
        assert min(missing[8]) > 25
        assert missing[12][0] < 10
        assert missing[8][1] > missing[8][0]
        assert missing[12][1] > missing[12][0]
        assert missing[24] == (0, 0)

    def test_a_bounded_way_bounds_the_growth(self):
        assert "10" in truncation.largest_growth("en", None)
        assert float(truncation.largest_growth("en", 5)) < 2**4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "draw",
    [
        backward.through_time,
        backward.summands,
        backward.flow,
        vanishing.kept,
        lambda language: vanishing.flow(language, 0.5),
        lambda language: vanishing.spectrum(language, 1.5),
        truncation.reach,
    ],
)
def test_a_figure_is_light_and_turns_with_the_page(draw, language):
    element = figures.svg(draw(language))
    assert len(element) < 40_000
    assert "#000000" not in element


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_that_is_explained_line_by_line_is_in_the_file(language):
    page = (DOCS / language / "explanation" / "equations.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([^`]*[(=][^`]*)`", page, re.MULTILINE)
    source = inspect.getsource(equations)
    assert len(named) >= 10
    for code in named:
        for part in code.split("…"):
            assert part.rstrip(")") in source, code


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (1, "1"),
        (0.354, "0.35"),
        (14000, "14,000"),
        (1.2e-5, "1.2·10⁻⁵"),
        (4.3e8, "4.3·10⁸"),
        (-2.5, "−2.5"),
    ],
)
def test_a_number_in_words(value, words):
    assert in_words(value) == words
