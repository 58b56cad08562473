"""What was to be reached, and whether it was."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.experiments import LARGEST, MODES
from benchmarks.measuring import LENGTHS
from benchmarks.results import Results, geometric_mean


@dataclass(frozen=True)
class Goal:
    """A bound on what was measured.

    Attributes:
        text: What is measured.
        bound: The worst value that is good enough.
        higher_is_better: Whether the value is to be at least the bound, or at most.
        value: What came out; nan if it was not measured.
        unit: Of both.
        where: Which row the value is of, if it is of one.
    """

    text: str
    bound: float
    higher_is_better: bool
    value: float
    unit: str = "×"
    where: str = ""

    @property
    def reached(self) -> bool | None:
        """`None` if it was not measured."""
        if math.isnan(self.value):
            return None
        return self.value >= self.bound if self.higher_is_better else self.value <= self.bound

    def as_json(self) -> dict[str, Any]:
        """As JSON can hold it, which has no nan."""
        value = None if math.isnan(self.value) else self.value
        return {**asdict(self), "value": value, "reached": self.reached}


def goals(results: Results) -> list[Goal]:
    """All goals. Ratios are of medians, and means of ratios are geometric."""
    to_default = results.ratios("training", "simple_rnn")
    to_best_mode = results.ratios("training", *MODES)
    slowest = min(to_best_mode, key=to_best_mode.__getitem__, default="")
    return [
        _at_least(
            3, "Training: faster than `SimpleRNN`, mean", geometric_mean(to_default.values())
        ),
        _at_least(
            1,
            "Training: faster than the best mode of `SimpleRNN`, worst shape",
            to_best_mode.get(slowest, math.nan),
            where=slowest,
        ),
        _at_least(
            1.5,
            "Training: faster than the best mode of `SimpleRNN`, mean",
            geometric_mean(to_best_mode.values()),
        ),
        *(
            _at_least(
                bound,
                f"Training: faster than {label}, mean",
                geometric_mean(results.ratios("training", peer).values()),
            )
            for peer, label, bound in (("torch", "PyTorch", 2), ("jax", "JAX", 1.2))
        ),
        _at_most(
            1.3,
            "Training: time of the matrix products alone",
            results.ratio("training", str(LARGEST), "ours", to="gemm"),
            where=str(LARGEST),
        ),
        *(
            _at_most(
                0.5,
                "Peak memory of a training step: `SimpleRNN`'s",
                results.ratio("memory", row, "ours", to="simple_rnn"),
                where=row,
            )
            for row in results.rows("memory")
            if "×1000×" in row
        ),
        _at_most(
            0.3, "First call: longer than `SimpleRNN`'s", _difference(results, "first-call"), " s"
        ),
        *(
            _at_most(
                1,
                "Fifty lengths: time of `SimpleRNN`",
                results.ratio("lengths", row, "ours", to="simple_rnn"),
                where=row,
            )
            for row in LENGTHS.values()
        ),
        _at_most(0.05, "Import, beyond `import keras`", _import(results), " s"),
    ]


def _at_least(bound, text, value, unit="×", where=""):
    return Goal(text, bound, True, value, unit, where)


def _at_most(bound, text, value, unit="×", where=""):
    return Goal(text, bound, False, value, unit, where)


def _difference(results, experiment):
    """Ours minus SimpleRNN's, in the only row."""
    for row in results.rows(experiment):
        ours = results.get(experiment, row, "ours")
        theirs = results.get(experiment, row, "simple_rnn")
        if ours and theirs:
            return ours.summary.median - theirs.summary.median
    return math.nan


def _import(results):
    found = results.get("import", "`import` after `import keras`", "ours")
    return found.summary.median if found else math.nan
