"""The fuzzer: a fixed thousand of its cases, what it draws, what it finds and what it prints."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from pydoc import locate

import keras
import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings

import keras_rnn_explained
from keras_rnn_explained import ExplainedRNN, Gradients, Unfolding
from keras_rnn_explained.backends import tensorflow
from tests.comparison import TOLERANCE
from tests.fuzz import calls, comparing, hunting, looks, reproducing, strategies
from tests.fuzz.arms import ARMS, Difference, compared, differences
from tests.fuzz.known_differences import KNOWN, explained, for_simple_rnn
from tests.fuzz.models import run_model
from tests.fuzz.rounding import cases_nearby, in_float64, is_at_a_kink, is_rounding, is_uncertain

pytestmark = [
    pytest.mark.backend("tensorflow"),
    # Of Keras, at what cases do on purpose.
    pytest.mark.filterwarnings("ignore"),
]
PAGES = sorted(Path(__file__).parent.parent.glob("docs/*/reference/equivalence.md"))
ARM = {arm.name: arm for arm in ARMS}


@pytest.fixture(autouse=True)
def graphs_as_before():
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    yield
    tf.config.run_functions_eagerly(before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arm", "cases", "seed"),
    [
        *(("calls", 230, seed) for seed in range(4)),
        ("looks", 50, 0),
        ("models", 20, 0),
        ("graphs", 10, 0),
    ],
)
def test_a_thousand_cases_agree(arm, cases, seed):
    outcome = hunting.run(hunting.Hunt(arm, cases, seed))
    assert outcome.script is None, f"{outcome.what}\n{outcome.script}"
    assert outcome.cases == cases


def test_a_run_goes_on_where_another_ended():
    planned = hunting.hunts(10_000, 1, ARMS, "some.Layer")
    assert sum(hunt.cases for hunt in planned) == 10_000
    assert hunting.without_the_first(0, planned) == planned
    left = hunting.without_the_first(4_000, planned)
    assert left == planned[-len(left) :]
    assert 5_900 < sum(hunt.cases for hunt in left) <= 6_000
    assert hunting.without_the_first(10_000, planned) == []


@pytest.mark.slow
def test_a_run_that_is_terminated_takes_its_processes_with_it():
    command = [sys.executable, "-m", "tests.fuzz", "--cases", "10000", "--processes", "2"]
    fuzzer = subprocess.Popen(
        command, cwd=Path(__file__).parent.parent, stderr=subprocess.PIPE, text=True
    )
    main, patience = psutil.Process(fuzzer.pid), time.monotonic() + 120
    while len(main.children()) < 3 and fuzzer.poll() is None:  # two, and a tracker of resources
        assert time.monotonic() < patience, "its processes do not start"
        time.sleep(0.1)
    processes = main.children()
    fuzzer.terminate()
    assert fuzzer.wait(60) == 1
    assert "Terminated" in fuzzer.stderr.read()
    _, alive = psutil.wait_procs(processes, 60)
    assert alive == []


def test_every_option_of_simple_rnn_is_drawn():
    drawn = set()

    @settings(max_examples=1500, database=None, suppress_health_check=list(HealthCheck))
    @given(strategies.calls_of_a_layer())
    def draw(case):
        drawn.update(case["options"])

    draw()
    theirs = {*keras.layers.SimpleRNN(1).get_config(), "seed"}
    assert theirs - drawn == {"name", "trainable"}  # "trainable" is set between calls


def test_sizes_that_are_not_known_and_inputs_of_another_dtype_are_drawn():
    unknown, of_float64 = set(), set()

    @settings(max_examples=400, database=None, suppress_health_check=list(HealthCheck))
    @given(strategies.calls_of_a_layer(graphs=True), strategies.calls_of_a_layer())
    def draw(graphs, calls):
        unknown.add(graphs.get("unknown sizes", False))
        x, dtype = calls["calls"][0]["x"][0], calls["options"].get("dtype", "float32")
        of_float64.add(x.dtype == "float64" != dtype)

    draw()
    assert unknown == of_float64 == {True, False}


X = np.array([[[1.0], [0.5], [-1.0]], [[0.5], [1.0], [2.0]]], "float32")
MASK = np.array([[True, False, True], [False, True, True]])


def case_of(call=(), **options):
    units = int(options.get("units", 1))
    weights = [np.ones((1, units)), np.full((units, units), 0.5), np.zeros(units)]
    return {
        "options": {"units": units, "recurrent_initializer": "zeros", **options},
        "weights": weights,
        "calls": [{"x": [X], **dict(call)}],
    }


def made_again():
    case = case_of(dropout=0.5, seed=3)
    again = {"x": [X], "before": "remake", "training": True}
    return {**case, "calls": [*case["calls"], again]}


def model_of_dropout(around="nothing", before=(), **options):
    return {
        "around": around,
        "options": {"units": 2, "recurrent_dropout": 0.5, **options},
        "numbers": 0,
        "x": np.ones((2, 2, 2), "float32"),
        "y": np.ones((2, 2), "float32"),
        "optimizer": "sgd",
        "loss": "mse",
        "before": before,
    }


def unrolled(around, **options):
    second_masked = np.array([[[1, 1], [0, 0]], [[0.5, 1], [0, 0]]], "float32")
    return {
        "around": around,
        "options": {
            "units": 2,
            **dict.fromkeys(("unroll", "zero_output_for_mask", "return_sequences"), True),
            **options,
        },
        "numbers": 0,
        "x": second_masked,
        "masked": True,
        "y": np.ones((2, 2), "float32"),
        "optimizer": "sgd",
        "loss": "mse",
    }


OF_UNITS = np.stack([MASK, ~MASK], axis=-1)
NOT_FINITE = np.where(MASK[..., None], X, np.nan).astype("float32")

EXAMPLES = {
    "activity-regularizer": case_of(activity_regularizer="l2"),
    "seed": made_again(),
    "seed, of a model": model_of_dropout(before=("save", 1)),
    "seed, of weights": model_of_dropout(before=("save weights", 1)),
    "seed, of a copy": model_of_dropout("both directions, each its own", seed=0),
    "unroll": case_of(
        {"mask": MASK},
        unroll=True,
        go_backwards=True,
        zero_output_for_mask=True,
        return_sequences=True,
    ),
    "unroll, in a model": unrolled("an embedding", go_backwards=True),
    "unroll, in both directions": unrolled("both directions, each its own"),
    "unroll, as Bidirectional sets it": {
        **unrolled("both directions", zero_output_for_mask=False),
        "merge_mode": "concat",
    },
    "units": case_of(units=np.int64(2)),
    "mask": case_of({"mask": MASK.tolist()}),
    "mask-of-units": case_of({"mask": OF_UNITS}, units=2, unroll=True),
    "one-state": case_of({"mask": MASK, "initial_state": np.ones(1, "float32")}, unroll=True),
    "not-finite": case_of({"x": [NOT_FINITE], "mask": MASK}, return_sequences=True),
    "not-finite, one state for a batch of none": case_of(
        {"x": [np.zeros((0, 2, 1), "float32")], "initial_state": np.full((1, 1), np.inf, "float32")}
    ),
    "slopes": case_of(activation="relu")
    | {
        "weights": [np.ones((1, 1)), np.array([[-np.inf]]), np.ones(1)],
        "graphs": True,
        "ours": {"execution": "compiled"},
    },
    "activation": case_of(activation="a layer with weights"),
    "time-distributed": {
        "around": "time distributed",
        "options": {"units": 2, "dtype": "float64", "dropout": 0.5},
        "numbers": 0,
        "x": np.ones((2, 2, 2)),
        "y": np.ones((2, 2)),
        "optimizer": "sgd",
        "loss": "mse",
    },
    "wrong-input": case_of({"initial_state": np.ones((2, 3), "float32")}),
    "beyond": {**case_of(), "ours": {"truncate_bptt": 1}},
}


def test_each_known_difference_has_an_example():
    assert {name.partition(",")[0] for name in EXAMPLES} == {known.name for known in KNOWN}


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_known_difference_is_one_still_and_explains_its_example(name):
    case = EXAMPLES[name]
    (known,) = [known for known in KNOWN if known.name == name.partition(",")[0]]
    assert known.applies(case)
    arm = ARM["models" if "around" in case else "calls"]
    as_it_is = list(arm.compared(ExplainedRNN, case, case))
    assert any(comparing.difference(ours, theirs) > 1e-5 for _, ours, theirs in as_it_is)
    unexplained, names = differences(arm, ExplainedRNN, case)
    assert unexplained == []
    assert names == {known.name} or for_simple_rnn(case) is not case


def test_a_masked_time_step_that_is_not_finite_explains_what_is_nan_and_nothing_else():
    case, what = EXAMPLES["not-finite"], "gradient of bias of call 0"
    number, nan = np.array([1.0, 2.0]), np.array([1.0, np.nan])
    assert explained(case, what, number, nan)[1] == {"not-finite"}
    for ours, theirs in ((number * 1.0001, number), (number[:1], number), (nan, number)):
        assert explained(case, what, ours, theirs) == (ours, set())
    left, names = explained(case, what, number * 1.0001, nan)
    assert names == {"not-finite"}
    assert comparing.difference(left, nan) == pytest.approx(1e-4)
    left, names = explained(case, "gradient of kernel of call 0", np.array([[np.nan]]), number[:1])
    assert names == set()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_masked_time_steps_that_are_not_finite_the_other_gradients_are_compared(planted, dtype):
    case = {**EXAMPLES["not-finite"]}
    case["calls"] = [{**case["calls"][0], "x": [NOT_FINITE.astype(dtype)]}]
    case["options"] = {**case["options"], "dtype": dtype}
    found, _ = differences(ARM["calls"], locate("planted.SlightlyWrongDerivative"), case)
    assert {one.what for one in found} == {"gradient of x 0 of call 0"}


@pytest.mark.parametrize("ours", [{}, {"execution": "plain"}, {"truncate_bptt": 3}])
def test_an_activation_of_ones_own_is_differentiated_there_as_in_simple_rnn_by_default(ours):
    case = case_of({"x": [NOT_FINITE], "mask": MASK}, activation="wave") | {"ours": ours}
    pairs = {what: pair for what, *pair in compared(ARM["calls"], ExplainedRNN, case)}
    assert np.isnan(pairs["gradient of x 0 of call 0"][0]).any() == (not ours)
    assert differences(ARM["calls"], ExplainedRNN, case)[0] == []


def test_only_what_an_activation_has_later_is_explained_by_it():
    case, (alpha, kernel) = EXAMPLES["activation"], ("alpha", "kernel")
    assert explained(case, "weights", [kernel, alpha], [kernel])[1] == {"activation"}
    assert explained(case, "initial alpha", np.ones(1), comparing.NOTHING)[1] == {"activation"}
    assert explained(case, "weights", [alpha, alpha], [kernel])[1] == set()
    assert explained(case, "weights", [kernel], [kernel, alpha])[1] == set()
    assert explained(case, "initial alpha", np.ones(1), np.zeros(1))[1] == set()


@pytest.mark.parametrize(
    ("steps", "name", "expected"),
    [
        (2, "kernel", True),
        (2, "initial state", True),
        (3, "initial state", True),
        (3, "kernel", False),
        (4, "initial state", False),
    ],
)
def test_truncation_explains_only_what_it_cuts(steps, name, expected):
    case = {**case_of(), "ours": {"truncate_bptt": steps}}
    _, names = explained(case, f"gradient of {name} of call 0", np.ones(1), np.zeros(1))
    assert names == ({"beyond"} if expected else set())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parts[-3])
def test_each_known_difference_is_on_the_page(page):
    text = page.read_text(encoding="utf-8")
    assert len(PAGES) == 2
    assert [known.name for known in KNOWN if f"{{#{known.name}}}" not in text] == []


PLANTED = '''
import keras
from keras import ops

from keras_rnn_explained import ExplainedRNN


@keras.saving.register_keras_serializable("planted")
class WrongMask(ExplainedRNN):
    """Counts the last time step, whatever the mask says."""

    def _mask(self, sequences, mask):
        mask = super()._mask(sequences, mask)
        return None if mask is None else ops.concatenate([mask[:, :-1], mask[:, -1:] | True], 1)


@keras.saving.register_keras_serializable("planted")
class WrongDerivative(ExplainedRNN):
    """Loses half of what is to reach the input."""

    def call(self, sequences, training=False, **keywords):
        half = sequences / 2
        half = half + ops.stop_gradient(half)
        return super().call(half, training=training, **keywords)


@keras.saving.register_keras_serializable("planted")
class SlightlyWrongDerivative(ExplainedRNN):
    """Loses a little of what is to reach the input."""

    def call(self, sequences, **keywords):
        little = sequences / 4096
        return super().call(sequences - little + ops.stop_gradient(little), **keywords)


@keras.saving.register_keras_serializable("planted")
class NeverTruncates(ExplainedRNN):
    def __init__(self, units, truncate_bptt=None, **keywords):
        super().__init__(units, **keywords)


@keras.saving.register_keras_serializable("planted")
class AlwaysTruncates(ExplainedRNN):
    def __init__(self, units, truncate_bptt=None, **keywords):
        super().__init__(units, truncate_bptt=truncate_bptt and 1, **keywords)
'''


@pytest.fixture
def planted(tmp_path, monkeypatch):
    (tmp_path / "planted.py").write_text(PLANTED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("planted", None)


def ran(script, folder):
    """Runs a program where there are no tests."""
    (folder / "keras_rnn_explained").symlink_to(Path(keras_rnn_explained.__file__).parent)
    program = folder / "program.py"
    results = []
    for text in script:
        program.write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, str(program)]
        results.append(
            subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        )
    return results


@pytest.mark.parametrize("execution", ["plain", "compiled", "auto"])
def test_a_case_as_if_large_is_cut_in_halves_and_segments(monkeypatch, execution):
    cuts = []
    for name in ("in_halves", "in_segments"):
        right = getattr(tensorflow, name)
        monkeypatch.setattr(
            tensorflow,
            name,
            lambda *args, right=right, name=name: cuts.append(name) or right(*args),
        )
    case = case_of({"mask": MASK}, return_sequences=True) | {"graphs": True}
    case["ours"] = {"execution": execution}
    assert differences(ARM["graphs"], ExplainedRNN, case) == ([], set())
    assert cuts == []
    assert differences(ARM["graphs"], ExplainedRNN, {**case, "as if large": True}) == ([], set())
    assert cuts == ([] if execution == "plain" else ["in_halves", "in_segments", "in_segments"])


@pytest.mark.slow
def test_a_planted_bug_is_found_and_its_script_shows_it_without_the_tests(planted):
    outcome = hunting.run(hunting.Hunt("calls", 100, 0, "planted.WrongMask"))
    assert outcome.script is not None
    assert "mask" in outcome.script
    assert "tests" not in {line.split()[1].split(".")[0] for line in imports(outcome.script)}
    right = outcome.script.replace(
        "from planted import WrongMask", "from keras_rnn_explained import ExplainedRNN as WrongMask"
    )
    wrong, mended = ran([outcome.script, right], planted)
    assert wrong.returncode == 1, wrong.stderr
    assert "instead of" in wrong.stdout
    assert (mended.returncode, mended.stdout) == (0, ""), mended.stderr


def imports(script):
    return [line for line in script.splitlines() if line.startswith(("import ", "from "))]


@pytest.mark.slow
def test_a_planted_bug_of_the_gradient_alone_is_found_and_the_outputs_are_not_blamed(planted):
    outcome = hunting.run(hunting.Hunt("calls", 30, 0, "planted.WrongDerivative"))
    assert "gradient of x 0 of call 0" in outcome.what
    assert "output" not in outcome.what


def test_the_loop_has_the_masks_that_dropout_draws():
    case = case_of({"training": True}, units=2, dropout=0.5, recurrent_dropout=0.25, seed=3)
    case["calls"] = [*case["calls"], {"x": [X, -X], "initial_state": np.ones(2, "float32")}]
    case["calls"] += [case_of({"training": True, "before": "remake"})["calls"][0]]
    whats = {what for what, _, _ in compared(ARM["calls"], ExplainedRNN, case)}
    assert "gradient of kernel of call 2, by the loop" in whats
    assert differences(ARM["calls"], ExplainedRNN, case) == ([], set())


def truncated(steps, call=(), **options):
    case = case_of(call, return_sequences=True, **options)
    case["calls"][0]["x"] = [X.astype(options.get("dtype", "float32"))]
    return {**case, "ours": {"truncate_bptt": steps}}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("more", [{}, {"dropout": 0.25}, {"recurrent_dropout": 0.25}])
def test_a_layer_that_ignores_truncation_is_found(planted, dtype, more):
    case = truncated(1, {"training": True}, dtype=dtype, units=2, seed=1, **more)
    assert differences(ARM["calls"], ExplainedRNN, case) == ([], {"beyond"})
    found, _ = differences(ARM["calls"], locate("planted.NeverTruncates"), case)
    whats = {f"gradient of {name} of call 0, by the loop" for name in ("x 0", "kernel", "bias")}
    assert whats <= {one.what for one in found}


def test_a_layer_that_ignores_truncation_is_found_where_simple_rnn_rounds_as_much(planted):
    # Where tanh is near 1, few digits are left of its derivative.
    case = case_of(use_bias=False) | {
        "weights": [np.array([[1.0]]), np.array([[0.001]])],
        "calls": [{"x": [np.array([[[1.0], [5.0]]], "float32")]}],
        "ours": {"truncate_bptt": 1},
    }
    found, _ = differences(ARM["calls"], locate("planted.NeverTruncates"), case)
    assert "gradient of kernel of call 0, by the loop" in {one.what for one in found}


@pytest.mark.parametrize(("steps", "expected"), [(3, {"x 0", "kernel"}), (4, {"initial state"})])
def test_a_layer_that_truncates_where_nothing_is_cut_is_found(planted, steps, expected):
    case = truncated(steps, {"initial_state": np.ones((2, 1), "float32")}, activation="wave")
    known = {"beyond"} if steps == 3 else set()
    assert differences(ARM["calls"], ExplainedRNN, case) == ([], known)
    found, _ = differences(ARM["calls"], locate("planted.AlwaysTruncates"), case)
    assert {f"gradient of {name} of call 0" for name in expected} <= {one.what for one in found}


def test_a_small_gradient_that_is_wrong_is_found_in_16_bits_too(planted):
    case = case_of(dtype="mixed_bfloat16")
    case["weights"][0] = np.full((1, 1), 0.01)
    assert differences(ARM["calls"], ExplainedRNN, case) == ([], set())
    found, _ = differences(ARM["calls"], locate("planted.WrongDerivative"), case)
    assert [one.what for one in found] == ["gradient of x 0 of call 0"]


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float32"])
def test_in_float64_dropout_draws_the_same_masks(planted, dtype):
    case = case_of({"training": True}, dtype=dtype, units=5, seed=7, dropout=0.5)
    case["options"]["recurrent_dropout"] = 0.25
    exact = {
        what: theirs for what, _, theirs in compared(ARM["calls"], ExplainedRNN, in_float64(case))
    }
    for what, ours, _ in compared(ARM["calls"], ExplainedRNN, case):
        if what.startswith("output"):
            assert comparing.difference(ours, exact[what]) <= TOLERANCE[dtype[-8:]], what
    found, _ = differences(ARM["calls"], locate("planted.WrongDerivative"), case)
    assert "gradient of x 0 of call 0" in {one.what for one in found}


def test_what_the_judge_raises_is_found_with_the_case(monkeypatch):
    def judge(arm, layer_class, case):
        raise ValueError("shapes")

    monkeypatch.setattr("tests.fuzz.arms.differences", judge)
    outcome = hunting.run(hunting.Hunt("calls", 3, 0))
    assert outcome.what == "the judge, which raises ValueError"
    assert "case = {" in outcome.script


class NeedsSizes(ExplainedRNN):
    """Is wrong where the number of time steps is not known."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        output = super().call(sequences, initial_state, mask, training)
        return output if sequences.shape[1] else 2 * output


