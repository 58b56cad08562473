from functools import partial

import keras
import pytest
import tensorflow as tf

from keras_rnn_explained.backends.tensorflow_loops import dense_array, scan
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
    xs = {"a": tf.random.normal((5, 2)), "b": tf.random.normal((5, 2))}

    def step(carry, now):
        carry = tf.sin(carry + now["a"]) * now["b"]
        return carry, carry * 2

    actual = scan(step, tf.ones(2), xs, reverse=reverse)
    expected = keras.ops.scan(step, tf.ones(2), xs, reverse=reverse)
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
