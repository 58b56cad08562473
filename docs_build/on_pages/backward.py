"""How a gradient goes back through the unfolded layer: as a drawing, and in one that ran."""

from functools import cache
from typing import Any

import keras

from keras_rnn_explained import ExplainedRNN, backpropagate, figures
from keras_rnn_explained.datasets import forecast_windows, load_series
from keras_rnn_explained.figures.drawing import (
    BLUE,
    GREY,
    LIGHT,
    PAPER,
    SYMBOLS,
    VERMILLION,
    Canvas,
    heading,
)
from keras_rnn_explained.figures.wording import labels_in, subscript

LABELS = {
    "en": {
        "title": "Back through three time steps",
        "about": "grey: forwards; blue: gradients, backwards; below: what each time step adds",
        "step": "t = {t}",
        "loss": "loss L",
        "sum": "gradient of {symbol}: the sum of the three",
    },
    "ja": {
        "title": "3時刻をさかのぼる",
        "about": "灰色：順伝播、青：勾配(逆伝播)、下段：各時刻が加える項",
        "step": "t = {t}",
        "loss": "損失 L",
        "sum": "{symbol} の勾配：3つの項の和",
    },
}

LEFT, APART = 1.9, 2.25
STATE, PRE, SUMMAND, SUM = 1.45, 2.55, 3.55, 4.15


def through_time(language: str) -> Any:
    """The two ways by which a gradient reaches a state, and the one by which it goes on."""
    labels = labels_in(language, LABELS)
    width = LEFT + 2 * APART + 1.25
    title, about = heading(labels["title"], labels["about"], width)
    canvas = Canvas(width, 5.1 + 0.18 * (len(about) - 1))
    top = canvas.heading(title, about)
    state, pre, summand, total = (top + place for place in (STATE, PRE, SUMMAND, SUM))
    first, last = LEFT, LEFT + 2 * APART
    canvas.box(first - 0.5, top + 0.1, last - first + 1, 0.34, PAPER, LIGHT)
    canvas.text((first + last) / 2, top + 0.27, labels["loss"])
    canvas.box(first - 1, total - 0.17, last - first + 2, 0.36, PAPER, VERMILLION)
    canvas.text(
        (first + last) / 2, total + 0.01, labels["sum"].format(symbol=SYMBOLS["recurrent_kernel"])
    )
    for t in (1, 2, 3):
        _step(canvas, t, LEFT + (t - 1) * APART, (top + 0.44, state, pre, summand, total), labels)
    # a_0 comes from outside, and the gradient goes there.
    _between(canvas, 1, first - APART, state, pre, shortened=0.83)
    canvas.circle(0.5, state + 0.49, 0.22)
    canvas.text(0.5, state + 0.49, "a₀", size=10, layer=5)
    return canvas.figure


def summands(language: str) -> Any:
    """What each time step adds, in the layer of the page on BPTT."""
    return figures.gradient_summands(_gradients(), language)


def flow(language: str) -> Any:
    """How much of the loss reaches each time step there."""
    return figures.gradient_flow(_gradients(), language)


@cache
def _gradients():
    """As the code on that page."""
    keras.utils.set_random_seed(0)
    forecast = forecast_windows(load_series("sunspots"), length=12)
    layers = [keras.Input((12, 1)), ExplainedRNN(8, name="rnn"), keras.layers.Dense(1)]
    return backpropagate(keras.Sequential(layers), forecast.x_train, forecast.y_train, loss="mse")


def _step(canvas, t, x, places, labels):
    loss, state, pre, summand, total = places
    t_, before = subscript(t), subscript(t - 1)
    canvas.box(x - 0.42, state - 0.38, 0.84, pre - state + 0.76, "none", LIGHT, layer=0)
    canvas.text(x - 0.38, pre + 0.28, labels["step"].format(t=t), color=GREY, size=8, ha="left")
    for y, name in ((state, f"a{t_}"), (pre, f"â{t_}")):
        canvas.circle(x, y, 0.22)
        canvas.text(x, y, name, size=10, layer=5)
    canvas.arrow((x - 0.09, pre - 0.24), (x - 0.09, state + 0.24), colour=GREY)
    canvas.arrow((x + 0.09, state + 0.24), (x + 0.09, pre - 0.24), colour=BLUE, width=1.8)
    canvas.text(x + 0.14, (state + pre) / 2, f"d{t_}", ha="left", weight="bold")
    canvas.arrow((x - 0.09, state - 0.24), (x - 0.09, loss + 0.02), colour=GREY)
    canvas.arrow((x + 0.09, loss + 0.02), (x + 0.09, state - 0.24), colour=BLUE, width=1.8)
    canvas.text(x + 0.16, loss + 0.22, f"g{t_}", ha="left", weight="bold")
    canvas.arrow((x, pre + 0.24), (x, summand - 0.13), colour=BLUE, width=1.8)
    canvas.text(x, summand, f"a{before}ᵀ·d{t_}", weight="bold")
    canvas.arrow((x, summand + 0.13), (x, total - 0.19), colour=VERMILLION)
    if t < 3:
        _between(canvas, t + 1, x, state, pre)


def _between(canvas, t, x, state, pre, shortened=0.0):
    """The connection into time step t from the state at `x`, forwards and backwards."""
    slope = (pre - state) / APART
    start, end = x + 0.24 + shortened, x + APART - 0.24

    def at(place, aside):
        return place + aside * 0.4, state + slope * (place - x) - aside

    canvas.arrow(at(start, -0.07), at(end, -0.07), colour=GREY)
    canvas.arrow(at(end, 0.07), at(start, 0.07), colour=BLUE, width=1.8)
    middle = x + APART / 2 + 0.06
    canvas.text(
        middle,
        state + slope * (middle - x) - 0.26,
        f"d{subscript(t)}·Wₐₐᵀ",
        weight="bold",
        ha="left",
    )
