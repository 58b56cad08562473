"""Healthy networks give no finding, sick ones the right one, and what is measured is right."""

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docs_build.on_pages import findings
from keras_rnn_explained import ExplainedRNN, Finding, backpropagate, diagnose
from keras_rnn_explained.criteria import CRITERIA
from keras_rnn_explained.diagnosis import MOST_SAMPLES, effective_rank, measures
from tests.sick_models import DATA, FILE, SICKNESSES, healthy_networks, sick_network
from tests.sick_models import measured as measured_on_networks

ROOT = Path(__file__).parent.parent

BATCH, TIME, FEATURES, UNITS = 64, 12, 8, 8
KEPT, GROWTH = "gradient kept per time step", "growth of the gradient"


def inputs(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def rnn(name="rnn", **options):
    return ExplainedRNN(UNITS, name=name, execution="plain", **options)


def orthogonal(scale):
    return lambda shape, dtype: scale * keras.initializers.Orthogonal(seed=1)(shape, dtype)


def measured(layer, x, y=None, **options):
    y = np.zeros(np.shape(layer(x)), "float32") if y is None else y
    return measures(backpropagate(layer, x, y, loss="mse", **options))


def kinds(findings):
    return [finding.kind for finding in findings]


@pytest.mark.parametrize("data", DATA)
def test_healthy_networks_have_no_finding_before_and_after_training(data):
    networks = healthy_networks(data)
    assert len({network.seed for network in networks}) >= 5
    assert {network.trained for network in networks} == {False, True}
    assert all(network.kinds == [] for network in networks), networks


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("number", range(len(SICKNESSES)), ids=lambda n: SICKNESSES[n].name)
def test_a_sick_network_is_found_so_its_cause_first(number, data):
    sickness = SICKNESSES[number]
    first, *_ = sick_network(number, data).findings
    assert (first.kind, first.quantity, first.layer) == (sickness.kind, sickness.quantity, "rnn")
    criterion = CRITERIA[first.quantity]
    assert criterion.is_met_by(first.measured)
    assert (first.threshold, first.source) == (criterion.threshold, criterion.source)


def test_each_quantity_was_shown_by_a_sick_network():
    assert {sickness.quantity for sickness in SICKNESSES} == set(CRITERIA)


@pytest.mark.parametrize("sick", ["lower", "upper"])
def test_the_sick_layer_of_several_is_named(sick):
    layers = [
        rnn(
            name,
            return_sequences=True,
            bias_initializer="ones" if name == sick else "zeros",
            activation="relu" if name == sick else "tanh",
        )
        for name in ("lower", "upper")
    ]
    model = keras.Sequential([keras.Input((TIME, FEATURES)), *layers])
    for layer in layers:
        if layer.name == sick:
            layer.bias.assign(layer.bias * -20)
    x, y = inputs(BATCH, TIME, FEATURES), inputs(BATCH, TIME, UNITS, seed=1)
    dead = [one for one in diagnose(model, x, y, "mse") if one.kind == "dead_units"]
    # A layer above one that says nothing gets nothing to say.
    assert dead[0].layer == sick
    alone = diagnose(model, x, y, "mse", layer="upper" if sick == "lower" else "lower")
    assert {one.layer for one in alone} <= {"upper" if sick == "lower" else "lower"}
    assert not [one for one in alone if one.kind == "vanishing"]


def test_each_call_of_a_shared_layer_is_looked_at():
    shared = rnn()
    one, other = keras.Input((TIME, FEATURES)), keras.Input((TIME, FEATURES))
    model = keras.Model([one, other], keras.layers.Add()([shared(one), shared(other)]))
    x, y = inputs(BATCH, TIME, FEATURES), inputs(BATCH, UNITS)
    assert diagnose(model, [x, x], y, "mse") == []
    findings = diagnose(model, [x, 1000 * x], y, "mse")
    assert {finding.call for finding in findings} == {1}
    assert findings[0].kind == "saturated_units"
    assert str(findings[0]).startswith("rnn (call 1): ")


def test_a_layer_that_is_not_called_is_passed_over_unless_it_is_asked_for():
    class Half(keras.Model):
        def __init__(self):
            super().__init__()
            self.used, self.unused = rnn("used"), rnn("unused")

        def call(self, x):
            return self.used(x)

        def build(self, shape):
            self.used.build(shape)

    model, x, y = Half(), inputs(BATCH, TIME, FEATURES), inputs(BATCH, UNITS)
    model(x)
    assert diagnose(model, x, y, "mse") == []
    with pytest.raises(ValueError, match="did not call its layer 'unused'"):
        diagnose(model, x, y, "mse", layer=["used", "unused"])


@settings(max_examples=8)
@given(
    scale=st.floats(0.05, 3),
    time=st.integers(2, 30),
    where=st.sampled_from(["last", "all", "middle"]),
    padding=st.sampled_from(["none", "before", "after"]),
)
def test_an_orthogonal_linear_recurrence_keeps_just_its_scale(scale, time, where, padding):
    """The oracle: ‖c·Q e‖ = c‖e‖ at each time step, wherever the loss is and whatever is masked."""
    layer = rnn(
        activation=None,
        recurrent_initializer=orthogonal(scale),
        return_sequences=where != "last",
        dtype="float64",
    )
    x = inputs(5, time, FEATURES)
    mask = None
    if padding != "none":
        widths = (3, 0) if padding == "before" else (0, 3)
        x = np.pad(x, ((0, 0), widths, (0, 0)))
        mask = np.pad(np.ones((5, time), bool), ((0, 0), widths))
    steps = time - 1
    y, weight = np.zeros((*x.shape[:2], UNITS) if where != "last" else (5, UNITS)), None
    if where == "middle":
        steps //= 2
        weight = np.zeros(x.shape[:2])
        weight[:, steps + (3 if padding == "before" else 0)] = 1
    found = measured(layer, x, y, mask=mask, sample_weight=weight)
    # Before padding the gradient passes one step more: that to the initial state.
    steps += padding == "before"
    assert found[GROWTH] == pytest.approx(max(1, scale**steps))
    end = min(steps, int(np.ceil(np.log(1e-6) / np.log(scale)))) if scale < 1 else steps
    if KEPT in found:
        assert found[KEPT] == pytest.approx(scale)
    else:
        assert steps < 4
        assert scale**end >= 0.01 or steps == 0


def test_truncated_gradients_are_followed_as_far_as_they_go():
    for truncate, expected in ((1, None), (3, None), (6, 0.5), (None, 0.5)):
        layer = rnn(activation=None, recurrent_initializer=orthogonal(0.5), truncate_bptt=truncate)
        found = measured(layer, inputs(5, TIME, FEATURES), inputs(5, UNITS))
        assert found.get(KEPT) == (expected and pytest.approx(expected, rel=1e-4)), truncate


@pytest.mark.parametrize("batch", [1, 2, 64])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", None])
def test_one_time_step_gives_no_false_finding(batch, activation):
    layer = rnn(activation=activation)
    assert diagnose(layer, inputs(batch, 1, FEATURES), inputs(batch, UNITS), "mse") == []


@pytest.mark.parametrize("activation", ["tanh", "relu", None])
def test_without_a_loss_no_gradient_is_found_and_without_input_nothing(activation):
    layer = rnn(activation=activation)
    x = inputs(BATCH, TIME, FEATURES)
    nothing = np.zeros(BATCH, "float32")
    for y, weight in ((layer(x), None), (inputs(BATCH, UNITS), nothing)):
        findings = diagnose(layer, x, y, "mse", sample_weight=weight)
        assert [finding.kind for finding in findings] == ["no_gradient"]
    if activation != "relu":  # which passes no gradient on at 0, and this is no false finding
        assert diagnose(layer, 0 * x, inputs(BATCH, UNITS), "mse") == []


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e9])
def test_the_size_of_the_loss_changes_nothing_about_vanishing(scale):
    layer = rnn(recurrent_initializer=orthogonal(0.2))
    x, y = inputs(BATCH, TIME, FEATURES), inputs(BATCH, UNITS)
    expected = measured(layer, x, y)[KEPT]
    scaled = measures(
        backpropagate(layer, x, y, lambda *both: scale * keras.losses.mean_squared_error(*both))
    )
    assert scaled[KEPT] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("batch", [5, MOST_SAMPLES + 40])