def test_a_bug_where_sizes_are_not_known_is_found():
    state = np.full((2, 1), 0.5, "float32")
    case = case_of({"mask": MASK, "initial_state": state}) | {"graphs": True}
    assert differences(ARM["graphs"], NeedsSizes, case) == ([], set())
    case["unknown sizes"] = True
    assert differences(ARM["graphs"], ExplainedRNN, case) == ([], set())
    unexplained, _ = differences(ARM["graphs"], NeedsSizes, case)
    assert "output 0 of call 0" in {one.what for one in unexplained}


def test_what_dropout_draws_where_sizes_are_not_known_is_not_for_the_loop():
    case = case_of({"training": True}, dropout=0.5) | {"graphs": True, "unknown sizes": True}
    assert differences(ARM["graphs"], ExplainedRNN, case) == ([], set())


class LosesMask(ExplainedRNN):
    """Does not hand the mask on."""

    def compute_mask(self, sequences, mask=None):
        return None


class KeepsFloat64(ExplainedRNN):
    """Its state is of another dtype than it computes in."""

    def build(self, sequences_shape, initial_state_shape=None):
        super().build(sequences_shape)
        object.__setattr__(self, "states", [keras.Variable(self.states[0], dtype="float64")])


@pytest.mark.parametrize(
    ("layer", "what"), [(LosesMask, "mask 0"), (KeepsFloat64, "dtype of kept state")]
)
def test_the_mask_of_an_output_and_the_dtype_of_a_state_are_compared(layer, what):
    case = case_of({"mask": MASK}, return_sequences=True, stateful=True)
    unexplained, _ = differences(ARM["calls"], layer, case)
    assert [one.what for one in unexplained] == [f"{what} of call 0"]


