"""The benchmarks check the numbers before they time, and report what they measured."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest

from benchmarks import backends, growth, memory, reference
from benchmarks.__main__ import main
from benchmarks.agreement import DisagreementError, differences, relative_difference
from benchmarks.cases import Case, data
from benchmarks.experiments import EXPERIMENTS, SHAPES, made_tiny
from benchmarks.goals import goals
from benchmarks.peers import PEERS
from benchmarks.peers.fastest import Fastest
from benchmarks.report import cell, markdown, number, section, table
from benchmarks.results import Result, Results, Summary, geometric_mean
from docs_build.on_pages import backends as on_page
from keras_rnn_explained import ExplainedRNN
from tests import reference as oracle

ROOT = Path(__file__).parent.parent
SMALL = Case(2, 4, 3, 5)
ALL_PEERS = dict(PEERS)


def result(experiment, row, peer, seconds, case=None):
    return Result(experiment, row, peer, Summary.of([seconds]), case)


# The command


@pytest.mark.slow
def test_the_quick_run_finds_that_all_peers_compute_the_same_numbers():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "All peers compute the same numbers" in done.stdout
    for call in ("forward", "training", "fit", "lengths_eager"):
        assert f"| {call} |" in done.stdout
    for peer in PEERS.values():
        assert peer.is_installed != (f"{peer.label} is not installed: `pip install" in done.stdout)


class Broken:
    """A peer with the right shapes and wrong numbers."""

    def __init__(self):
        self.versions = {"broken": "1"}

    def prepare(self, case, kind):
        return lambda: {name: 1.01 * array for name, array in reference.forward(case).items()}


class Failing(Broken):
    def prepare(self, case, kind):
        raise NotImplementedError("on purpose")


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        ("Broken", "broken: output is off by 1.0e-02"),
        ("Failing", "NotImplementedError: on purpose"),
    ],
)
@pytest.mark.parametrize("quick", [["--quick"], []])
def test_a_peer_that_is_wrong_fails_the_run(factory, message, quick, monkeypatch, capsys, tmp_path):
    for name in ALL_PEERS:
        monkeypatch.delitem(PEERS, name)
    broken = replace(ALL_PEERS["jax"], factory=f"{__name__}:{factory}", package="numpy")
    monkeypatch.setitem(PEERS, "broken", broken)
    tiny = replace(made_tiny(EXPERIMENTS["forward"]), peers=("broken",))
    monkeypatch.setitem(EXPERIMENTS, "forward", tiny)
    report = tmp_path / "RESULTS.md"
    arguments = ["--only", "forward", "--output", str(report), "--json", str(tmp_path / "json")]
    assert main([*quick, *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not report.exists()


@pytest.mark.slow
def test_a_measured_run_writes_the_report_and_the_same_as_json(monkeypatch, tmp_path):
    for name in set(ALL_PEERS) - {"ours", "simple_rnn"}:
        monkeypatch.delitem(PEERS, name)
    for name in ("training", "memory"):
        monkeypatch.setitem(EXPERIMENTS, name, made_tiny(EXPERIMENTS[name]))
    report, numbers = tmp_path / "RESULTS.md", tmp_path / "results.json"
    arguments = ["--rounds", "1", "--output", str(report), "--json", str(numbers)]
    assert main(["--only", "training,memory", *arguments]) == 0

    text = report.read_text(encoding="utf-8")
    assert "--only training,memory --rounds 1" in text
    assert "## Training step" in text
    assert "| geometric mean |" in text
    found = json.loads(numbers.read_text(encoding="utf-8"))
    measured = {(r["experiment"], r["peer"]) for r in found["results"]}
    timed = {("training", "ours"), ("training", "simple_rnn")}
    if memory.IS_KNOWN:
        timed |= {("memory", "ours"), ("memory", "simple_rnn")}
    assert measured == timed
    assert all(r["summary"]["median"] > 0 for r in found["results"] if r["peer"] == "training")


def test_an_unknown_experiment_is_refused_by_name(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--only", "speed"])
    assert end.value.code == 2
    assert "there is no 'speed', only import, first-call" in capsys.readouterr().err


# Agreement


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_reference_agrees_with_the_oracle_of_the_other_tests(activation, masked):
    case = replace(SMALL, activation=activation, masked=masked)
    given = data(case)
    arguments = [given.x.astype("float64"), *given.parameters, np.zeros((2, 5)), activation]
    _, states = oracle.forward(*arguments, mask=given.mask)
    upstream = np.zeros_like(states)
    upstream[:, -1] = 2 * states[:, -1] / states[:, -1].size
    gradients = oracle.bptt(*arguments, upstream, mask=given.mask)

    np.testing.assert_allclose(reference.forward(case)["output"], states[:, -1])
    computed = reference.training(case)
    np.testing.assert_allclose(computed["loss"], np.mean(states[:, -1] ** 2))
    for name in ("kernel", "recurrent_kernel", "bias"):
        np.testing.assert_allclose(computed[name], gradients[name], atol=1e-15)


def test_a_difference_beyond_the_tolerance_names_the_peer_and_the_number():
    right = reference.training(SMALL)
    wrong = {**right, "bias": right["bias"] * 1.001}
    with pytest.raises(DisagreementError, match=r"theirs: bias is off by 1\.0e-03"):
        differences(SMALL, "training", {"ours": right, "theirs": wrong})


def test_nan_and_a_wrong_shape_are_differences():
    right = reference.forward(SMALL)
    for wrong in (right["output"] * np.nan, right["output"][:, :1]):
        with pytest.raises(DisagreementError):
            differences(SMALL, "forward", {"theirs": {"output": wrong}})


def test_with_dropout_the_peers_have_to_agree_with_simple_rnn():
    case = replace(SMALL, dropout=0.5)
    one, two = {"loss": np.array(1.0)}, {"loss": np.array(2.0)}
    assert differences(case, "training", {"simple_rnn": one, "ours": one})["ours"] == 0
    with pytest.raises(DisagreementError, match="ours: loss"):
        differences(case, "training", {"simple_rnn": one, "ours": two})


def test_the_difference_is_relative_to_the_largest_number():
    assert relative_difference(np.array([1.0, 100.0]), np.array([2.0, 100.0])) == 0.01


def test_a_peer_without_numbers_is_not_judged():
    assert differences(SMALL, "forward", {"gemm": {}}) == {}


# Results and report


def test_the_geometric_mean_of_twice_and_half_is_one():
    assert geometric_mean([2, 0.5]) == pytest.approx(1)
    assert geometric_mean([1, 8]) == pytest.approx(math.sqrt(8))
    assert math.isnan(geometric_mean([]))


def test_a_ratio_is_to_ours_and_to_the_best_of_several_peers():
    results = Results(
        [
            result("training", "a", "ours", 2.0),
            result("training", "a", "simple_rnn", 6.0),
            result("training", "a", "simple_rnn_jit", 4.0),
            result("training", "b", "simple_rnn", 1.0),
        ]
    )
    assert results.ratio("training", "a", "simple_rnn") == 3
    assert results.ratios("training", "simple_rnn", "simple_rnn_jit") == {"a": 2}
    assert math.isnan(results.ratio("training", "b", "simple_rnn"))


def test_goals_are_reached_missed_or_not_measured():
    row = str(SHAPES[0])
    results = Results(
        [
            result("training", row, "ours", 1.0),
            result("training", row, "simple_rnn", 4.0),
            result("training", row, "simple_rnn_jit", 0.9),
        ]
    )
    found = {(goal.text, goal.where): goal for goal in goals(results)}
    mean = found["Training: faster than `SimpleRNN`, mean", ""]
    worst = found["Training: faster than the best mode of `SimpleRNN`, worst shape", row]
    assert mean.reached is True
    assert mean.value == pytest.approx(4)
    assert worst.reached is False
    assert worst.value == pytest.approx(0.9)
    assert found["Training: faster than JAX, mean", ""].reached is None
    assert found["Training: faster than JAX, mean", ""].as_json()["value"] is None


def test_numbers_have_three_significant_digits():
    values = [0.0012345, 0.12345, 1.2345, 12.345, 1234.5, 0, math.nan]
    assert [*map(number, values)] == ["0.00123", "0.123", "1.23", "12.3", "1234", "0", "–"]


def test_a_cell_shows_the_median_and_the_spread():
    assert cell(Summary.of([1.0, 2.0, 3.0, 4.0, 5.0])) == "3.00 [1.00, 2.00–4.00]"
    assert cell(Summary.of([0.002]), scale=1e3) == "2.00"


def test_a_table_is_markdown():
    assert table(["", "a"], [["b", "c"]]) == "|  | a |\n| :-- | --: |\n| b | c |"


def test_a_peer_that_is_missing_is_reported_with_what_to_install(monkeypatch):
    monkeypatch.setitem(PEERS, "torch", replace(PEERS["torch"], package="not-there"))
    results = Results(
        [result("training", "a", "ours", 0.001), result("training", "a", "simple_rnn", 0.003)]
    )
    values, ratios = (
        part.splitlines()[-1]
        for part in section("training", EXPERIMENTS["training"], results)
        if part.startswith("|")
    )
    assert values.startswith("| a | 1.00 | – | 3.00 |")
    assert "not installed" in values
    assert ratios == "| a | 3.00× |"
    about = {"command": "c", "threads": 2, "rounds": 7, "machine": {}, "versions": {}}
    report = markdown(about, results)
    assert "PyTorch nn.RNN is not installed: `pip install not-there`." in report


def test_the_growth_is_drawn_with_text_as_text(tmp_path):
    pytest.importorskip("matplotlib")
    cases = EXPERIMENTS["growth"].cases
    results = Results(
        result("growth", str(case), peer, 1e-6 * case.time * case.units, case)
        for case in cases
        for peer in ("ours", "simple_rnn")
    )
    path = tmp_path / "growth.svg"
    assert growth.draw(results, path)
    assert "ExplainedRNN</text>" in path.read_text(encoding="utf-8")
    assert not growth.draw(Results(), path)


# Measuring


@pytest.mark.skipif(not memory.IS_KNOWN, reason="only Linux tells")
def test_the_peak_is_that_of_the_call_and_not_of_what_was_before():
    np.ones(90_000_000, "uint8")
    held = memory.held()
    size, peak = memory.with_peak(lambda: np.ones(30_000_000, "uint8").size)
    assert size == 30_000_000
    assert 29_000_000 < peak - held < 45_000_000


def test_the_fastest_way_is_found():
    def slow():
        sum(range(100_000))
        return {"way": "slow"}

    call = Fastest({"slow": slow, "fast": lambda: {"way": "fast"}})
    assert call()["way"] == "slow"
    call.tune()
    assert call.note == "fast"
    assert call()["way"] == "fast"


def test_every_experiment_names_peers_that_can_do_it():
    for name, experiment in EXPERIMENTS.items():
        assert set(experiment.peers) <= set(ALL_PEERS), name
        for kind in experiment.kinds:
            for case in experiment.cases:
                assert PEERS["ours"].takes(case, kind)


# On each backend


def test_on_a_backend_both_layers_are_timed():
    found = backends.measured(SMALL, rounds=2)
    assert found.keys() == {"simple_rnn", "ours"}
    assert min(found.values()) > 0


def test_on_a_backend_a_layer_that_learns_something_else_is_not_timed(monkeypatch):
    monkeypatch.setitem(backends.LAYERS, "ours", partial(ExplainedRNN, activation="relu"))
    with pytest.raises(AssertionError, match="2×4×3→5: losses differ by"):
        backends.measured(SMALL, rounds=1)


def test_what_other_backends_and_devices_took_is_kept(monkeypatch, tmp_path, capsys):
    file, own = tmp_path / "backends.json", keras.backend.backend()
    monkeypatch.setattr(backends, "FILE", file)
    monkeypatch.setattr(backends, "CASES", (SMALL,))
    monkeypatch.setattr(backends, "ROUNDS", 1)
    other = {"device": "another", "backend": own}
    for before in ([other], [{"device": backends.device(), "backend": own}, other]):
        file.write_text(json.dumps(before), encoding="utf-8")
        backends.results.cache_clear()
        assert backends.main() == 0
        assert capsys.readouterr().out.startswith("2×4×3→5: ")
        found = json.loads(file.read_text(encoding="utf-8"))
        assert other in found
        (new,) = (one for one in found if one != other)
        assert new["device"] == backends.device()
        assert new["milliseconds"].keys() == {str(SMALL)}
    backends.results.cache_clear()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_has_a_row_for_each_backend_and_device(language):
    rows = on_page.speed(language).splitlines()[2:]
    assert len(rows) == len(backends.results()) >= 3
    for one, row in zip(backends.results(), rows, strict=True):
        assert one["device"] in row
        assert one["versions"][one["backend"]] in row
        assert row.count(" → ") == len(backends.CASES)


def test_everything_is_short_enough_to_read():
    for path in (ROOT / "benchmarks").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 250, path.name
