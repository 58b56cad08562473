"""What was measured by `python -m benchmarks`, from its `results.json`."""

import json
import math
from functools import cache

from benchmarks import growth
from benchmarks.experiments import MODES
from benchmarks.goals import goals as goals_of
from benchmarks.peers import PEERS
from benchmarks.report import IN_SECONDS, number
from benchmarks.results import Results, geometric_mean
from docs_build import ROOT
from docs_build.facts import facts
from docs_build.on_pages import drawings

FILE = ROOT / "benchmarks" / "results.json"

JAPANESE = {
    # The machine
    "processor": "プロセッサ",
    "processors to use": "使用したプロセッサ数",
    "memory": "メモリ",
    "system": "システム",
    "python": "Python",
    "load before the run": "実行前の負荷",
    # Peers
    "GEMM floor": "行列積だけ",
    # Rows
    "first step": "最初のステップ",
    "a later step": "その後のステップ",
    "`import` after `import keras`": "`import keras` の後の `import`",
    "`tf.function`, time dimension unknown": "`tf.function`、時刻数は未定",
    "`model.fit` on a `tf.data.Dataset`": "`tf.data.Dataset` で `model.fit`",
    "called eagerly": "Eager実行",
    "geometric mean": "幾何平均",
    # Goals
    "Training: faster than `SimpleRNN`, mean": "学習: `SimpleRNN` に対する速さ、平均",
    "Training: faster than the best mode of `SimpleRNN`, worst shape": (
        "学習: 最も速い設定の `SimpleRNN` に対する速さ、最も不利な大きさ"
    ),
    "Training: faster than the best mode of `SimpleRNN`, mean": (
        "学習: 最も速い設定の `SimpleRNN` に対する速さ、平均"
    ),
    "Training: faster than PyTorch, mean": "学習: PyTorchに対する速さ、平均",
    "Training: faster than JAX, mean": "学習: JAXに対する速さ、平均",
    "Training: time of the matrix products alone": "学習: 行列積だけの時間に対する時間",
    "Peak memory of a training step: `SimpleRNN`'s": (
        "学習の1ステップの最大メモリ: `SimpleRNN` に対する量"
    ),
    "First call: longer than `SimpleRNN`'s": "最初の呼び出し: `SimpleRNN` より余分にかかる時間",
    "Fifty lengths: time of `SimpleRNN`": "50種類の長さ: `SimpleRNN` に対する時間",
    "Import, beyond `import keras`": "インポート: `import keras` より余分にかかる時間",
    # The drawing
    "time steps": "時刻数",
    "sequences": "系列の数",
    "units": "ユニット数",
    "milliseconds a training step": "学習の1ステップ (ミリ秒)",
}
"""By the English text of the benchmarks."""

TEXTS = {
    "en": {
        "row": "",
        "s": "s",
        "ms": "ms",
        "MiB": "MiB",
        "reached": "reached",
        "missed": "**missed**",
        "unmeasured": "not measured",
        "at least": "at least {}",
        "at most": "at most {}",
        "measured": "{} measured, {} wanted",
        "where": " ({})",
        "times": "{} times",
        "best": "SimpleRNN at its best",
        "second": " s",
    },
    "ja": {
        "row": "",
        "s": "秒",
        "ms": "ミリ秒",
        "MiB": "MiB",
        "reached": "達成",
        "missed": "**未達**",
        "unmeasured": "測定なし",
        "at least": "{} 以上",
        "at most": "{} 以下",
        "measured": "{} (目標は {})",
        "where": " ({})",
        "times": "{}倍",
        "best": "最も速いSimpleRNN",
        "second": "秒",
    },
}


def machine(language: str) -> str:
    """What it was measured on, and with which versions."""
    about = _found()
    named = {_in(language, name): value for name, value in about["machine"].items()}
    return facts((named | {f"`{name}`": v for name, v in about["versions"].items()}).items())


def about(language: str, what: str) -> str:
    """`command`, `rounds` or `threads` of the run."""
    return str(_found()[what])