def apart(arm, case, what):
    """How far from each other two results are, whatever explains it."""
    pairs = arm.compared(ExplainedRNN, case, for_simple_rnn(case))
    (found,) = [comparing.difference(*pair) for name, *pair in pairs if name == what]
    return found


def test_in_16_bits_who_is_nearer_to_float64_is_right():
    # The gradient of the initial state is a small rest of large parts.
    case = case_of(
        units=3,
        activation="wave",
        go_backwards=True,
        activity_regularizer="l1",
        dtype="mixed_bfloat16",
    )
    kernels = [[[1, 1, 1], [-1, 1, 0]], [[0, 1, 0], [1, -1, 0], [1, 1, 0]]]
    x = [[[0, 1], [-1, 0], [0, -1]], [[-1, -1], [1, -1], [1, 0]]]
    state = [-0.2981828451156616, -0.12246529757976532, -0.2533731460571289]
    case |= {
        "weights": [*map(np.array, kernels), np.array([0.3125, -0.375, 0.1875])],
        "calls": [{"x": [np.array(x, "float32")], "initial_state": np.array(state, "float32")}],
        "graphs": True,
        "ours": {"execution": "compiled"},
    }
    # How far they are apart is for the processor to say, which has its own way to sum 16 bits.
    assert differences(ARM["graphs"], ExplainedRNN, case) == ([], set())


