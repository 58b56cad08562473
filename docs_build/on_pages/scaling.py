"""How fast several workers could be: computing as it was measured, their exchange as a model."""

import json
from dataclasses import dataclass

from benchmarks.results import Results
from docs_build.on_pages.benchmarks import FILE

BATCH, TIME, FEATURES, UNITS = 512, 100, 32, 64
BYTES_EACH = 4
LATENCY = 50e-6
"""Of a message, in seconds: an ordinary network between machines."""
BANDWIDTH = 1.25e9
"""In bytes a second: 10 Gbit/s."""

TEXTS = {
    "en": [
        "workers",
        "sequences each",
        "computing, measured (ms)",
        "exchange, modelled (ms)",
        "speed-up, modelled",
    ],
    "ja": [
        "ワーカー数",
        "それぞれの系列数",
        "計算(測定、ミリ秒)",
        "通信(モデル、ミリ秒)",
        "速度の比(モデル)",
    ],
}


@dataclass(frozen=True)
class Step:
    """A training step of several workers.

    Attributes:
        workers: How many.
        computing: Seconds that each needs for its part of the batch.
        exchange: Seconds that adding up the gradients takes.
    """

    workers: int
    computing: float
    exchange: float

    @property
    def seconds(self) -> float:
        """All in all, if the exchange begins after the computing."""
        return self.computing + self.exchange


def parameters() -> int:
    """Numbers in the layer, and so in its gradient."""
    return FEATURES * UNITS + UNITS**2 + UNITS


def exchange(workers: int) -> float:
    """Seconds in a ring: 2·(workers − 1) messages, each with one part of the gradient."""
    messages = 2 * (workers - 1)
    return messages * (LATENCY + parameters() * BYTES_EACH / workers / BANDWIDTH)


def steps() -> list[Step]:
    """One for each batch size that was measured: as many workers as then share `BATCH`."""
    results = Results.from_json(json.loads(FILE.read_text(encoding="utf-8"))["results"])
    found = []
    for batch in (512, 128, 32, 8):
        row = f"{batch}×{TIME}×{FEATURES}→{UNITS}"
        measured = results.get("growth", row, "ours")
        assert measured is not None, row
        workers = BATCH // batch
        found.append(Step(workers, measured.summary.median, exchange(workers)))
    return found


def table(language: str) -> str:
    """What each number of workers would reach."""
    every = steps()
    rows = [
        [
            str(step.workers),
            str(BATCH // step.workers),
            f"{step.computing * 1e3:.1f}",
            f"{step.exchange * 1e3:.1f}",
            f"{every[0].seconds / step.seconds:.1f}",
        ]
        for step in every
    ]
    lines = [TEXTS[language], ["--:"] * 5, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def assumed(language: str, what: str) -> str:
    """`case`, `kilobytes`, `microseconds` or `gigabits`."""
    return {
        "case": f"{BATCH}×{TIME}×{FEATURES}→{UNITS}",
        "kilobytes": f"{parameters() * BYTES_EACH / 1e3:.0f}",
        "microseconds": f"{LATENCY * 1e6:.0f}",
        "gigabits": f"{BANDWIDTH * 8 / 1e9:.0f}",
    }[what]