@pytest.mark.parametrize("scale", [0.1, 1])
def test_the_order_of_the_batch_changes_nothing(batch, scale):
    layer = rnn(recurrent_initializer=orthogonal(scale))
    x, y = inputs(batch, TIME, FEATURES), inputs(batch, UNITS)
    order = np.random.default_rng(1).permutation(batch)
    first, second = measured(layer, x, y), measured(layer, x[order], y[order])
    assert first == pytest.approx(second, rel=1e-4)
    assert kinds(diagnose(layer, x, y, "mse")) == kinds(diagnose(layer, x[order], y[order], "mse"))


def test_shares_of_units_are_counted():
    layer = rnn()
    x = inputs(BATCH, TIME, FEATURES)
    layer.build(x.shape)
    kernel, recurrent_kernel, bias = layer.get_weights()
    bias[:3] = 20, -20, 20
    kernel[:, 3:5], recurrent_kernel[:, 3:5] = 0, 0
    layer.set_weights([kernel, recurrent_kernel, bias])
    found = measured(layer, x)
    assert found["share of saturated units"] == 3 / UNITS
    assert found["share of constant units"] == 2 / UNITS


def test_masked_states_are_not_looked_at():
    layer = rnn(return_sequences=True)
    x = inputs(BATCH, TIME, FEATURES)
    x[:, 6:] *= 1000
    mask = np.arange(TIME) < np.full((BATCH, 1), 6)
    found = measured(layer, x, mask=mask)
    expected = measured(layer, x[:, :6])
    assert found == pytest.approx(expected, rel=0.05)


