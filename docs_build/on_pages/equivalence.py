"""How well `ExplainedRNN` agrees with `SimpleRNN`: random cases that run when the site is built."""

from functools import cache

from docs_build.constants import constant
from docs_build.numbers import rounded
from keras_rnn_explained import verification

CASES = 16
"""As many as take some seconds."""

TEXTS = {
    "en": {
        "what": "compared",
        "count": "arrays",
        "tolerance": "tolerance",
        "initial weights": "initial weights",
        "outputs": "outputs",
        "states": "states",
        "kept state": "kept state",
        "regularization": "regularization",
        "gradient of x": "gradient of x",
        "gradient of initial state": "gradient of the initial state",
        "gradient of kernel": "gradient of the kernel",
        "gradient of recurrent kernel": "gradient of the recurrent kernel",
        "gradient of bias": "gradient of the bias",
    },
    "ja": {
        "what": "比べたもの",
        "count": "配列の数",
        "tolerance": "許容差",
        "initial weights": "重みの初期値",
        "outputs": "出力",
        "states": "状態",
        "kept state": "引き継がれる状態",
        "regularization": "正則化項",
        "gradient of x": "x の勾配",
        "gradient of initial state": "初期状態の勾配",
        "gradient of kernel": "カーネルの勾配",
        "gradient of recurrent kernel": "再帰カーネルの勾配",
        "gradient of bias": "バイアスの勾配",
    },
}


def cases(language: str) -> str:
    """How many cases run when the site is built."""
    return f"{CASES}"


def cases_of_the_tests(language: str) -> str:
    """How many cases the tests run."""
    return f"{constant('tests/test_verification.py', 'MANY'):,}"


def table(language: str) -> str:
    """The largest relative difference of each thing that is compared, by dtype."""
    texts, dtypes = TEXTS[language], verification.TOLERANCE
    header = [texts["what"], texts["count"], *dtypes]
    rows = [
        [
            texts[agreement.what],
            f"{sum(agreement.comparisons.values())}",
            *(_shown(agreement.largest.get(dtype)) for dtype in dtypes),
        ]
        for agreement in _report().agreements
    ]
    rows.append([texts["tolerance"], "", *(rounded(one, 1) for one in dtypes.values())])
    lines = [header, [":--", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _shown(difference):
    return "–" if difference is None else rounded(difference)


@cache
def _report():
    """The same for all languages.

    Raises:
        AssertionError: If the layers do not agree: then there is no site.
    """
    report = verification.verify(CASES)
    if not report.agrees:
        raise AssertionError("\n".join(f"{f.command}: {f}" for f in report.failures))
    return report