def test_in_16_bits_a_small_rest_of_large_summands_is_uncertain():
    case = case_of(dtype="mixed_bfloat16", return_sequences=True, kernel_initializer="zeros")
    x = [[1.0014497, -0.5187243], [0.7533194, -0.1358909], [-0.4520746, 0.0933844]]
    x += [[0.5366374, -0.5582911], [1.1497409, 0.3935778], [-2.159272, 1.3265777]]
    case |= {
        "weights": [np.array([[-0.4375], [-0.75]]), np.array([[-0.875]]), np.array([0.125])],
        "calls": [{"x": [np.array([x], "float32")]}],
    }
    assert differences(ARM["calls"], ExplainedRNN, case) == ([], set())


def test_what_training_magnifies_beyond_all_measure_is_uncertain():
    x = [[[-1.75, -1.3125], [-1.375, -0.375]], [[-2.3125, -0.1875], [-0.9375, 0.875]]]
    case = {
        "around": "two inputs",
        "options": {"units": 1, "activation": None, "go_backwards": True, "stateful": True},
        "numbers": 34,
        "x": np.array(x, "float32"),
        "y": np.array([[0.0625, -0.0625], [0.4375, 0.0625]], "float32"),
        "optimizer": "sgd",
        "loss": "mae",
    }
    assert differences(ARM["models"], ExplainedRNN, case) == ([], set())
    nearby = [
        run_model(keras.layers.SimpleRNN, one)["prediction after"]
        for one in cases_nearby(case, TOLERANCE["float32"])
    ]
    apart = [comparing.difference(one, nearby[0]) for one in nearby[1:]]
    assert np.max(np.abs(nearby)) > 1e25
    assert TOLERANCE["float32"] < max(apart) < 1e-2


