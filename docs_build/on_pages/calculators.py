"""Calculators: their form, and what they show before a reader types anything.

What is shown is computed by Keras, so that a page without scripts is as true as one with them. The
scripts are `docs/scripts/calculators`.
"""

from html import escape
from typing import Any

import keras

FIELDS = {"batch": 8, "time": 24, "features": 10, "units": 32}
"""What the fields hold at first."""

TEXTS = {
    "en": {
        "batch": "batch (sequences)",
        "time": "time steps",
        "features": "features",
        "units": "units",
        "count": "numbers",
        "parameter": "parameter",
        "sum": "all",
        "bias": "bias",
        "noscript": "With JavaScript, the numbers can be changed here.",
        "all": "a_1 … a_{time}: the state after every time step",
        "last": "a_{time}: the state after the last time step",
        "axes": ("{} sequences", "{} time steps", "{} units"),
        "form": "What the layer is given",
    },
    "ja": {
        "batch": "バッチ(系列の数)",
        "time": "時刻数",
        "features": "特徴量数",
        "units": "ユニット数",
        "count": "数値の個数",
        "parameter": "パラメータ",
        "sum": "合計",
        "bias": "バイアス",
        "noscript": "JavaScriptが有効なら、ここで数値を変えられます。",
        "all": "a_1 … a_{time}: すべての時刻の状態",
        "last": "a_{time}: 最後の時刻の状態",
        "axes": ("系列 {}", "時刻 {}", "ユニット {}"),
        "form": "層に与えるもの",
    },
}


def parameters(language: str) -> str:
    """How many parameters a layer has, in Keras and in PyTorch."""
    texts = TEXTS[language]
    features, units = FIELDS["features"], FIELDS["units"]
    layer = keras.layers.SimpleRNN(units)
    layer.build((None, None, features))
    kernel, recurrent_kernel, bias = (weight.shape for weight in layer.weights)
    sizes = [keras.ops.size(weight) for weight in layer.weights]
    total = layer.count_params()
    torch_total = total + int(sizes[2])

    def row(symbol, name, torch_names, cells):
        shapes = [
            f"<code>{name}</code><br>{_shown(cells[0], cells[1])}",
            _shown(cells[2], f"{int(cells[3]):,}"),
            "<br>".join(
                f"<code>{each}</code><br>{_shown(cells[4], cells[5])}" for each in torch_names
            ),
            _shown(cells[6], f"{int(cells[7]):,}"),
        ]
        columns = "".join(f"<td>{cell}</td>" for cell in shapes)
        return f"<tr><th scope='row'>{symbol}</th>{columns}</tr>"

    rows = [
        row(
            "<i>W<sub>ax</sub></i>",
            "kernel",
            ["weight_ih_l0"],
            (
                "kernel-shape",
                kernel,
                "kernel",
                sizes[0],
                "torch-kernel-shape",
                kernel[::-1],
                "kernel",
                sizes[0],
            ),
        ),
        row(
            "<i>W<sub>aa</sub></i>",
            "recurrent_kernel",
            ["weight_hh_l0"],
            (
                "recurrent-shape",
                recurrent_kernel,
                "recurrent",
                sizes[1],
                "recurrent-shape",
                recurrent_kernel,
                "recurrent",
                sizes[1],
            ),
        ),
        row(
            "<i>b<sub>a</sub></i>",
            "bias",
            ["bias_ih_l0", "bias_hh_l0"],
            (
                "bias-shape",
                bias,
                "bias",
                sizes[2],
                "bias-shape",
                bias,
                "torch-bias",
                2 * int(sizes[2]),
            ),
        ),
    ]
    head = "".join(
        f"<th scope='col'>{name}</th>"
        for name in (texts["parameter"], "Keras", texts["count"], "PyTorch", texts["count"])
    )
    formula = "{units} · ({features} + {units} + {biases}) = {total:,}"
    formulae = [
        formula.format(units=units, features=features, biases=biases, total=count)
        for biases, count in ((1, total), (2, torch_total))
    ]
    return (
        "<div>"
        + _form(texts, ["features", "units"], {"bias": True})
        + "<div class='computed'>"
        + f"<p role='status'>Keras: {_shown('keras-formula', formulae[0])}<br>"
        + f"PyTorch: {_shown('torch-formula', formulae[1])}</p>"
        + f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
        + f"<tfoot><tr><th scope='row'>{texts['sum']}</th><td></td>"
        + f"<td>{_shown('keras', f'{total:,}')}</td><td></td>"
        + f"<td>{_shown('torch', f'{torch_total:,}')}</td></tr></tfoot></table></div></div>"
    )


def shapes(language: str) -> str:
    """The shapes of what a layer gives back."""
    texts: Any = TEXTS[language]
    batch, time, features, units = FIELDS.values()
    layer = keras.layers.SimpleRNN(units, return_sequences=True)
    shape = layer.compute_output_shape((batch, time, features))
    code = "\n".join(
        [
            f"inputs = keras.Input(({time}, {features}), batch_size={batch})",
            f"layer = keras.layers.SimpleRNN({units}, return_sequences=True)",
            "states = layer(inputs)",
            f"{'inputs.shape':16}  # {(batch, time, features)}",
            f"{'states.shape':16}  # {shape}",
        ]
    )
    axes = " × ".join(axis.format(size) for axis, size in zip(texts["axes"], shape, strict=True))
    said = f"states: {texts['all'].format(time=time)}, {axes}"
    form = _form(texts, list(FIELDS), {"return_sequences": True, "return_state": False})
    return (
        f"<div>{form}<div class='computed'>"
        f"<pre tabindex='0'><code data-shown='code'>{escape(code)}</code></pre>"
        f"<p role='status'>{_shown('first', said)}<br>{_shown('second', '')}</p></div></div>"
    )


def _form(texts: dict, fields: list[str], choices: dict[str, bool]) -> str:
    parts = [
        f"<div><label for='calculator-{name}'>{texts[name]}</label>"
        f"<input type='text' id='calculator-{name}' name='{name}' value='{FIELDS[name]}' "
        f"autocomplete='off' spellcheck='false' aria-describedby='calculator-{name}-problem'"
        + (" data-unknown" if name in ("batch", "time") else " inputmode='numeric'")
        + f"><p class='problem' id='calculator-{name}-problem' aria-live='polite'></p></div>"
        for name in fields
    ]
    parts += [
        f"<label class='choice'><input type='checkbox' name='{name}'{' checked' * checked}>"
        f"{texts.get(name, f'<code>{name}</code>')}</label>"
        for name, checked in choices.items()
    ]
    return (
        f"<form class='calculator' id='calculator' aria-label='{texts['form']}' novalidate hidden>"
        f"{''.join(parts)}</form><noscript><p>{texts['noscript']}</p></noscript>"
    )


def _shown(name: str, text: object) -> str:
    return f"<span data-shown='{name}'>{escape(str(text))}</span>"