def goals(language: str) -> str:
    """What was to be reached, and what was."""
    texts = TEXTS[language]
    return facts(
        (_in(language, goal.text) + _where(language, goal.where), _told(texts, goal))
        for goal in goals_of(_results())
    )


def table(language: str, experiment: str, *peers: str) -> str:
    """Medians of ours, and of other peers as multiples of ours.

    Args:
        language: Of the page.
        experiment: Key in `EXPERIMENTS`.
        peers: Keys in `PEERS`, or `"best"` for the fastest mode of `SimpleRNN`.
    """
    results, unit = _results(), _unit(experiment)
    ratios = {peer: results.ratios(experiment, *_who(peer)) for peer in peers}
    ratios = {peer: found for peer, found in ratios.items() if found}
    header = [
        TEXTS[language]["row"],
        f"{PEERS['ours'].label} ({TEXTS[language][unit]})",
        *(_label(language, peer) for peer in ratios),
    ]
    rows = [
        [
            _row(language, row),
            number(results.get(experiment, row, "ours").summary.median * _SCALES[unit]),
            *(_times(found.get(row, math.nan)) for found in ratios.values()),
        ]
        for row in results.rows(experiment)
    ]
    if len(rows) > 1:
        means = (_times(geometric_mean(found.values())) for found in ratios.values())
        rows.append([_in(language, "geometric mean"), "", *means])
    lines = [header, [":--", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def ratio(language: str, experiment: str, row: str, peer: str, to: str = "ours") -> str:
    """How many times one peer's median another one's is, in a row."""
    return _said(language, _results().ratio(experiment, row, peer, to))


def mean(language: str, experiment: str, peer: str) -> str:
    """How many times ours a peer takes, or `"best"`, as a mean over the rows."""
    return _said(language, geometric_mean(_results().ratios(experiment, *_who(peer)).values()))


def value(language: str, experiment: str, row: str, peer: str = "ours") -> str:
    """A median with its unit."""
    unit = _unit(experiment)
    median = _results().get(experiment, row, peer).summary.median
    space = "" if language == "ja" else " "
    return f"{number(median * _SCALES[unit])}{space}{TEXTS[language][unit]}"


def growth_figure(language: str, measure: str, name: str) -> str:
    """How the time of a training step grows with `time`, `batch` or `units`."""
    names = {key: _in(language, text) for key, text in growth.NAMES.items()}
    return drawings.shown(language, growth.figure(_results(), names, (measure,)), name)


_SCALES = {"s": 1, "ms": 1e3, "MiB": 1 / 2**20}


def _who(peer):
    return MODES if peer == "best" else (peer,)


def _label(language, peer):
    return TEXTS[language]["best"] if peer == "best" else _in(language, PEERS[peer].label)


def _unit(experiment):
    return "MiB" if experiment == "memory" else "s" if experiment in IN_SECONDS else "ms"


def _in(language, text):
    return JAPANESE.get(text, text) if language == "ja" else text


def _row(language, row):
    """A row's name; a shape's stays, and what comes after it is put into the language."""
    shape, comma, rest = row.partition(", ")
    if comma and "→" in shape:
        return shape + comma + _in(language, rest)
    return _in(language, row)


def _where(language, where):
    return TEXTS[language]["where"].format(_row(language, where)) if where else ""


def _told(texts, goal):
    if goal.reached is None:
        return texts["unmeasured"]
    bound = texts["at least" if goal.higher_is_better else "at most"]
    unit = texts["second"] if goal.unit == " s" else goal.unit
    wanted = bound.format(f"{goal.bound:g}{unit}")
    told = texts["measured"].format(f"{number(goal.value)}{unit}", wanted)
    return f"{texts['reached' if goal.reached else 'missed']}: {told}"


def _said(language, ratio):
    return TEXTS[language]["times"].format(number(ratio))


def _times(ratio):
    return "–" if math.isnan(ratio) else f"{number(ratio)}×"


@cache
def _found():
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def _results():
    return Results.from_json(_found()["results"])