class GradientsTimes(ExplainedRNN):
    """All its gradients are so many times what they should be."""

    factor = 1

    def call(self, sequences, initial_state=None, mask=None, training=False):
        output = super().call(sequences, initial_state, mask, training)
        constant = keras.ops.stop_gradient(output)
        return constant + self.factor * (output - constant)


@pytest.mark.parametrize(
    ("dtype", "factor", "optimizer"),
    [
        ("mixed_bfloat16", 0, strategies.MOMENTUM),
        ("float32", 2, strategies.MOMENTUM),
        ("float32", 2, "adam"),
    ],
)
def test_gradients_of_a_model_are_compared(monkeypatch, dtype, factor, optimizer):
    case = model_of_dropout(dtype=dtype, recurrent_dropout=0) | {"optimizer": optimizer}
    assert differences(ARM["models"], GradientsTimes, case) == ([], set())
    monkeypatch.setattr("tests.fuzz.rounding.NEARBY", 2)  # each takes a second
    monkeypatch.setattr(GradientsTimes, "factor", factor)
    unexplained, _ = differences(ARM["models"], GradientsTimes, case)
    assert "moment 0 after step 0" in {one.what for one in unexplained}


def test_what_no_case_nearby_gives_is_not_uncertain():
    exact, nearby = {"output": np.array([1.0])}, [{"output": np.array([one])} for one in (0.9, 1.2)]
    for ours, expected in ((1.15, True), (0.85, True), (1.25, False), (np.nan, False)):
        one = Difference("output", np.array([ours]), np.array([1.0]), abs(ours - 1))
        assert is_uncertain(one, exact, nearby) == expected
        assert not is_uncertain(one, exact, [{"error": ValueError()}])


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(1.1, 0.9, True), (1.14, 0.9, True), (1.2, 0.9, False), (3.0, 2.5, False), (1.2, 1.0, False)],
)
def test_rounding_explains_no_more_than_half_as_much_again(ours, theirs, expected):
    one = Difference("output", np.array([ours]), np.array([theirs]), 1.0)
    simple_rnn = {"output": one.theirs}
    assert is_rounding(one, simple_rnn, {"output": np.array([1.0])}, 0.1) == expected
    assert not is_rounding(one, simple_rnn, {}, 0.1)


