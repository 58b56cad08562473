"""What takes long on most backends, once on each: models, files, reports and trials."""

import json
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from keras_rnn_explained import (
    ExplainedRNN,
    GradientFlow,
    Gradients,
    backpropagate,
    diagnose,
    explain,
    swap,
    swap_back,
    verification,
)
from keras_rnn_explained.cli import main
from tests.comparison import assert_same
from tests.random_activations import (
    ONE_STEP,
    assert_gradients_are_those_of_dropout,
    dropout_layer,
)
from tests.twins import assert_same_behaviour, twins

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(8, 6, 3)).astype("float32")
Y = RANDOM.normal(size=(8, 2)).astype("float32")


def made(rnn, **options):
    layers = [keras.Input((6, 3)), keras.layers.Masking(), rnn(4, name="rnn", **options)]
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def trained(model):
    return model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]


def test_a_model_is_swapped_and_back_and_goes_on_training_alike():
    simple = made(keras.layers.SimpleRNN)
    trained(simple)
    explained = swap(simple)
    again = swap_back(explained)
    losses = [trained(model) for model in (simple, explained, again)]
    assert type(again.layers[1]) is keras.layers.SimpleRNN
    assert_same(losses[1], losses[0], 1e-5)
    assert_same(losses[2], losses[0], 1e-5)


def test_a_model_that_keeps_a_loss_of_its_last_call_is_swapped():
    layers = [keras.layers.SimpleRNN(4), keras.layers.Dense(2, activity_regularizer="l2")]
    model = keras.Sequential([keras.Input((6, 3)), *layers])
    model(X, training=True)
    assert_same(swap(model)(X), model(X), 1e-5)


def test_a_model_and_gradients_are_saved_and_loaded(tmp_path):
    model = made(ExplainedRNN)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert_same(again.predict(X, verbose=0), model.predict(X, verbose=0), 1e-6)
    gradients = backpropagate(model, X, Y)
    gradients.save(tmp_path / "gradients.npz")
    loaded = Gradients.load(tmp_path / "gradients.npz")
    assert_same(loaded.flow().size, gradients.flow().size, 1e-6)


