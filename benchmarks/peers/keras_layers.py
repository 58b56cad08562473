"""Keras layers on TensorFlow: `ExplainedRNN`, and `SimpleRNN` in each of its modes."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.cases import BATCHES_PER_EPOCH, SEED, Case, data

Call = Callable[[], dict[str, Any]]


class KerasPeer:
    """One layer class, run in one way.

    Args:
        make_layer: Makes the layer from its number of units and Keras's arguments.
        jit_compile: Whether all that the layer is part of is compiled by XLA.
    """

    versions = {"tensorflow": tf.__version__, "keras": keras.__version__}  # noqa: RUF012

    def __init__(self, make_layer: Callable[..., keras.Layer], jit_compile: bool = False):
        self.make_layer = make_layer
        self.jit_compile = jit_compile

    def prepare(self, case: Case, kind: str) -> Call:
        """The call that the kind names."""
        return getattr(self, kind)(case)

    def layer(self, case: Case) -> keras.Layer:
        """The layer with the weights of the case."""
        layer = self.make_layer(
            case.units,
            activation=case.activation,
            dropout=case.dropout,
            recurrent_dropout=case.dropout,
            seed=SEED,
            dtype="float32" if case.dtype == "float32" else f"mixed_{case.dtype}",
        )
        layer.build((case.batch, case.time, case.features))
        layer.set_weights(data(case).parameters)
        return layer

    def forward(self, case: Case) -> Call:
        """Inference, in a `tf.function`."""
        layer = self.layer(case)
        x, mask = _inputs(case)
        function = tf.function(layer, jit_compile=self.jit_compile)
        return lambda: {"output": function(x, mask=mask).numpy()}

    def training(self, case: Case) -> Call:
        """Loss and gradients, in one `tf.function`."""
        layer = self.layer(case)
        x, mask = _inputs(case)
        step = tf.function(partial(_step, layer), jit_compile=self.jit_compile)

        def call():
            loss, gradients = step(x, mask)
            return {"loss": loss.numpy(), **gradients}

        return call

    def fit(self, case: Case) -> Call:
        """An epoch of `model.fit`, as `Model.compile` sets it up by default."""
        model = self._model(case, case.time)
        random = np.random.default_rng(SEED)
        sequences = case.batch * BATCHES_PER_EPOCH
        x = random.normal(size=(sequences, case.time, case.features)).astype("float32")
        batches = tf.data.Dataset.from_tensor_slices((x, x[:, -1, :1])).batch(case.batch, True)
        dataset = _without_autotuning(batches.prefetch(1))

        def call():
            history = model.fit(dataset, verbose=0)
            return {"loss": np.array(history.history["loss"][0])}

        return call

    def lengths_function(self, case: Case) -> Call:
        """Training steps of many lengths by one `tf.function` that takes them all."""
        layer = self.layer(case)
        x = tf.TensorSpec((case.batch, None, case.features))
        step = tf.function(partial(_step, layer), [x], jit_compile=self.jit_compile)
        return partial(_over_lengths, step, case)

    def lengths_eager(self, case: Case) -> Call:
        """Training steps of many lengths, without `tf.function`."""
        return partial(_over_lengths, partial(_step, self.layer(case)), case)

    def lengths_fit(self, case: Case) -> Call:
        """An epoch of `model.fit` on a `tf.data.Dataset` whose batches have many lengths."""
        model = self._model(case, None)
        given = data(case)

        def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for length in case.different_lengths:
                yield given.x[:, :length], given.x[:, length - 1, :1]

        signature = (
            tf.TensorSpec((case.batch, None, case.features)),
            tf.TensorSpec((case.batch, 1)),
        )
        dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
        dataset = _without_autotuning(dataset)

        def call():
            history = model.fit(dataset, verbose=0)
            return {"loss": np.array(history.history["loss"][0])}

        return call

    def _model(self, case, time):
        head = keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(SEED))
        model = keras.Sequential([keras.Input((time, case.features)), self.layer(case), head])
        # Keras's own default where it is not asked for, "auto", leaves XLA off on a CPU.
        model.compile("adam", "mse", jit_compile=True if self.jit_compile else "auto")
        return model


def _inputs(case):
    given = data(case)
    return tf.constant(given.x), tf.constant(given.mask) if case.masked else None


def _step(layer, x, mask=None):
    """The loss and its gradients. `tf.square`: in plain TensorFlow `** 2` costs as much as a layer.

    Dropout is on, where there is any.
    """
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(tf.cast(layer(x, mask=mask, training=True), "float32")))
    variables = [weight.value for weight in layer.trainable_weights]
    names = [weight.name for weight in layer.trainable_weights]
    return loss, dict(zip(names, tape.gradient(loss, variables), strict=True))


def _without_autotuning(dataset):
    """The end of an epoch waits for the autotuner's thread, which sleeps up to a second by then."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def _over_lengths(step, case):
    x = data(case).x
    total = 0.0
    for length in case.different_lengths:
        loss, _ = step(tf.constant(x[:, :length]))
        total += loss.numpy()
    return {"loss": np.array(total)}


def explained(execution: str = "auto") -> KerasPeer:
    """Ours."""
    from keras_rnn_explained import ExplainedRNN

    return KerasPeer(partial(ExplainedRNN, execution=execution))


def explained_plain() -> KerasPeer:
    """Ours, not compiled."""
    return explained("plain")


def simple_rnn() -> KerasPeer:
    """Keras's, as it comes."""
    return KerasPeer(keras.layers.SimpleRNN)


def simple_rnn_unroll() -> KerasPeer:
    """Keras's, each time step written into the graph."""
    return KerasPeer(partial(keras.layers.SimpleRNN, unroll=True))


def simple_rnn_jit() -> KerasPeer:
    """Keras's, compiled by XLA with all around it."""
    return KerasPeer(keras.layers.SimpleRNN, jit_compile=True)