@pytest.mark.parametrize(("ours", "expected"), [(1.05, True), (1.2, False), (np.nan, False)])
def test_what_overflows_in_simple_rnn_alone_is_right_if_it_is_that_of_float64(ours, expected):
    one = Difference("output", np.array([ours]), np.array([np.nan]), np.inf)
    simple_rnn = {"output": one.theirs}
    assert is_rounding(one, simple_rnn, {"output": np.array([1.0])}, 0.1) == expected


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_sum_of_which_nothing_is_left_is_uncertain(activation):
    case = case_of(units=2, activation=activation) | {
        "weights": [np.zeros((1, 2)), -np.eye(2), np.zeros(2)]
    }
    x = X[:, 1:]
    if activation == "relu":  # at its kink is the pre-activation of a unit
        kernels = [-np.eye(2), np.array([[-1.0, 1.0], [-1.0, -1.0]])]
        case["weights"] = [*kernels, np.array([-0.375, 3.0])]
        x = np.array([[[0, 0], [-1, -1]], [[1, 1], [1, 0]]], "float32")
    case["calls"] = [{"x": [x]}]
    assert apart(ARM["calls"], case, "gradient of bias of call 0") > 0.01
    assert differences(ARM["calls"], ExplainedRNN, case) == ([], set())


def test_a_small_rest_of_large_summands_in_a_model_is_uncertain():
    x = [[[1, 1], [0, -1]], [[1, 0], [1, -1]], [[1, -1], [1, 0]]]
    case = {
        "around": "a stack",
        "options": {"units": 2, "dtype": "mixed_bfloat16", "activation": "softmax"},
        "numbers": 96,
        "x": np.array(x, "float32"),
        "y": np.array([[1.0, 0.6875], [-1.0, -0.1875], [0.75, -0.1875]], "float32"),
        "optimizer": strategies.MOMENTUM,
        "loss": "huber",
    }
    assert differences(ARM["models"], ExplainedRNN, case) == ([], set())


@pytest.mark.parametrize(
    ("arm", "bias", "more", "what"),
    [
        ("calls", 0.75, {"initial_state": [[0.125]]}, "gradient of initial state of call 0"),
        ("looks", 0.125, {}, "error at a_0"),
    ],
)
def test_float16_has_few_digits_below_its_smallest_normal_number(arm, bias, more, what):
    x = [[2, -2, 10, 2, -9, 6], [21, 15, -11, -20, -10, 1]]
    case = case_of(activation="sigmoid", dtype="mixed_float16") | {
        "weights": [np.array([[0.125]]), np.array([[0.375]]), np.array([bias])],
        "calls": [
            {
                "x": [np.array(x, "float32")[..., None] / 16],
                **{name: np.array(value, "float32") for name, value in more.items()},
            }
        ],
    }
    assert apart(ARM[arm], case, what) > TOLERANCE["float16"]
    assert differences(ARM[arm], ExplainedRNN, case) == ([], set())


@pytest.mark.parametrize(("tolerance", "expected"), [(1e-5, False), (1e-3, True)])
def test_what_is_far_from_float64_for_its_dtype_is_no_rounding(tolerance, expected):
    one = Difference("output", np.array([1.1]), np.array([0.9]), 0.2)
    exact = {"output": np.array([1.0])}
    assert is_rounding(one, {"output": one.theirs}, exact, tolerance) == expected


def test_a_model_that_magnifies_rounding_is_compared_with_one_of_float64():
    x = [[[-0.5625, 0.9375], [1.25, -0.375]], [[0.3125, -0.625], [-0.5, -0.125]]]
    case = {
        "around": "nothing",
        "options": {
            "units": 1,
            "activation": "wave",
            "stateful": True,
            "kernel_regularizer": "l2",  # whose loss no model takes that is in part of float32
        },
        "numbers": 34,
        "x": np.array(x, "float32"),
        "y": np.array([[0.0625, -0.0625], [0.4375, 0.0625]], "float32"),
        "optimizer": "sgd",
        "loss": "mse",
    }
    arm, before = ARM["models"], (keras.config.floatx(), keras.config.dtype_policy())
    of_float64 = [*arm.compared(ExplainedRNN, in_float64(case), in_float64(case))]
    assert of_float64[-1][0] == "prediction after"
    for what, ours, theirs in of_float64[1:]:
        assert ours.dtype == theirs.dtype == "float64"
        assert comparing.difference(ours, theirs) <= TOLERANCE["float64"], what
    assert differences(arm, ExplainedRNN, case) == ([], set())
    assert (keras.config.floatx(), keras.config.dtype_policy()) == before


def at_a_kink():
    """A pre-activation of the last time step is 0, but for rounding."""
    kernels = [[[0.125, -0.125, 0.625]], [[0, -1, 0], [0, -1, 0], [0, 1, 0]]]
    bias = np.array([0.1257302210933933, -0.1321048632913019, 0.6404226504432821])
    return case_of(units=3, activation="relu") | {
        "weights": [*map(np.array, kernels), bias],
        "calls": [{"x": [np.zeros((2, 3, 1), "float32")]}],
    }


