"""A `SimpleRNN` and an `ExplainedRNN` that are to do the same, and what each does."""

import keras
import numpy as np
import tensorflow as tf
from keras import tree

from keras_rnn_explained import ExplainedRNN
from tests.comparison import TOLERANCE, assert_same


def twins(units=4, features=3, batch=2, time=None, execution="plain", **options):
    """Both layers, built, with the same weights: random ones, the bias included."""
    simple = keras.layers.SimpleRNN(units, **options)
    explained = ExplainedRNN(units, execution=execution, **options)
    random = np.random.default_rng(1)
    for layer in (simple, explained):
        layer.build((batch, time, features))
    for ours, theirs in zip(explained.weights, simple.weights, strict=True):
        assert (ours.name, ours.shape, ours.dtype) == (theirs.name, theirs.shape, theirs.dtype)
        value = random.normal(size=ours.shape) / np.sqrt(ours.shape[0])
        ours.assign(value)
        theirs.assign(value)
    return simple, explained


def behaviour(layer, x, call=1, **keywords):
    """Outputs, and the gradients of one scalar made of them, by name.

    Args:
        layer: A layer or a function of x.
        x: NumPy array.
        call: How often to call the layer; all calls count.
        keywords: Call arguments; NumPy arrays among them, but the mask, are differentiated too.
    """
    weights = {weight.path.split("/")[-1]: weight.value for weight in layer.trainable_weights}
    inputs = {
        "x": tf.constant(x),
        **{
            name: tf.constant(value)
            for name, value in keywords.items()
            if isinstance(value, np.ndarray) and name != "mask"
        },
    }
    keywords = {**keywords, **inputs}
    del keywords["x"]
    random = np.random.default_rng(2)
    results = {}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = 0.0
        for number in range(call):
            for place, output in enumerate(tree.flatten(layer(inputs["x"], **keywords))):
                results[f"output {place} of call {number}"] = output
                loss += tf.reduce_sum(
                    tf.cast(output, x.dtype) * random.normal(size=output.shape).astype(x.dtype)
                )
        loss += sum(tf.cast(term, loss.dtype) for term in layer.losses)
    sources = {**inputs, **weights}
    gradients = tape.gradient(loss, sources, unconnected_gradients="zero")
    results |= {f"gradient of {name}": gradient for name, gradient in gradients.items()}
    return results


def assert_same_behaviour(explained, simple, x, tolerance=None, **keywords):
    expected = behaviour(simple, x, **keywords)
    actual = behaviour(explained, x, **keywords)
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        assert value.dtype == expected[name].dtype, name
        assert_same(
            tf.cast(value, "float64"),
            tf.cast(expected[name], "float64"),
            tolerance or TOLERANCE[np.dtype(x.dtype).name],
            name,
        )
