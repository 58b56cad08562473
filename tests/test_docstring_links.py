"""Names in docstrings lead to what they name."""

import pytest

from docs_build.docstring_links import linked
from docs_build.translations import documented, found_at, translations


@pytest.mark.parametrize(
    ("where", "name", "leads_to"),
    [
        ("bptt.backpropagate", "unfold", "unfolding.unfold"),
        ("figures.flows.gradient_flow", "Gradients.flow", "bptt.Gradients.flow"),
        ("diagnosis.measures", "CRITERIA", "criteria.CRITERIA"),
        ("layer.ExplainedRNN.reset_states", "reset_state", "layer.ExplainedRNN.reset_state"),
        ("figures.window.unfolded_window", "MOST_STEPS", "figures.window.MOST_STEPS"),
    ],
)
def test_a_name_leads_to_where_it_is_documented(where, name, leads_to):
    one = found_at(f"keras_rnn_explained.{where}")
    assert linked(f"See `{name}`.", one) == f"See [`{name}`][keras_rnn_explained.{leads_to}]."


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("unfolding.unfold", "`unfold`, `model`, `SimpleRNN`, `keras.Input`, `(batch, units)`"),
        ("figures.flows.gradient_flow", "`flow`, which is a parameter of its own"),
        ("convert.swap", "[`swap_back`](#elsewhere) and ``swap_back``"),
    ],
)
def test_other_code_stays_as_it_is(where, text):
    assert linked(text, found_at(f"keras_rnn_explained.{where}")) == text


def test_each_language_has_the_same_links():
    japanese = translations("ja")
    for path, one in documented().items():
        english, translated = (
            {part.split("]")[0] for part in linked(text, one).split("][")[1:]}
            for text in (one.docstring.value, japanese[path].text)
        )
        assert english == translated, path
