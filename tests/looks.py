"""Looks at a layer that never ran, with numbers of the tests' choosing."""

import numpy as np

from keras_rnn_explained.bptt import Gradients
from keras_rnn_explained.unfolding import Unfolding


def unfolding_like(units=3, features=2, time=6, batch=2, **chosen):
    random = np.random.default_rng(0)

    def numbers(*shape):
        return random.normal(size=shape).astype("float32")

    arrays = {
        "x": numbers(batch, time, features),
        "kernel": numbers(features, units),
        "recurrent_kernel": numbers(units, units),
        "bias": numbers(units),
        "mask": None,
        "input_dropout_mask": None,
        "recurrent_dropout_mask": None,
    }
    names = ("input_projection", "recurrent_projection", "pre_activation", "previous_state")
    arrays |= {name: numbers(batch, time, units) for name in (*names, "state")}
    return Unfolding(
        **{"layer": "rnn", "activation": "tanh", "go_backwards": False, **arrays, **chosen}
    )


def gradients_like(unfolding, **chosen):
    u, random = unfolding, np.random.default_rng(1)
    arrays = {
        name: random.normal(size=u.state.shape).astype("float32")
        for name in ("upstream", "error", "local_error")
    }
    arrays |= chosen
    d, x, before = (a.astype("float64") for a in (arrays["local_error"], u.x, u.previous_state))
    gradients = {
        "x": d @ u.kernel.T,
        "initial_state": d[:, 0] @ u.recurrent_kernel.T,
        "kernel": np.einsum("btf,btu->fu", x, d),
        "recurrent_kernel": np.einsum("btv,btu->vu", before, d),
        "bias": d.sum((0, 1)),
        "truncate_bptt": None,
    }
    return Gradients(unfolding=u, loss=1.0, _program=None, **{**gradients, **arrays})


def words(figure):
    """All that is written on a figure."""
    texts = list(figure.texts)
    for axes in figure.axes:
        texts += [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
        texts += [*axes.get_xticklabels(), *axes.get_yticklabels()]
        legend = axes.get_legend()
        texts += legend.get_texts() if legend else []
    return [text.get_text() for text in texts if text.get_text()]
