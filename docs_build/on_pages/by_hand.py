"""BPTT of three time steps and two units, every number of it, by a plain loop.

Nothing of the package is used here: the page shows that the package gives the same.
"""

from functools import cache

import numpy as np

KERNEL = [[0.5, -0.3]]
RECURRENT_KERNEL = [[0.4, -0.2], [0.3, 0.6]]
BIAS = [[0.1, -0.1]]
X = [1.0, -0.5, 2.0]
TARGET = [[0.5, -0.5]]
GIVEN = {"kernel", "recurrent_kernel", "bias", "target", "a0", "x1", "x2", "x3"}


def matrix(language: str, name: str, transposed: bool = False) -> str:
    """One of the numbers below as LaTeX, as it is given or to four places.

    Args:
        language: Of the page.
        name: A key of `_numbers`.
        transposed: Whether to write the transpose.
    """
    rows = _numbers()[name].T if transposed else _numbers()[name]
    return _latex(rows, _plain if name in GIVEN else _rounded)


def number(language: str, name: str, row: int = 0, column: int = 0) -> str:
    """One entry of what `matrix` shows, from 0."""
    value = _numbers()[name][row, column]
    return (_plain if name in GIVEN else _rounded)(value)


def compared(language: str, quantity: str, hand: str, package: str, autodiff: str) -> str:
    """A table of the gradients in three ways.

    Args:
        language: Of the page.
        quantity: Head of the first column, and so on.
        hand: What this module computed.
        package: What `backpropagate` gave.
        autodiff: What TensorFlow's tape gave for Keras's own layer.
    """
    rows = [f"| {quantity} | {hand} | {package} | {autodiff} |", "|---|---|---|---|"]
    by_hand, by_package, by_tape = _three_ways()
    for symbol, name in _SYMBOLS.items():
        cells = (f"${_latex(way[name], _rounded)}$" for way in (by_hand, by_package, by_tape))
        rows.append(f"| $\\grad{{{symbol}}}$ | {' | '.join(cells)} |")
    return "\n".join(rows)


def largest_difference(language: str) -> str:
    """Between any two of the three ways, in any number: the power of 10 that it is below."""
    by_hand, *others = _three_ways()
    largest = max(np.abs(by_hand[name] - way[name]).max() for way in others for name in by_hand)
    return f"10^{{{int(np.floor(np.log10(largest))) + 1}}}"


_SYMBOLS = {
    r"\Wax": "d_kernel",
    r"\Waa": "d_recurrent_kernel",
    r"\ba": "d_bias",
    "x_1": "d_x1",
    "x_2": "d_x2",
    "x_3": "d_x3",
    "a_0": "d_a0",
}


@cache
def _numbers() -> dict:
    """Every array by name, each a matrix; a row is a vector of one sample."""
    kernel, recurrent_kernel, bias = map(np.array, (KERNEL, RECURRENT_KERNEL, BIAS))
    n = {
        "kernel": kernel,
        "recurrent_kernel": recurrent_kernel,
        "bias": bias,
        "target": np.array(TARGET),
        "a0": np.zeros((1, 2)),
    }
    for t in (1, 2, 3):
        n[f"x{t}"] = np.array([[X[t - 1]]])
        n[f"from_x{t}"] = n[f"x{t}"] @ kernel
        n[f"from_a{t}"] = n[f"a{t - 1}"] @ recurrent_kernel
        n[f"pre{t}"] = n[f"from_x{t}"] + n[f"from_a{t}"] + bias
        n[f"a{t}"] = np.tanh(n[f"pre{t}"])
    n["loss"] = np.array([[0.5 * ((n["a3"] - n["target"]) ** 2).sum()]])
    n["e3"] = n["g3"] = n["a3"] - n["target"]
    for t in (3, 2, 1):
        n[f"slope{t}"] = 1 - n[f"a{t}"] ** 2
        n[f"d{t}"] = n[f"e{t}"] * n[f"slope{t}"]
        n[f"e{t - 1}"] = n[f"d{t}"] @ recurrent_kernel.T
        n[f"d_x{t}"] = n[f"d{t}"] @ kernel.T
        n[f"kernel_summand{t}"] = n[f"x{t}"].T @ n[f"d{t}"]
        n[f"recurrent_summand{t}"] = n[f"a{t - 1}"].T @ n[f"d{t}"]
    n["d_kernel"] = n["kernel_summand1"] + n["kernel_summand2"] + n["kernel_summand3"]
    n["d_recurrent_kernel"] = (
        n["recurrent_summand1"] + n["recurrent_summand2"] + n["recurrent_summand3"]
    )
    n["d_bias"] = n["d1"] + n["d2"] + n["d3"]
    n["d_a0"] = n["e0"]
    return n


@cache
def _three_ways() -> tuple[dict, dict, dict]:
    """The gradients by name: by hand, by the package, and by TensorFlow for Keras's layer."""
    import keras
    import tensorflow as tf

    from keras_rnn_explained import ExplainedRNN, backpropagate

    n = _numbers()
    by_hand = {name: n[name] for name in _SYMBOLS.values()}
    x = np.array(X, "float32").reshape(1, 3, 1)
    weights = [n["kernel"], n["recurrent_kernel"], n["bias"][0]]

    layer = ExplainedRNN(2)
    layer.build(x.shape)
    layer.set_weights(weights)
    g = backpropagate(layer, x, n["target"], loss="mse")
    by_package = _named(g.kernel, g.recurrent_kernel, g.bias, g.x, g.initial_state)

    simple = keras.layers.SimpleRNN(2)
    simple.build(x.shape)
    simple.set_weights(weights)
    x, a_0 = tf.constant(x), tf.zeros((1, 2))
    with tf.GradientTape() as tape:
        tape.watch([x, a_0])
        a_3 = simple(x, initial_state=a_0)
        loss = tf.reduce_sum((a_3 - n["target"]) ** 2) / 2
    cell = simple.cell
    sources = [cell.kernel.value, cell.recurrent_kernel.value, cell.bias.value, x, a_0]
    return by_hand, by_package, _named(*(np.array(one) for one in tape.gradient(loss, sources)))


def _named(kernel, recurrent_kernel, bias, x, initial_state):
    arrays = (kernel, recurrent_kernel, bias[None], *(x[:, t] for t in range(3)), initial_state)
    return dict(zip(_SYMBOLS.values(), arrays, strict=True))


def _latex(rows, written) -> str:
    if rows.shape == (1, 1):
        return written(rows[0, 0])
    body = r" \\ ".join(" & ".join(map(written, row)) for row in rows)
    return rf"\begin{{bmatrix}}{body}\end{{bmatrix}}"


def _plain(value) -> str:
    return f"{value:g}"


def _rounded(value) -> str:
    return "0" if value == 0 else f"{value:.4f}"
