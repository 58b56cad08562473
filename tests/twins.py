"""A `SimpleRNN` and an `ExplainedRNN` that are to do the same, and what each does."""

import keras
import numpy as np
from keras import ops, tree

from keras_rnn_explained import ExplainedRNN
from tests.comparison import TOLERANCE, assert_same
from tests.differentiation import differentiate

ACTIVATIONS = [
    name
    for name, function in vars(keras.activations).items()
    if callable(function) and name not in ("get", "serialize", "deserialize", "glu", "threshold")
]
"""All of Keras's own that take nothing but the pre-activation."""


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
    weights = layer.trainable_weights
    inputs = {"x": x} | {
        name: value
        for name, value in keywords.items()
        if isinstance(value, np.ndarray) and name != "mask"
    }
    keras.utils.set_random_seed(3)  # torch draws dropout masks from its global generator

    def loss(inputs):
        random = np.random.default_rng(2)
        given = {**keywords, **inputs}
        x, results, value = given.pop("x"), {}, 0.0
        for number in range(call):
            for place, output in enumerate(tree.flatten(layer(x, **given))):
                results[f"output {place} of call {number}"] = output
                upstream = ops.cast(random.normal(size=output.shape), dtype)
                value += ops.sum(ops.cast(output, dtype) * upstream)
        return value + sum(ops.cast(term, dtype) for term in layer.losses), results

    dtype = x.dtype.name
    _, results, of_inputs, of_weights = differentiate(loss, inputs, weights)
    names = (weight.path.split("/")[-1] for weight in weights)
    gradients = of_inputs | dict(zip(names, of_weights, strict=True))
    return results | {f"gradient of {name}": gradient for name, gradient in gradients.items()}


def assert_same_behaviour(explained, simple, x, tolerance=None, **keywords):
    expected = behaviour(simple, x, **keywords)
    actual = behaviour(explained, x, **keywords)
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        assert value.dtype == expected[name].dtype, name
        assert_same(
            ops.cast(value, "float64"),
            ops.cast(expected[name], "float64"),
            tolerance or TOLERANCE[np.dtype(x.dtype).name],
            name,
        )
