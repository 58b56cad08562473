from functools import partial

import keras
import pytest
import tensorflow as tf

from keras_rnn_explained.backends.tensorflow_loops import dense_array, exported_scan, scan
from keras_rnn_explained.execution import unrolled_scan
from tests.comparison import assert_same

SCANS = {
    "loop": scan,
    "differentiable": partial(scan, differentiable=True),
    "dense": partial(scan, collector=dense_array),
    "unrolled": unrolled_scan,
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_scan_does_what_keras_ops_scan_does(scan, reverse):
    xs = {name: tf.random.normal((5, 2), dtype="float64") for name in "ab"}

    def step(carry, now):
        carry = tf.sin(carry + now["a"]) * now["b"]
        return carry, carry * 2

    actual = scan(step, tf.ones(2, "float64"), xs, reverse=reverse)
    expected = keras.ops.scan(step, tf.ones(2, "float64"), xs, reverse=reverse)
    for one, other in zip(actual, expected, strict=True):
        assert_same(one, other, 0)


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_scan_repeats_without_inputs(scan):
    carry, ys = scan(lambda carry, _: (carry * 2, None), tf.ones(2), length=3)
    assert_same(carry, [8, 8], 0)
    assert ys is None


def test_the_loop_has_a_bound_that_lets_xla_differentiate_it():
    @tf.function(jit_compile=True)
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            _, ys = scan(lambda carry, now: (carry * now["x"],) * 2, tf.ones(2), {"x": x})
            total = tf.reduce_sum(ys)
        return tape.gradient(total, x)

    assert_same(gradient(tf.constant([[2.0, 3.0], [4.0, 5.0]])), [[5, 6], [2, 3]], 1e-6)


def called_by(module, function):
    """What a function gives while a module of this name is among the calls under way."""
    names = {"__name__": module, "function": function}
    exec("given = function()", names)
    return names["given"]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("exporter", "knows_arrays"),
    [("tensorflow.lite", False), ("keras.src.export.onnx", True), ("keras.src.export", True)],
)
def test_an_exported_loop_collects_in_what_the_format_knows(exporter, knows_arrays, reverse):
    x = tf.random.normal((5, 2))

    def step(carry, now):
        return carry + now[0], carry * now[0]

    @tf.function
    def scanned():
        return exported_scan(step, tf.ones(2), [x], reverse=reverse)

    graph = called_by(exporter, scanned.get_concrete_function)
    arrays = [one for one in graph.graph.get_operations() if one.type.startswith("TensorList")]
    assert bool(arrays) is knows_arrays
    expected = keras.ops.scan(step, tf.ones(2), [x], reverse=reverse)
    for one, other in zip(graph(), expected, strict=True):
        assert_same(one, other, 1e-6)


def test_an_exported_loop_repeats_without_inputs():
    carry, ys = exported_scan(lambda carry, _: (carry * 2, None), tf.ones(2), length=3)
    assert_same(carry, [8, 8], 0)
    assert ys is None
