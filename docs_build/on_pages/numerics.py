"""How exact the layer is, from what `python -m benchmarks.numerics` wrote."""

from benchmarks import numerics
from docs_build.numbers import rounded

TEXTS = {
    "en": {
        "outputs": "outputs",
        "x": "gradient of x",
        "kernel": "gradient of the kernel",
        "recurrent_kernel": "gradient of the recurrent kernel",
        "bias": "gradient of the bias",
        "steps": "{:,} time steps",
    },
    "ja": {
        "outputs": "出力",
        "x": "x の勾配",
        "kernel": "カーネルの勾配",
        "recurrent_kernel": "再帰カーネルの勾配",
        "bias": "バイアスの勾配",
        "steps": "{:,} 時刻",
    },
}


def table(language: str, dtype: str) -> str:
    """Our error in a dtype, and how many times that of `SimpleRNN` it is, by quantity and time."""
    texts, found = TEXTS[language], numerics.results()["errors"][dtype]
    head = ["", *(texts["steps"].format(int(time)) for time in found)]
    rows = [
        [
            texts[quantity],
            *(
                f"{rounded(errors['compiled'][quantity])} "
                f"({numerics.ratios(errors)[quantity]:.2f}×)"
                for errors in found.values()
            ),
        ]
        for quantity in numerics.QUANTITIES
    ]
    lines = [head, [":--", *["--:"] * len(found)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def worst(language: str) -> str:
    """How many times the error of `SimpleRNN` ours is at most, on either way."""
    return f"{max(_every_ratio()):.2f}"


def best(language: str) -> str:
    """How many times the error of `SimpleRNN` ours is at least, on either way."""
    return f"{min(_every_ratio()):.2f}"


def bound(language: str) -> str:
    """How many times the error of `SimpleRNN` ours may be."""
    return f"{numerics.WORST:g}"


def about(language: str, what: str) -> str:
    """`command`, `seeds`, or a size of the layer: `batch`, `features` or `units`."""
    found = numerics.results()
    return str({**found, **found["shape"]}[what])


def _every_ratio():
    return [
        ratio
        for times in numerics.results()["errors"].values()
        for errors in times.values()
        for way in ("compiled", "plain")
        for ratio in numerics.ratios(errors, way).values()
    ]
