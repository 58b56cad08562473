"""`verify` finds no difference where there is none, and finds the ones that are put there."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, equations, verification
from keras_rnn_explained.backends import tensorflow as backend
from keras_rnn_explained.verification import Case, compare, relative_difference, verify

MANY = 150
"""Random cases that all have to agree. The documentation says how many."""

SEED_OF_A_COMPILED_CASE = next(s for s in range(100) if Case.draw(s).execution == "compiled")
SEED_OF_A_PLAIN_CASE = next(s for s in range(100) if Case.draw(s).execution == "plain")


@pytest.fixture(scope="module")
def report():
    return verify(cases=40, seed=300)


def scaled(function, factor):
    return lambda *args, **kwargs: function(*args, **kwargs) * factor


@pytest.fixture
def compiled_anew(monkeypatch):
    """Programs that are compiled from changed equations must not outlive the test."""
    monkeypatch.setattr(backend, "_shared_programs", {})


def test_the_layers_agree(report):
    assert report.agrees, "\n".join(f"{f.command}: {f}" for f in report.failures)


def test_everything_is_compared_in_both_dtypes(report):
    assert [agreement.what for agreement in report.agreements] == list(verification.COMPARED)
    for agreement in report.agreements:
        assert agreement.comparisons.keys() == agreement.largest.keys() == {"float32", "float64"}


def test_the_largest_differences_are_measured_and_below_the_tolerance(report):
    by_what = {agreement.what: agreement for agreement in report.agreements}
    assert by_what["initial weights"].largest == {"float32": 0, "float64": 0}
    for dtype, tolerance in verification.TOLERANCE.items():
        # Two ways of computing round differently; exactly 0 would mean that nothing was compared.
        assert 0 < by_what["gradient of kernel"].largest[dtype] <= tolerance


def test_progress_is_told_of_each_case():
    told = []
    verify(cases=3, seed=1, progress=told.append)
    assert told == [1, 2, 3]


def test_a_seed_always_draws_the_same_case():
    one, other = Case.draw(7), Case.draw(7)
    assert one.options == other.options
    for field in dataclasses.fields(Case):
        np.testing.assert_equal(
            *(dataclasses.asdict(case)[field.name] for case in (one, other)), err_msg=field.name
        )


def test_cases_cover_what_a_user_can_ask_for():
    cases = [Case.draw(seed) for seed in range(400)]
    drawn = {name: {case.options[name] for case in cases} for name in cases[0].options}
    for flag in (
        "use_bias",
        "return_sequences",
        "return_state",
        "go_backwards",
        "stateful",
        "zero_output_for_mask",
    ):
        assert drawn[flag] == {True, False}, flag
    for rate in ("dropout", "recurrent_dropout"):
        assert drawn[rate] == {0.0, 0.3}
    assert drawn["activation"] == set(verification.ACTIVATIONS)
    assert drawn["dtype"] == set(verification.TOLERANCE)
    assert {case.unroll for case in cases} == {True, False}
    assert {case.training for case in cases} == {True, False}
    assert {case.execution for case in cases} == {"plain", "compiled"}
    calls = [call for case in cases for call in case.calls]
    assert {call.reset for call in calls} == {True, False}
    assert {call.initial_state is None for call in calls} == {True, False}
    masks = [call.mask for call in calls if call.mask is not None]
    assert 0 < len(masks) < len(calls)
    assert any((~mask.any(axis=1)).any() for mask in masks)  # a row without any time step
    assert any((mask[:, 1:] & ~mask[:, :-1]).any() for mask in masks)  # a gap
    shapes = np.array([call.x.shape for call in calls])
    assert shapes.min(axis=0).tolist() == [1, 1, 1]
    assert shapes.max(axis=0).tolist() == [5, 8, 5]


def test_every_constructor_option_of_simple_rnn_is_drawn_or_left_out_for_a_reason():
    ours = set(Case.draw(0).options) | {"unroll"}
    theirs = set(keras.layers.SimpleRNN(1).get_config()) | {"seed"}
    assert theirs - ours == {
        "name",
        "trainable",
        "activity_regularizer",  # SimpleRNN ignores it
        "kernel_constraint",  # the optimizer applies constraints
        "recurrent_constraint",
        "bias_constraint",
    }


@pytest.mark.parametrize("seed", [SEED_OF_A_PLAIN_CASE, SEED_OF_A_COMPILED_CASE])
def test_a_wrong_recurrence_is_found_and_its_command_runs_it_again(
    seed, monkeypatch, compiled_anew
):
    monkeypatch.setattr(equations, "project_states", scaled(equations.project_states, 1.001))
    report = verify(cases=1, seed=seed)
    assert not report.agrees
    failure = report.failures[0]
    assert failure.command == f"rnn-explained verify --cases 1 --seed {seed}"
    assert failure.difference > verification.TOLERANCE[failure.dtype]


@pytest.mark.parametrize("seed", [SEED_OF_A_PLAIN_CASE, SEED_OF_A_COMPILED_CASE])
def test_a_wrong_gradient_is_found_and_the_outputs_are_not_blamed(seed, monkeypatch, compiled_anew):
    right = equations.parameter_gradients

    def wrong(*args, **kwargs):
        gradients = right(*args, **kwargs)
        return gradients._replace(recurrent_kernel=gradients.recurrent_kernel * 1.001)

    monkeypatch.setattr(equations, "parameter_gradients", wrong)
    report = verify(cases=1, seed=seed)
    assert {failure.what for failure in report.failures} == {"gradient of recurrent kernel"}


def test_a_failing_case_fails_alike_on_its_own(monkeypatch, compiled_anew):
    monkeypatch.setattr(equations, "input_gradient", scaled(equations.input_gradient, 1.001))
    among_others = [f for f in verify(cases=6, seed=20).failures if f.seed == 23]
    alone = verify(cases=1, seed=23).failures
    assert among_others == list(alone) != []


def test_a_case_that_does_not_run_is_a_failure_and_the_others_go_on(monkeypatch):
    right = ExplainedRNN.reset_state

    def broken(self):
        right(self)
        raise RuntimeError("no reset today\nand a second line")

    monkeypatch.setattr(ExplainedRNN, "reset_state", broken)
    seeds = range(30, 40)
    stateful = [seed for seed in seeds if Case.draw(seed).options["stateful"]]
    report = verify(cases=len(seeds), seed=seeds.start)
    assert 0 < len(stateful) < len(seeds)
    assert [failure.seed for failure in report.failures] == stateful
    assert str(report.failures[0]).endswith(": RuntimeError: no reset today")


def test_weights_of_other_names_are_found(monkeypatch):
    right = ExplainedRNN.add_weight

    def renamed(self, **options):
        return right(self, **{**options, "name": options["name"].replace("kernel", "matrix")})

    monkeypatch.setattr(ExplainedRNN, "add_weight", renamed)
    report = verify(cases=1, seed=SEED_OF_A_PLAIN_CASE)
    assert "recurrent_matrix" in report.failures[0].error


def test_compare_gives_what_belongs_to_the_case():
    case = next(c for c in map(Case.draw, range(100)) if c.options["stateful"])
    whats = [what for what, _, _ in compare(case)]
    assert whats.count("outputs") == len(case.calls) == 3
    assert whats.count("initial weights") == len(case.weights)


@pytest.mark.parametrize(
    ("actual", "expected", "difference"),
    [
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([0.0, 0.01], [0.0, 0.0], 0.1),  # 0.01 of the smallest scale, 0.1
        ([1.0], [1.0, 1.0], np.inf),
        ([np.nan], [1.0], np.inf),
        ([1.0], [np.nan], np.inf),
        ([], [], 0.0),
        (3.0, 2.0, 0.5),
    ],
)
def test_relative_difference(actual, expected, difference):
    assert relative_difference(actual, expected) == pytest.approx(difference)


@pytest.mark.parametrize(("arguments", "named"), [({"cases": 0}, "cases"), ({"seed": -1}, "seed")])
def test_numbers_of_cases_and_seeds_that_make_no_sense_are_refused(arguments, named):
    with pytest.raises(ValueError, match=f"`{named}` must be an integer of at least"):
        verify(**arguments)


@pytest.mark.slow
def test_many_cases_agree():
    report = verify(cases=MANY, seed=10_000)
    assert report.agrees, "\n".join(f"{f.command}: {f}" for f in report.failures)
