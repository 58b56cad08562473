"""What the page of benchmarks says in words is what the numbers say, in both languages."""

import re

import pytest

from benchmarks import growth
from benchmarks.experiments import EXPERIMENTS, MODES
from benchmarks.goals import goals
from benchmarks.peers import PEERS
from benchmarks.results import Results, geometric_mean
from docs_build.on_pages import benchmarks
from keras_rnn_explained.figures import drawing

RESULTS = benchmarks._results()
IN_CODE = re.compile(r"`[^`]*`")


def mean(experiment, *peers):
    return geometric_mean(RESULTS.ratios(experiment, *peers).values())


def test_results_are_read_as_they_were_written():
    assert RESULTS.as_json() == benchmarks._found()["results"]


def test_everything_that_is_shown_has_a_japanese_name():
    texts = [goal.text for goal in goals(RESULTS)]
    texts += growth.NAMES.values()
    texts += benchmarks._found()["machine"]
    assert set(texts) <= benchmarks.JAPANESE.keys()
    # The names of options stay, and those of what is measured.
    names = {"relu", "mask", "dropout", "bfloat"}
    for experiment in EXPERIMENTS:
        for row in RESULTS.rows(experiment):
            shown = IN_CODE.sub("", benchmarks._row("ja", row))
            assert set(re.findall("[A-Za-z]{3,}", shown)) - {"Eager"} <= names, row
    assert benchmarks.TEXTS["en"].keys() == benchmarks.TEXTS["ja"].keys()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_table_has_a_row_for_each_shape_and_the_mean(language):
    lines = benchmarks.table(language, "training", "simple_rnn", "jax").splitlines()
    assert len(lines) == 2 + len(RESULTS.rows("training")) + 1
    assert lines[-1].endswith(f"| {mean('training', 'jax'):.2f}× |")


def test_simple_rnn_at_its_best_is_the_fastest_of_its_modes():
    shown = benchmarks.table("en", "training", "best", *MODES).splitlines()[2:-1]
    for line in shown:
        best, *modes = (float(cell.strip(" ×")) for cell in line.split("|")[3:-1])
        assert best == min(modes)


def test_where_it_is_faster():
    assert mean("training", "simple_rnn") > 1
    assert mean("training", *MODES) > 1
    assert RESULTS.ratio("lengths", "called eagerly", "simple_rnn") > 1


def test_where_it_is_slower_or_takes_more():
    assert RESULTS.ratio("training", "1×100×8→16", "jax") < 1
    for row in ("8×100×32→64", "32×100×32→16"):
        assert RESULTS.ratio("growth", row, "jax") < 1
    assert mean("forward", "jax") < 1
    assert 0.9 < mean("forward", "simple_rnn_jit") < 1.1
    for row in RESULTS.rows("memory"):
        assert RESULTS.ratio("memory", row, "simple_rnn") < 1
        assert RESULTS.ratio("memory", row, "simple_rnn_jit") > 1
        assert "×1000×" not in row or RESULTS.ratio("memory", row, "torch") < 1
    thousand = [row for row in RESULTS.rows("memory") if "×1000×" in row]
    times = [RESULTS.ratio("memory", row, "ours", "simple_rnn") for row in thousand]
    assert 2.5 < geometric_mean(times) < 3.5  # "about three times"
    (row,) = RESULTS.rows("first-call")
    assert RESULTS.ratio("first-call", row, "simple_rnn") < 1
    assert all(RESULTS.ratio("first-call", row, p) > 0 for p in ("torch", "jax"))


def test_the_larger_the_batch_the_nearer_the_layers_are():
    rows = [f"{batch}×100×32→64" for batch in (8, 32, 128, 512)]
    ratios = [RESULTS.ratio("growth", row, "simple_rnn") for row in rows]
    assert ratios == sorted(ratios, reverse=True)


def test_the_lines_lie_as_the_names_of_the_drawings_say():
    def others(row):
        return [RESULTS.ratio("growth", row, peer) for peer in ("simple_rnn", "torch", "jax")]

    rows = [f"32×{time}×32→64" for time in (100, 400, 1600)]
    rows += [f"32×100×32→{units}" for units in (64, 256, 1024)]
    assert all(min(others(row)) > 1 for row in rows)
    few, many = (
        {
            peer: RESULTS.get("growth", f"{batch}×100×32→64", peer).summary.median
            for peer in EXPERIMENTS["growth"].peers
        }
        for batch in (8, 512)
    )
    assert max(few, key=lambda peer: many[peer] / few[peer]) == "jax"


def test_the_drawing_has_the_colours_that_turn_on_a_dark_page():
    assert (growth.INK, growth.GREY, growth.LIGHT) == (drawing.INK, drawing.GREY, drawing.LIGHT)
    shown = benchmarks.growth_figure("ja", "time", "名前")
    assert "時刻数" in shown
    assert PEERS["ours"].label in shown
    assert "var(--figure-ink" in shown
    assert "#ffffff" not in shown.lower().replace("--figure-ground, #ffffff", "")


def test_a_goal_that_was_not_measured_is_said_to_be_none():
    texts = benchmarks.TEXTS["en"]
    assert {benchmarks._told(texts, goal) for goal in goals(Results())} == {"not measured"}
