"""What is measured: which calls, of which cases, by which peers."""

from dataclasses import dataclass, replace
from typing import Any

from benchmarks.cases import DROPOUT, Case

SHAPES = (
    Case(32, 100, 32, 64),
    Case(32, 100, 128, 128),
    Case(64, 200, 64, 256),
    Case(1, 100, 8, 16),
    Case(32, 1000, 16, 32),
    Case(128, 50, 256, 512),
)
SMALL, LARGE, LARGEST = SHAPES[0], SHAPES[2], SHAPES[-1]

GROWING = {
    "time": (25, 100, 400, 1600),
    "batch": (8, 32, 128, 512),
    "units": (16, 64, 256, 1024),
}
"""By which measure, and through which values, `SMALL` grows while the rest stays."""

MODES = ("simple_rnn", "simple_rnn_unroll", "simple_rnn_jit")
"""The peers that are `SimpleRNN`."""

NETWORKS = ("ours", "ours_plain", *MODES, "torch", "jax")


def _grown(measure: str, value: int) -> Case:
    change: dict[str, Any] = {measure: value}
    return replace(SMALL, **change)


@dataclass(frozen=True)
class Experiment:
    """A table of the report.

    Attributes:
        title: What the report says above it.
        cases: Its rows; each once for each of the `kinds`.
        kinds: The calls, by the names they have in `benchmarks.peers`.
        peers: Its columns. Who can't do a case is left out there.
        fresh_processes: How many fresh processes a peer runs each row in, at most, for what happens
            once; 0 if peers take turns in processes that stay.
    """

    title: str
    cases: tuple[Case, ...]
    kinds: tuple[str, ...]
    peers: tuple[str, ...]
    fresh_processes: int = 0


VARIANTS: tuple[dict[str, Any], ...] = (
    {"activation": "relu"},
    {"masked": True},
    {"dropout": DROPOUT},
    {"dtype": "bfloat16"},
)

EXPERIMENTS = {
    "import": Experiment("Import", (), (), ("ours", "simple_rnn"), fresh_processes=5),
    "first-call": Experiment(
        "First training step: tracing, compiling and running",
        (SMALL,),
        ("training",),
        ("ours", *MODES, "torch", "jax"),
        fresh_processes=3,
    ),
    "memory": Experiment(
        "Peak memory of a training step",
        tuple(Case(32, time, 16, units) for time in (1000, 10_000) for units in (32, 64)),
        ("training",),
        ("ours", "simple_rnn", "simple_rnn_jit", "torch", "jax"),
        fresh_processes=1,
    ),
    "lengths": Experiment(
        "Fifty training steps, each of another length: all of it, tracing and compiling included",
        (Case(32, 100, 16, 32),),
        ("lengths_function", "lengths_fit", "lengths_eager"),
        ("ours", "simple_rnn", "torch", "jax"),
        fresh_processes=5,
    ),
    "forward": Experiment("Forward pass", SHAPES, ("forward",), (*NETWORKS, "gemm")),
    "training": Experiment("Training step", SHAPES, ("training",), (*NETWORKS, "gemm")),
    "variants": Experiment(
        "Training step, variants",
        tuple(replace(shape, **variant) for variant in VARIANTS for shape in (SMALL, LARGE)),
        ("training",),
        NETWORKS,
    ),
    "fit": Experiment(
        "Epoch of `model.fit`",
        (SMALL, LARGE, SHAPES[3], SHAPES[4]),
        ("fit",),
        ("ours", "simple_rnn", "simple_rnn_jit"),
    ),
    "growth": Experiment(
        "Growth of the training step",
        tuple(
            dict.fromkeys(
                _grown(measure, value) for measure, values in GROWING.items() for value in values
            )
        ),
        ("training",),
        ("ours", "simple_rnn", "torch", "jax"),
    ),
}

# What only times what another experiment computes too has no numbers to check.
QUICK = ("forward", "training", "variants", "fit", "lengths")


def made_tiny(experiment: Experiment) -> Experiment:
    """The same on shapes so small that only the numbers matter."""
    tiny = (
        replace(
            case,
            batch=min(case.batch, 3),
            time=min(case.time, 6),
            features=min(case.features, 4),
            units=min(case.units, 5),
        )
        for case in experiment.cases
    )
    return replace(experiment, cases=tuple(dict.fromkeys(tiny)))