def test_where_all_is_masked_nothing_is_measured_of_the_states():
    layer, x = rnn(return_sequences=True), inputs(BATCH, TIME, FEATURES)
    found = measured(layer, x, mask=np.zeros((BATCH, TIME), bool))
    assert set(found.values()) == {0}
    assert found.keys() == {
        "share of non-finite inputs",
        "share of non-finite numbers",
        "size of the upstream gradient",
        "norm of the parameters' gradient",
    }


def test_the_share_of_the_past_is_that_of_two_variances():
    layer = rnn()
    x = inputs(BATCH, TIME, FEATURES)
    u = backpropagate(layer, x, inputs(BATCH, UNITS), "mse").unfolding
    past, now = (
        projection[:, 1:].reshape(-1, UNITS).astype("float64").var(axis=0).sum()
        for projection in (u.recurrent_projection, u.input_projection)
    )
    found = measured(layer, x)["recurrent share of the variance"]
    assert found == pytest.approx(past / (past + now), rel=1e-6)


@pytest.mark.parametrize("dimensions", [1, 3, 20])
@pytest.mark.parametrize("points", [10, 100])
def test_the_effective_rank_is_that_of_its_definition(points, dimensions):
    rows = inputs(points, dimensions).astype("float64") * np.arange(1, dimensions + 1)
    values = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    shares = values / values.sum()
    entropy = -sum(share * np.log(share) for share in shares if share > 1e-12)
    assert effective_rank(rows) == pytest.approx(np.exp(entropy), rel=1e-5)


def test_diagnosing_changes_nothing_about_the_model():
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(16, TIME, FEATURES)),
            rnn(stateful=True, dropout=0.3, recurrent_dropout=0.3, seed=1),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    x, y = inputs(16, TIME, FEATURES), inputs(16, 1)
    model.fit(x, y, batch_size=16, verbose=0)
    layer = model.layers[0]
    variables = [
        *model.variables,
        *model.optimizer.variables,
        *layer.states,
        layer.seed_generator.state,
    ]
    before = [variable.numpy() for variable in variables]
    diagnose(model, x, y)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable, value, err_msg=variable.path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("argument", ["x", "y", "sample_weight"])
def test_numbers_that_are_not_finite_are_refused_with_their_place(argument, value):
    given = {
        "x": inputs(BATCH, TIME, FEATURES),
        "y": inputs(BATCH, UNITS),
        "sample_weight": np.ones(BATCH, "float32"),
    }
    given[argument].flat[13] = value
    place = {"x": "x[0, 1, 5]", "y": "y[1, 5]", "sample_weight": "sample_weight[13]"}[argument]
    message = f"`{argument}` must be finite, got {value} at `{place}`, one of 1 such values"
    with pytest.raises(ValueError, match=re.escape(message)):
        diagnose(rnn(), loss="mse", **given)


def test_of_several_inputs_the_one_that_is_not_finite_is_named():
    x = {"left": inputs(2, 3, 4), "right": inputs(2, 3, 4)}
    x["right"][1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=re.escape("`x['right'][1, 2, 3]`")):
        diagnose(rnn(), x, inputs(2, UNITS), "mse")


