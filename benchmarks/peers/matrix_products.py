"""The floor: the matrix products of a simple RNN alone, with nothing that waits for anything.

A time step needs (batch × units)·(units × units) and waits for the one before. Here no product
waits, so those of all time steps are one: (time·batch × units)·(units × units), once forward and,
in training, once backward. To these come the input projection and, in training, the two products
that give the gradients of the kernels. No activation, no bias, no gradient of the input. An RNN
that multiplies step by step in float32 can't be expected to be faster.
"""

from functools import partial

import numpy as np
import tensorflow as tf

from benchmarks.cases import Case, data
from benchmarks.peers.fastest import Fastest


class MatrixProducts:
    """The same products in NumPy, TensorFlow and XLA, of which the fastest counts."""

    versions = {"tensorflow": tf.__version__, "numpy": np.__version__}  # noqa: RUF012

    def prepare(self, case: Case, kind: str) -> Fastest:
        """The products of `"forward"` or `"training"`. What they give means nothing to others."""
        given = data(case)
        rows = case.time * case.batch
        x = given.x.reshape(rows, case.features)
        states = np.random.default_rng(1).normal(size=(rows, case.units)).astype("float32")
        arrays = (x, states, given.kernel, given.recurrent_kernel)
        products = {"forward": _forward, "training": _training}[kind]

        tensors = [tf.constant(array) for array in arrays]
        in_tensorflow = partial(products, tf.matmul, tf.transpose)
        ways = {
            "TensorFlow": partial(tf.function(in_tensorflow), *tensors),
            "XLA": partial(tf.function(in_tensorflow, jit_compile=True), *tensors),
            "NumPy": partial(products, np.matmul, np.transpose, *arrays),
        }
        return Fastest({name: partial(_and_forget, way) for name, way in ways.items()})


def _and_forget(call):
    call()
    return {}


def _forward(matmul, _, x, states, kernel, recurrent_kernel):
    return matmul(x, kernel), matmul(states, recurrent_kernel)


def _training(matmul, transpose, x, states, kernel, recurrent_kernel):
    # Any array of the states' shape stands for the local errors.
    local_errors = states
    return (
        *_forward(matmul, transpose, x, states, kernel, recurrent_kernel),
        matmul(local_errors, transpose(recurrent_kernel)),
        matmul(transpose(x), local_errors),
        matmul(transpose(states), local_errors),
    )