def test_a_model_in_training_is_looked_at_and_trains_as_without(tmp_path):
    losses = []
    log_dir = tmp_path / "log" if find_spec("tensorflow") else None  # which writes it
    for looked_at in (False, True):
        keras.utils.set_random_seed(0)
        model = made(ExplainedRNN, dropout=0.2)
        flow = GradientFlow(X, Y, every=1, csv=tmp_path / "flow.csv", log_dir=log_dir)
        callbacks = [flow] if looked_at else []
        history = model.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=callbacks)
        losses.append(history.history["loss"])
    assert losses[0] == losses[1]
    lines = (tmp_path / "flow.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["batch", "0", "1", "2", "3", "4"]


def test_a_model_is_explained_and_diagnosed(tmp_path):
    model = made(ExplainedRNN)
    model.get_layer("rnn").recurrent_kernel.assign(np.eye(4) * 1e-3)
    assert [finding.kind for finding in diagnose(model, X, Y)]
    page = explain(model, X, Y, tmp_path / "page.html")
    assert page.stat().st_size > 10_000


# 24 and 86 have float64 and `tanh`. In 43, 88 and 120 `SimpleRNN`, unrolled, can't take the mask or
# takes it in another way on one backend or another.
@pytest.mark.parametrize("seed", [0, 1, 4, 24, 43, 86, 88, 120])
def test_random_trials_agree(seed):
    report = verification.verify(1, seed=seed)
    assert not report.failures, report.failures


def test_the_demonstration_ends_well(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--units", "2", "--epochs", "1", "--window", "13"]) == 0
    assert ("which compiles" in capsys.readouterr().out) == (keras.backend.backend() != "torch")


def test_the_configuration_has_nothing_of_the_backend():
    config = json.dumps(ExplainedRNN(4).get_config())
    assert keras.backend.backend() not in config


class Slope:
    """An activation that reads what may change."""

    slope = 1.0

    def __call__(self, z):
        return keras.ops.tanh(self.slope * z)


def test_a_number_that_an_activation_reads_may_change():
    activation = Slope()
    simple, explained = twins(4, 3, 2, activation=activation, execution="auto")
    models = [keras.Sequential([keras.Input((4, 3)), layer]) for layer in (simple, explained)]
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    for activation.slope in (1.0, 3.0, 3.0, 1.0):
        assert_same_behaviour(explained, simple, x)
        for model in models:
            model.compile("sgd", "mse")
        expected, actual = (model.predict(x, verbose=0) for model in models)
        assert_same(actual, expected, 1e-5)


class HardAtInference(keras.layers.Layer):
    def call(self, z, training=False):
        return keras.ops.tanh(3 * z) if training else keras.ops.hard_tanh(z)


def test_an_activation_that_is_another_in_training_has_the_gradients_of_its_run():
    simple, explained = twins(4, 3, 8, activation=HardAtInference(), execution="auto")
    assert_same_behaviour(explained, simple, X, training=True)
    assert_same_behaviour(explained, simple, X)


class OfModel(keras.Model):
    """Its activation reads what the model sets for the call alone."""

    def __init__(self, rnn):
        super().__init__()
        self.dense, self.slope = keras.layers.Dense(4), 1.0
        self.rnn = rnn(4, activation=lambda z: keras.ops.tanh(self.slope * z))

    def call(self, x):
        self.slope = keras.ops.mean(self.dense(x[:, 0]), axis=0)
        try:
            return self.rnn(x)
        finally:
            self.slope = 1.0


def test_an_activation_that_reads_a_number_of_the_call_trains_what_it_comes_from():
    changes = []
    for rnn in (keras.layers.SimpleRNN, ExplainedRNN):
        keras.utils.set_random_seed(0)
        model = OfModel(rnn)
        model.compile(keras.optimizers.SGD(0.5), "mse")
        model.predict(X, verbose=0)
        before = model.get_weights()
        model.fit(X, np.ones((8, 4)), epochs=2, verbose=0)
        changes.append([b - a for a, b in zip(before, model.get_weights(), strict=True)])
    for theirs, ours in zip(*changes, strict=True):
        assert np.any(theirs)
        assert_same(ours, theirs, 1e-4)


def test_an_activation_with_random_numbers_of_numpys_has_the_gradients_of_its_run():
    numbers = np.random.default_rng(0)

    def activation(z):
        return z * keras.ops.cast(numbers.integers(0, 2, 50), z.dtype)

    assert_gradients_are_those_of_dropout(ExplainedRNN(50, activation=activation), kept=1)


def test_an_activation_may_need_the_whole_batch():
    each = keras.ops.convert_to_tensor(np.arange(8, dtype="float32")[:, None])
    simple, explained = twins(4, 3, 8, execution="auto", activation=lambda z: z * each / 8)
    assert_same_behaviour(explained, simple, X)


@pytest.mark.parametrize("execution", ["auto", "compiled"])
@pytest.mark.parametrize("is_predicted_before", [False, True])
def test_an_activation_that_drops_out_does_so_in_training_alone(is_predicted_before, execution):
    layer = ExplainedRNN(50, activation=dropout_layer(), execution=execution)
    if is_predicted_before:
        assert np.all(keras.ops.convert_to_numpy(layer(ONE_STEP)) != 0)
    assert_gradients_are_those_of_dropout(layer)
    assert layer.execution.way == "autodiff"
    assert np.all(keras.ops.convert_to_numpy(layer(ONE_STEP)) != 0)


@pytest.mark.backend("tensorflow", "torch")  # on JAX Keras refuses it
def test_a_random_activation_without_a_seed_has_the_gradients_of_its_run():
    layer = ExplainedRNN(50, activation=lambda z: keras.random.dropout(z, 0.5))
    assert_gradients_are_those_of_dropout(layer)


def test_a_random_activation_is_looked_back_through_only_where_it_is_not_random():
    layer = ExplainedRNN(50, activation=dropout_layer(), name="random")
    model = keras.Sequential([keras.Input(ONE_STEP.shape[1:]), layer])
    model.compile(loss="mse")
    y = np.zeros((len(ONE_STEP), 50))
    assert backpropagate(model, ONE_STEP, y).bias.shape == (50,)
    message = (
        "The activation '<lambda>' of the layer 'random' must give the same when it is run again, "
        r"but gave something else for \d\d% of the states, as one with dropout does. Take "
        "`training=False`, or put what is random into a layer of its own."
    )
    with pytest.raises(ValueError, match=message):
        backpropagate(model, ONE_STEP, y, training=True)


def test_an_activation_that_jumps_is_looked_back_through():
    layer = ExplainedRNN(50, activation=lambda z: keras.ops.cast(z > 0, z.dtype))
    model = keras.Sequential([keras.Input(ONE_STEP.shape[1:]), layer])
    model.compile(loss="mse")
    assert_same(backpropagate(model, ONE_STEP, np.zeros((len(ONE_STEP), 50))).bias, np.zeros(50), 0)