def test_weights_that_are_not_finite_are_found_as_exploded():
    layer = rnn()
    x, y = inputs(BATCH, TIME, FEATURES), inputs(BATCH, UNITS)
    layer.build(x.shape)
    layer.bias.assign(np.full(UNITS, np.nan))
    (finding,) = diagnose(layer, x, y, "mse")
    assert (finding.kind, finding.quantity) == ("exploding", "share of non-finite numbers")


def test_what_can_not_be_looked_at_is_an_error_that_says_so():
    x, y = inputs(BATCH, TIME, FEATURES), inputs(BATCH, UNITS)
    no_rnn = keras.Sequential([keras.Input((TIME, FEATURES)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="no ExplainedRNN or SimpleRNN"):
        diagnose(no_rnn, x, y, "mse")
    with pytest.raises(TypeError, match="must be a Keras model or layer"):
        diagnose("model", x, y, "mse")
    with pytest.raises(ValueError, match="does not fit the model's output"):
        diagnose(rnn(), x, y[:, :3], "mse")
    with pytest.raises(ValueError, match="`loss` must be given"):
        diagnose(rnn(), x, y)
    with pytest.raises(ValueError, match="at least one sequence"):
        diagnose(rnn(), x[:0], y[:0], "mse")
    with pytest.raises(ValueError, match="is no recurrent layer"):
        diagnose(rnn(), x, y, "mse", layer="other")


@pytest.mark.parametrize("quantity", CRITERIA)
def test_a_finding_tells_its_numbers_and_what_to_try_in_both_languages(quantity):
    criterion = CRITERIA[quantity]
    finding = Finding(criterion.kind, "a/{b}", quantity, 0.1234, 0.5, criterion.source, call=2)
    assert "0.123" in str(finding)
    assert criterion.kind in str(finding)
    for language, call in (("en", "(call 2)"), ("ja", "(呼び出し 2)")):
        message = finding.message(language)
        assert "a/{b}" in message
        assert call in message
        assert "0.123" in message or "12%" in message or "12.34%" in message
        assert finding.advice(language).endswith((".", "。"))
    assert finding.message() == finding.message("en")
    assert re.search("[ぁ-ん]", finding.message("ja"))
    assert re.search("[ぁ-ん]", finding.advice("ja"))
    for text in (finding.message, finding.advice):
        with pytest.raises(ValueError, match="`language` must be one of 'en', 'ja', got 'fr'"):
            text("fr")


@pytest.mark.slow
def test_what_the_page_shows_is_what_is_measured():
    written = json.loads(FILE.read_text(encoding="utf-8"))
    now = measured_on_networks()
    assert written.keys() == now.keys()
    for quantity, (healthy, sick) in now.items():
        assert written[quantity]["sick"].keys() == sick.keys()
        pairs = [(written[quantity]["healthy"], healthy)]
        pairs += [(written[quantity]["sick"][name], extent) for name, extent in sick.items()]
        for then, extent in pairs:
            for one, other in zip(then, extent, strict=True):
                # Networks that amplify rounding errors are at least as far beyond as they were.
                huge = min(one, other) > 1e4
                assert huge or other == pytest.approx(one, rel=0.15, abs=0.02), quantity


@pytest.mark.parametrize("quantity", CRITERIA)
def test_each_threshold_is_between_the_healthy_and_the_sick_ones_of_the_page(quantity):
    written = json.loads(FILE.read_text(encoding="utf-8"))[quantity]
    criterion = CRITERIA[quantity]
    assert not any(map(criterion.is_met_by, written["healthy"]))
    assert written["sick"]
    for extent in written["sick"].values():
        assert all(map(criterion.is_met_by, extent))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_tells_of_each_quantity_with_its_source(language):
    page = (ROOT / "docs" / language / "reference" / "findings.md").read_text(encoding="utf-8")
    for quantity, criterion in CRITERIA.items():
        assert f'findings.heading("{quantity}")' in page
        assert f'findings.held("{quantity}")' in page
        shown = findings.held(language, quantity)
        assert criterion.source in shown
        assert f"`{criterion.kind}`" in findings.overview(language)
        assert f"`{criterion.kind}`" in shown


def test_names_of_quantities_and_of_sicknesses_are_in_japanese_too():
    assert findings.QUANTITIES.keys() == CRITERIA.keys()
    assert findings.SICKNESSES.keys() == {sickness.name for sickness in SICKNESSES}
    assert findings.TEXTS["en"].keys() == findings.TEXTS["ja"].keys()
