"""The report: Markdown to read, JSON to go on with."""

import math
from typing import Any

from benchmarks.experiments import EXPERIMENTS, Experiment
from benchmarks.goals import Goal, goals
from benchmarks.peers import PEERS
from benchmarks.results import Results, Summary, geometric_mean

IN_SECONDS = ("import", "first-call", "lengths")

HOW = """\
Each peer runs in a process of its own with {threads} threads and as many processors; PyTorch with
one thread where that is faster. Where calls are timed, peers are warmed up and then take turns,
{rounds} rounds, never two at a time. Before that, outputs, loss and gradients of all peers agreed
with a float64 reference; where it does not reach (dropout, epochs, lengths), with `SimpleRNN`.
`benchmarks/agreement.py` says how closely.

A shape is batch×time×features→units. A forward pass ends with the last state. A training step is
the forward pass, the mean of the squared last state as the loss, and the gradients of kernel,
recurrent kernel and bias.

The GEMM floor is the matrix products of the network alone with nothing that waits: those of all
time steps as one product, once forward and in training once backward, the input projection, and in
training the two products for the gradients of the kernels. It is the fastest of NumPy, TensorFlow
and XLA.

Cells: median [minimum, lower quartile–upper quartile]."""

ABOUT = {
    "import": "In seconds. SimpleRNN stands for `keras`, ExplainedRNN for `keras_rnn_explained`.",
    "first-call": "In seconds, in fresh processes, after import and building.",
    "memory": (
        "In MiB, in fresh processes: the most that the process holds during the step (VmHWM), less "
        "what it held after import and building (VmRSS). The first step includes tracing and "
        "compiling; the later one, the fourth, what is kept of that."
    ),
    "lengths": "In seconds, in fresh processes, after import and building.",
    "fit": (
        "In milliseconds, 16 batches of a `tf.data.Dataset` without autotuning, for whose thread "
        "the end of an epoch would wait; with a `Dense` head, Adam and no other option."
    ),
}


def markdown(about: dict[str, Any], results: Results) -> str:
    """The whole report.

    Args:
        about: The run: `command`, `threads`, `rounds`, `machine`, `versions`.
        results: What it measured.
    """
    absent = {peer: PEERS[peer] for peer in PEERS if not PEERS[peer].is_installed}
    parts = [
        "# Benchmarks",
        f"Written by `{about['command']}`.",
        table(["machine", ""], [[*item] for item in about["machine"].items()], left=2),
        table(["package", "version"], [[*item] for item in about["versions"].items()], left=2),
        *(
            f"{peer.label} is not installed: `pip install {peer.package}`."
            for peer in absent.values()
        ),
        HOW.format(**about),
        "## Goals",
        goals_table(goals(results)),
    ]
    for name, experiment in EXPERIMENTS.items():
        if results.of(name):
            parts += section(name, experiment, results)
    return "\n\n".join(parts) + "\n"


def goals_table(reached_or_not: list[Goal]) -> str:
    """Each goal with what was measured."""
    verdicts = {True: "reached", False: "**missed**", None: "not measured"}
    return table(
        ["goal", "", "bound", "measured", ""],
        [
            [
                goal.text,
                goal.where,
                f"{'≥' if goal.higher_is_better else '≤'} {goal.bound:g}{goal.unit}",
                number(goal.value) + (goal.unit if goal.reached is not None else ""),
                verdicts[goal.reached],
            ]
            for goal in reached_or_not
        ],
        left=2,
    )


def section(name: str, experiment: Experiment, results: Results) -> list[str]:
    """One experiment: what it measured, and that as multiples of ours."""
    peers = [peer for peer in experiment.peers if peer in PEERS]
    labels = [PEERS[peer].label for peer in peers]
    rows = results.rows(name)
    scale = 1 / 2**20 if name == "memory" else 1 if name in IN_SECONDS else 1e3
    parts = [
        f"## {experiment.title}",
        ABOUT.get(name, "In milliseconds."),
        table(["", *labels], [[row, *_cells(name, row, peers, results, scale)] for row in rows]),
    ]
    others = [peer for peer in peers if peer != "ours" and results.ratios(name, peer)]
    if others:
        ratios = [[row, *(_times(results.ratio(name, row, p)) for p in others)] for row in rows]
        means = [_times(geometric_mean(results.ratios(name, peer).values())) for peer in others]
        if len(rows) > 1:
            ratios.append(["geometric mean", *means])
        header = ["as multiples of ExplainedRNN's", *(PEERS[peer].label for peer in others)]
        parts.append(table(header, ratios))
    for peer in peers:
        notes = [f"{r.row} {r.note}" for r in results.of(name) if r.note and r.peer == peer]
        if notes:
            parts.append(f"Fastest way of {PEERS[peer].label}: {'; '.join(notes)}.")
    return parts


def table(header: list[str], rows: list[list[str]], left: int = 1) -> str:
    """A Markdown table: so many columns to the left, the others to the right."""
    alignment = [":--"] * left + ["--:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, alignment, *rows])


def number(value: float) -> str:
    """Three significant digits, and no exponent; a dash for nan."""
    if math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    return f"{value:.{max(2 - math.floor(math.log10(abs(value))), 0)}f}"


def cell(summary: Summary, scale: float = 1.0) -> str:
    """Median and spread; the median alone of a single sample."""
    median, minimum, lower, upper = (
        number(value * scale)
        for value in (
            summary.median,
            summary.minimum,
            summary.lower_quartile,
            summary.upper_quartile,
        )
    )
    return median if summary.samples == 1 else f"{median} [{minimum}, {lower}–{upper}]"


def _cells(name, row, peers, results, scale):
    for peer in peers:
        found = results.get(name, row, peer)
        if found is not None:
            yield cell(found.summary, scale)
        else:
            yield "–" if PEERS[peer].is_installed else "not installed"


def _times(ratio):
    return "–" if math.isnan(ratio) else f"{number(ratio)}×"
