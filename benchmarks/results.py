"""What was measured."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.cases import Case


@dataclass(frozen=True)
class Summary:
    """Samples of a time in seconds, or of memory in bytes: their median and spread."""

    median: float
    minimum: float
    lower_quartile: float
    upper_quartile: float
    samples: int

    @classmethod
    def of(cls, samples: list[float]) -> "Summary":
        """The summary of at least one sample."""
        minimum, lower, median, upper = np.percentile(samples, [0, 25, 50, 75])
        return cls(float(median), float(minimum), float(lower), float(upper), len(samples))


@dataclass(frozen=True)
class Result:
    """One cell of a table.

    Attributes:
        experiment: Key in `EXPERIMENTS`: the table.
        row: Name of the row.
        peer: Key in `PEERS`: the column.
        summary: The samples.
        case: What was computed, if anything.
        note: What the peer had to say.
    """

    experiment: str
    row: str
    peer: str
    summary: Summary
    case: Case | None = None
    note: str | None = None


class Results:
    """All that was measured.

    Args:
        results: In the order in which the report shows them.
    """

    def __init__(self, results: Iterable[Result] = ()):
        self._results = {(r.experiment, r.row, r.peer): r for r in results}

    def of(self, experiment: str) -> list[Result]:
        """The results of one experiment."""
        return [r for r in self._results.values() if r.experiment == experiment]

    def rows(self, experiment: str) -> list[str]:
        """Names of its rows."""
        return list(dict.fromkeys(r.row for r in self.of(experiment)))

    def get(self, experiment: str, row: str, peer: str) -> Result | None:
        """A cell; `None` if it was not measured."""
        return self._results.get((experiment, row, peer))

    def ratio(self, experiment: str, row: str, peer: str, to: str = "ours") -> float:
        """How many times the median of another peer one's median is; nan where one is missing."""
        over, under = self.get(experiment, row, peer), self.get(experiment, row, to)
        if over is None or under is None or under.summary.median == 0:
            return math.nan
        return over.summary.median / under.summary.median

    def ratios(self, experiment: str, *peers: str) -> dict[str, float]:
        """By row, the ratio of the best of some peers to ours. Rows without one are left out."""
        best = {
            row: [
                ratio
                for ratio in (self.ratio(experiment, row, peer) for peer in peers)
                if not math.isnan(ratio)
            ]
            for row in self.rows(experiment)
        }
        return {row: min(found) for row, found in best.items() if found}

    @classmethod
    def from_json(cls, found: Iterable[dict[str, Any]]) -> "Results":
        """What `as_json` gave."""
        return cls(
            Result(
                **{
                    **one,
                    "summary": Summary(**one["summary"]),
                    "case": one["case"] and Case(**one["case"]),
                }
            )
            for one in found
        )

    def as_json(self) -> list[dict[str, Any]]:
        """As JSON can hold it."""
        return [asdict(result) for result in self._results.values()]


def geometric_mean(ratios: Iterable[float]) -> float:
    """Where twice as long and half as long make 1; nan of nothing."""
    logarithms = [math.log(ratio) for ratio in ratios]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else math.nan