def test_rounding_at_a_kink_is_no_difference_from_the_loop():
    case, arm, what = at_a_kink(), ARM["calls"], "gradient of x 0 of call 0, by the loop"
    assert apart(arm, case, what) > 0.1
    assert differences(arm, ExplainedRNN, case) == ([], set())


def test_where_no_kink_is_near_none_explains():
    one, nearby = Difference("output", np.array([1.00005]), np.array([1.0]), 5e-5), [1.0, 1.0]
    for more, expected in (([], False), ([2.0], True)):
        found = [{"output": np.array([number])} for number in nearby + more]
        assert is_at_a_kink(one, found, TOLERANCE["float32"]) == expected


def test_another_gradient_at_a_kink_is_a_difference(planted):
    found, _ = differences(ARM["calls"], locate("planted.WrongDerivative"), at_a_kink())
    assert "gradient of x 0 of call 0, by the loop" in {one.what for one in found}


def mistaken(mistake):
    call = {"mask": MASK, "initial_state": np.ones((2, 1), "float32"), "state as": "list"}
    return strategies.mistaken(case_of(call, dropout=0.5), mistake)


@pytest.mark.parametrize("mistake", strategies.MISTAKES)
def test_a_mistake_raises_an_error_that_names_it(mistake):
    case = mistaken(mistake)
    error = calls.run(ExplainedRNN, case)["error"]
    assert isinstance(error, (ValueError, TypeError))
    assert case["error names"] in str(error)
    assert differences(ARM["calls"], ExplainedRNN, case)[0] == []


@pytest.mark.parametrize("mistake", ["a state too wide", "units of text"])
def test_an_error_that_does_not_name_the_mistake_is_found(mistake):
    unexplained, _ = differences(ARM["calls"], keras.layers.SimpleRNN, mistaken(mistake))
    assert [one.what for one in unexplained] == ["clear error"]


def test_a_state_of_one_row_for_a_batch_of_none_gets_a_gradient_of_its_shape():
    empty = {"x": [np.zeros((0, 2, 1), "float32")], "initial_state": np.ones((1, 1), "float32")}
    assert differences(ARM["calls"], ExplainedRNN, case_of(empty)) == ([], set())


def test_rounding_that_the_layer_shares_with_simple_rnn_is_no_difference_from_the_loop():
    # Where tanh is near 1, few digits are left of its derivative.
    kernels = [[[2.0625, -2.5625]], [[0.25, 0.5625], [0.25, -0.9375]]]
    x = [[[2.0625], [-2.5625]], [[0.4375], [-0.5625]]]
    case = case_of(units=2, use_bias=False) | {
        "weights": [*map(np.array, kernels)],
        "calls": [{"x": [np.array(x, "float32")]}],
    }
    arm, what = ARM["calls"], "gradient of kernel of call 0, by the loop"
    assert apart(arm, case, what) > TOLERANCE["float32"]
    assert differences(arm, ExplainedRNN, case) == ([], set())


def test_what_both_layers_round_in_float64_is_no_difference_from_the_loop():
    # Keras takes exp(z) − 1 for elu, the loop expm1(z).
    case = case_of({"x": [X.astype("float64")]}, activation="elu", dtype="float64")
    case["weights"][0] = np.full((1, 1), -1e-6)
    arm, what = ARM["calls"], "output 0 of call 0, by the loop"
    assert TOLERANCE["float64"] < apart(arm, case, what) < 1000 * TOLERANCE["float64"]
    assert differences(arm, ExplainedRNN, case) == ([], set())


def test_what_both_layers_share_in_float64_is_a_difference_from_the_loop_if_it_is_large():
    one = Difference("output, by the loop", np.array([1.1]), np.array([1.0]), 0.1)
    for tolerance, expected in ((TOLERANCE["float64"], False), (TOLERANCE["float32"], True)):
        exact = {"output, by the loop": np.array([1.0])}
        assert is_rounding(one, {"output": np.array([1.1])}, exact, tolerance) == expected


def test_a_denormal_number_that_both_layers_take_for_0_is_no_difference_from_the_loop():
    # The loop's pre-activation is above 0, where the slope of relu is 1.
    case = case_of(activation="relu", use_bias=False) | {
        "weights": [np.array([[0.0]]), np.array([[1e-40]])],
        "calls": [
            {
                "x": [np.array([[[0.0], [-0.125]], [[0.625], [0.125]]], "float32")],
                "initial_state": np.array([[0.0625], [-0.0625]], "float32"),
            }
        ],
    }
    arm, what = ARM["calls"], "gradient of kernel of call 0, by the loop"
    assert apart(arm, case, what) > 0.01
    assert differences(arm, ExplainedRNN, case) == ([], set())


@pytest.mark.parametrize(("of_simple_rnn", "expected"), [(1.1, True), (1.01, False), (None, False)])
def test_what_differs_from_the_loop_is_judged_by_the_same_of_simple_rnn(of_simple_rnn, expected):
    one = Difference("output, by the loop", np.array([1.1]), np.array([1.0]), 0.1)
    exact = {"output": np.array([1.0]), "output, by the loop": np.array([1.0])}
    computed = {} if of_simple_rnn is None else {"output": np.array([of_simple_rnn])}
    assert is_rounding(one, computed, exact, 0.1) == expected


def look():
    """A case of which all is shown that can be, and of no array are all numbers 0."""
    call = {"mask": MASK, "training": True, "initial_state": np.ones((2, 3), "float32")}
    rates = {"dropout": 0.5, "recurrent_dropout": 0.25, "seed": 2}
    return case_of(call, units=3, return_sequences=True, **rates) | {
        "weights": [np.array([[0.5, 0.25, -0.5]]), np.eye(3)[::-1] / 2, np.full(3, 0.25)]
    }


