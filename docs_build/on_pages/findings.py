"""What `diagnose` holds its measurements against, and what networks were found to have."""

import json
from functools import cache

from docs_build import ROOT
from docs_build.facts import facts
from docs_build.numbers import rounded
from keras_rnn_explained import diagnosis
from keras_rnn_explained.criteria import CRITERIA

FILE = ROOT / "docs_build" / "measured" / "findings.json"
"""Written by `python -m tests.sick_models`."""

TEXTS = {
    "en": {
        "finding": "finding",
        "threshold": "threshold",
        "healthy": "healthy networks",
        "sick": "made sick",
        "advice": "what to try",
        "source": "source",
        "above": "above {}",
        "below": "below {}",
        "range": "{} to {}",
        "of": "{name}: {values}",
    },
    "ja": {
        "finding": "所見",
        "threshold": "しきい値",
        "healthy": "健全なネットワーク",
        "sick": "異常を起こしたもの",
        "advice": "対処",
        "source": "出典",
        "above": "{} を超える",
        "below": "{} 未満",
        "range": "{}〜{}",
        "of": "{name}: {values}",
    },
}

QUANTITIES = {
    "share of non-finite inputs": "入力のうち有限でない値の割合",
    "share of constant units": "値の変わらないユニットの割合",
    "share of saturated units": "飽和したユニットの割合",
    "recurrent share of the variance": "分散に占める過去の割合",
    "share of non-finite numbers": "状態と勾配のうち有限でない値の割合",
    "size of the upstream gradient": "上流からの勾配の大きさ",
    "growth of the gradient": "勾配の増大率",
    "norm of the parameters' gradient": "パラメータの勾配のノルム",
    "gradient kept per time step": "1時刻さかのぼるごとに残る勾配の割合",
    "effective rank of the states": "状態の有効ランク",
}
"""In Japanese. The English names are the package's."""

SICKNESSES = {
    "NaN in the input": "入力に NaN",
    "kernel of the next layer 0": "次の層のカーネルが 0",
    "recurrent kernel × 0.1": "再帰カーネル × 0.1",
    "sigmoid": "sigmoid",
    "recurrent kernel × 5": "再帰カーネル × 5",
    "relu, recurrent kernel × 3": "relu、再帰カーネル × 3",
    "relu, recurrent kernel × 1000": "relu、再帰カーネル × 1000",
    "identity activation, kernel × 10⁹": "恒等の活性化関数、カーネル × 10⁹",
    "input × 1000": "入力 × 1000",
    "bias 10": "バイアス 10",
    "relu, bias −10": "relu、バイアス −10",
    "both kernels 0": "両方のカーネルが 0",
    "recurrent kernel 0": "再帰カーネルが 0",
    "recurrent kernel × 0.01": "再帰カーネル × 0.01",
    "kernels of rank 1": "階数 1 のカーネル",
}
"""In Japanese, what was done to networks by `tests.sick_models`."""


def heading(language: str, name: str) -> str:
    """The name of a quantity, as a heading."""
    shown = _name(language, name)
    return shown[0].upper() + shown[1:]


def overview(language: str) -> str:
    """All findings, each with what is measured for it and the threshold."""
    by_kind: dict[str, list[str]] = {}
    for name, criterion in CRITERIA.items():
        told = f"{_name(language, name)}: {_threshold(language, name)}"
        by_kind.setdefault(criterion.kind, []).append(told)
    return facts((f"`{kind}`", "<br>".join(told)) for kind, told in by_kind.items())


def held(language: str, name: str) -> str:
    """What a quantity is held against, what it was in networks, what to try, and the paper."""
    texts = TEXTS[language]
    measured, criterion = _measured()[name], CRITERIA[name]
    sick = (
        texts["of"].format(
            name=SICKNESSES[sickness] if language == "ja" else sickness,
            values=_range(language, values),
        )
        for sickness, values in measured["sick"].items()
    )
    return facts(
        [
            (texts["finding"], f"`{criterion.kind}`"),
            (texts["threshold"], _threshold(language, name)),
            (texts["healthy"], _range(language, measured["healthy"])),
            (texts["sick"], "<br>".join(sick)),
            (texts["advice"], criterion.advice[language].translate(_NARROW)),
            (texts["source"], criterion.source),
        ]
    )


def healthy(language: str, name: str) -> str:
    """From what to what a quantity went in healthy networks."""
    return _range(language, _measured()[name]["healthy"])


def limit(language: str, name: str, percent: bool = False) -> str:
    """A constant of `keras_rnn_explained.diagnosis`, as a number or as per cent."""
    value = getattr(diagnosis, name)
    return f"{100 * value:g}%" if percent else f"{value:g}"


def _name(language, quantity):
    return QUANTITIES[quantity] if language == "ja" else quantity


_NARROW = str.maketrans("（）", "()")


def _threshold(language, name):
    criterion = CRITERIA[name]
    side = TEXTS[language]["above" if criterion.is_above else "below"]
    return side.format(rounded(criterion.threshold))


def _range(language, values):
    least, greatest = map(rounded, values)
    if least == greatest:
        return least
    return TEXTS[language]["range"].format(least, greatest)


@cache
def _measured():
    return json.loads(FILE.read_text(encoding="utf-8"))
