"""Several threads, and several processes, that look, train and write at once."""

import multiprocessing
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields

import keras
import matplotlib
import numpy as np
import pytest

from keras_rnn_explained import (
    ExplainedRNN,
    GradientFlow,
    Gradients,
    Unfolding,
    backpropagate,
    explain,
    training_log,
    unfold,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(8, 6, 2)).astype("float32")
Y = RANDOM.normal(size=(8, 1)).astype("float32")


def network(layer=ExplainedRNN, **options):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6, 2)), layer(3, name="rnn", **options), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


@contextmanager
def threads_in_turn():
    """Threads that take turns as often as Python can have them do."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            yield threads
    finally:
        sys.setswitchinterval(before)


def content(look):
    """All of what a look saw, to compare."""
    of_look = [getattr(look, item.name) for item in fields(look) if not item.name.startswith("_")]
    return [
        content(one) if isinstance(one, (Unfolding, Gradients)) else np.asarray(one).tolist()
        for one in of_look
    ]


@pytest.mark.parametrize("layer", [ExplainedRNN, keras.layers.SimpleRNN])
def test_looks_of_several_threads_at_one_model_see_what_one_sees(layer):
    model = network(layer)
    parts = [X[start : start + 2] for start in range(0, 8, 2)] * 3

    def look(x):
        return content(unfold(model, x)), content(backpropagate(model, x, Y[:2]))

    alone = [look(x) for x in parts[:4]] * 3
    with threads_in_turn() as threads:
        assert list(threads.map(look, parts)) == alone


@pytest.mark.parametrize("execution", ["compiled", "plain"])
def test_a_layer_that_is_called_while_it_is_looked_at_is_not_noted(execution):
    layer = ExplainedRNN(3, execution=execution)
    expected = np.asarray(layer(X))

    def call(_):
        return np.asarray(layer(X)).tolist()

    def look(_):
        return unfold(layer, X).state[:, -1].tolist()

    with threads_in_turn() as threads:
        works = [threads.submit(work, None) for work in (call, look) * 10]
        for work in works:
            assert np.array_equal(work.result(), expected)


def test_two_models_trained_in_two_threads_end_where_each_does_alone():
    def train(seed):
        model = network(dropout=0.3, seed=seed)
        model.set_weights(start)
        model.fit(X, Y, batch_size=2, epochs=3, shuffle=False, verbose=0)
        return [weights.tolist() for weights in model.get_weights()]

    start = network().get_weights()
    alone = [train(seed) for seed in (1, 2)]
    with threads_in_turn() as threads:
        assert list(threads.map(train, (1, 2))) == alone


def looked_at(model):
    return unfold(model, X[:2]).state


def called(model):
    return np.asarray(model.layers[0](X[:2]))


# With dropout a call, though not a look, draws random numbers as SimpleRNN's does.
@pytest.mark.parametrize(("other", "dropout"), [(looked_at, 0.3), (called, 0.0)])
def test_training_is_not_changed_by_what_other_threads_do_with_the_layer(other, dropout):
    def train(model):
        model.fit(X, Y, batch_size=2, epochs=10, shuffle=False, verbose=0)
        return [weights.tolist() for weights in model.get_weights()]

    def meanwhile():
        times = 0
        while not trained.done():
            assert np.isfinite(other(model)).all()
            times += 1
        return times

    alone = train(network(dropout=dropout, seed=1))
    model = network(dropout=dropout, seed=1)
    with threads_in_turn() as threads:
        trained = threads.submit(train, model)
        others = [threads.submit(meanwhile) for _ in range(2)]
        assert trained.result() == alone
        assert sum(one.result() for one in others) > 0


def test_pages_of_several_threads_are_those_of_one(tmp_path):
    model = network()
    settings, filters = dict(matplotlib.rcParams), None

    def page(number):
        return explain(model, X[:2], Y[:2], tmp_path / f"{number % 2}.html").read_text("utf-8")

    alone = page(0)
    filters = list(warnings.filters)
    with threads_in_turn() as threads:
        assert set(threads.map(page, range(6))) == {alone}
    assert dict(matplotlib.rcParams) == settings
    assert list(warnings.filters) == filters
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.html", "1.html"]


def written(folder):
    """What each of several processes does in the same folder at once."""
    model = network()
    model.fit(X, Y, verbose=0, callbacks=[GradientFlow(X, Y, every=1, csv=folder / "flow.csv")])
    for _ in range(3):
        look = unfold(model, X)
        look.save(folder / "look.npz")
        assert content(Unfolding.load(folder / "look.npz")) == content(look)
    return explain(model, X[:2], Y[:2], folder / "page.html").read_text("utf-8")


@pytest.mark.slow
def test_several_processes_can_write_into_one_folder(tmp_path):
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as processes:
        pages = list(processes.map(written, [tmp_path] * 2))
    assert pages[0] == pages[1] == (tmp_path / "page.html").read_text("utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flow.csv", "look.npz", "page.html"]
    header, *rows = (tmp_path / "flow.csv").read_text().splitlines()
    assert header == ",".join(training_log.COLUMNS)
    assert {row.count(",") for row in rows} == {header.count(",")}
