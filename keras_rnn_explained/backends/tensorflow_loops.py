"""The loop of the equations, in the form that TensorFlow runs and differentiates best."""

from collections.abc import Callable
from functools import partial
from operator import getitem
from typing import Any, NamedTuple

import tensorflow as tf
from keras import ops, tree

from keras_rnn_explained import exporting


def tensor_array(like, length) -> tf.TensorArray:
    """An array of so many tensors like the given one."""
    return tf.TensorArray(like.dtype, length, element_shape=like.shape)


class DenseArray(NamedTuple):
    """What `scan` needs of a `tf.TensorArray` as one tensor, which each write may copy."""

    rows: Any

    def write(self, index, value):
        return DenseArray(tf.tensor_scatter_nd_update(self.rows, [[index]], value[None]))

    def stack(self):
        return self.rows


def dense_array(like, length) -> DenseArray:
    """The same without a TensorArray."""
    return DenseArray(tf.zeros([length, *ops.shape(like)], like.dtype))


def scan(
    f: Callable,
    init,
    xs=None,
    length: int | None = None,
    reverse: bool = False,
    differentiable: bool = False,
    collector: Callable = tensor_array,
):
    """`keras.ops.scan`, but faster, or differentiable in XLA too: its iterations have a bound.

    Args:
        f: `(carry, x) -> (carry, y)`, where y is `None` or a tensor like the carry.
        init: The first carry.
        xs: Tensors to read along their first axis, in any structure; `None` with `length`.
        length: The number of iterations where there is no `xs`.
        reverse: Whether to go through `xs` from the end.
        differentiable: Whether automatic differentiation must be fast too. It is slow in slices of
            `xs`, which cost nothing to read; in a TensorArray, which is a copy, it is fast.
        collector: What makes the array that collects the y: `tensor_array`, or `dense_array`.

    Returns:
        The last carry, and the y of all iterations in the order of `xs` (`None` without `xs`).
    """
    if length is None:
        length = _length(xs)
    read, arrays = getitem, xs or ()
    if differentiable:
        read = tf.TensorArray.read
        arrays = tree.map_structure(
            lambda x: tf.TensorArray(x.dtype, length, element_shape=x.shape[1:]).unstack(x), arrays
        )

    def body(iteration, carry, ys):
        index = length - 1 - iteration if reverse else iteration
        now = tree.map_structure(lambda array: read(array, index), arrays)
        carry, y = f(carry, now)
        return iteration + 1, carry, ys if y is None else ys.write(index, y)

    like = tree.flatten(init)[0]
    ys = collector(like, length)
    _, carry, ys = tf.while_loop(
        lambda iteration, *_: iteration < length, body, (0, init, ys), maximum_iterations=length
    )
    return carry, ys.stack() if xs else None


def exported_scan(f: Callable, init, xs=None, length: int | None = None, reverse: bool = False):
    """`scan` in operations that the format of the export under way knows."""
    # LiteRT has TensorArrays only of fixed sizes. Elsewhere they are far faster in long loops.
    collector = dense_array if exporting.target() == "LiteRT" else tensor_array
    return scan(f, init, xs, length, reverse, collector=collector)


WITHOUT_BPTT: dict[str, Callable] = {
    "autodiff": partial(scan, differentiable=True),
    "exported": exported_scan,
}
"""The loops of the ways in which TensorFlow differentiates by itself."""


def _length(xs):
    return ops.shape(tree.flatten(xs)[0])[0]