def test_a_look_that_shows_what_is_there_is_right():
    assert differences(ARM["looks"], ExplainedRNN, look()) == ([], set())


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_a_look_where_some_units_are_masked_is_right(activation):
    # A unit that is masked is read all the same by those that are not.
    case = look()
    del case["options"]["return_sequences"]  # a loss takes no mask of units
    case["calls"][0]["mask"] = np.stack([MASK, ~MASK, MASK], axis=-1)
    case["options"]["activation"] = activation
    assert differences(ARM["looks"], ExplainedRNN, case) == ([], set())


CHANGES = {"numbers": lambda shown: shown * 1.01, "dtype": lambda shown: shown.astype("float64")}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("of", "name"), [(of, name) for of in (Unfolding, Gradients) for name in of.QUANTITIES]
)
def test_a_look_that_shows_something_else_is_found(monkeypatch, of, name, change):
    unfold, backpropagate = looks.unfold, looks.backpropagate

    def changed(result):
        if not isinstance(result, of):
            return replace(result, unfolding=changed(result.unfolding))
        return replace(result, **{name: CHANGES[change](getattr(result, name))})

    if of is Unfolding:
        monkeypatch.setattr(looks, "unfold", lambda *args, **more: changed(unfold(*args, **more)))
    monkeypatch.setattr(
        looks, "backpropagate", lambda *args, **more: changed(backpropagate(*args, **more))
    )
    assert differences(ARM["looks"], ExplainedRNN, look())[0] != []


@pytest.mark.parametrize(
    "name", ["summands", "summand_norms", "flow", "jacobian", "jacobian_norms"]
)
def test_a_look_that_follows_gradients_wrongly_is_found(monkeypatch, name):
    right = getattr(Gradients, name)

    def wrong(*args):
        given = right(*args)
        match name:
            case "summands":
                return [2 * one for one in given]
            case "flow":
                return replace(given, size=2 * given.size)
            case "jacobian_norms":
                return given[0], 2 * given[1]
        return 2 * given

    monkeypatch.setattr(Gradients, name, wrong)
    assert differences(ARM["looks"], ExplainedRNN, look())[0] != []


@pytest.mark.parametrize("ours", [{}, {"truncate_bptt": 1}])
def test_nothing_that_a_look_shows_is_explained_by_a_known_difference(monkeypatch, ours):
    case, right = {**case_of({"mask": MASK}), "ours": ours}, looks.backpropagate

    def wrong(*args, **keywords):
        gradients = right(*args, **keywords)
        gradients.x[...] *= 3
        return gradients

    assert differences(ARM["looks"], ExplainedRNN, case) == ([], set())
    monkeypatch.setattr(looks, "backpropagate", wrong)
    unexplained, names = differences(ARM["looks"], ExplainedRNN, case)
    assert [difference.what for difference in unexplained] == ["gradient of x"]
    assert names == set()


@pytest.mark.parametrize(
    ("actual", "expected", "apart"),
    [
        ([1.0, np.nan, np.inf], [1.0, np.nan, np.inf], 0),
        ([1.0, np.inf], [1.0, -np.inf], np.inf),
        ([1.0, np.nan], [1.0, 2.0], np.inf),
        ([1.0], [1.0, 1.0], np.inf),
        ([2.0], [4.0], 0.5),
        ([0.0], [1e-5], 1),
        ([0.0], [5e-7], 0.5),
        ([], [], 0),
    ],
)
def test_what_is_not_finite_is_compared(actual, expected, apart):
    assert comparing.difference(np.array(actual), np.array(expected)) == apart


@pytest.mark.parametrize(
    ("actual", "expected", "apart"),
    [
        (ValueError("one"), ValueError("other"), 0),
        (ValueError("one"), TypeError("one"), np.inf),
        (ValueError("one"), comparing.NOTHING, np.inf),
        ("float32", "float32", 0),
        ("float32", np.float32(1), np.inf),
        (None, None, 0),
    ],
)
def test_errors_and_text_are_compared(actual, expected, apart):
    assert comparing.difference(actual, expected) == apart


def test_a_case_is_written_as_python_reads_it():
    case = case_of({"mask": MASK, "x": [NOT_FINITE]}, units=np.int64(2), stateful=True)
    names = {"array": np.array, "zeros": np.zeros, "int64": np.int64, "nan": np.nan, "inf": np.inf}
    np.testing.assert_equal(eval(reproducing.written(case), names), case)  # of this very file
    empty = eval(reproducing.written({"x": np.zeros((0, 2), "float32")}), names)
    assert (empty["x"].shape, empty["x"].dtype) == ((0, 2), "float32")


def test_hunts_make_all_cases_by_the_arms_shares_and_each_once():
    planned = hunting.hunts(10_000, 3, ARMS, "a.B")
    assert sum(hunt.cases for hunt in planned) == 10_000
    assert len({(hunt.arm, hunt.seed) for hunt in planned}) == len(planned)
    for arm in ARMS:
        assert sum(hunt.cases for hunt in planned if hunt.arm == arm.name) == 10 * arm.share
    others = hunting.hunts(10_000, 4, ARMS, "a.B")
    assert not {hunt.seed for hunt in planned} & {hunt.seed for hunt in others}
