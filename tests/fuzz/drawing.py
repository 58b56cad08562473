"""What dropout draws: in float64 the same as in another dtype."""

from unittest import mock

import tensorflow as tf


def drawn_in(dtype):
    """Draws in this dtype, for what is drawn in another is something else."""
    draw = tf.nn.experimental.stateless_dropout

    def and_cast(ones, *args, **keywords):
        return tf.cast(draw(tf.cast(ones, dtype), *args, **keywords), ones.dtype)

    return _drawing(and_cast)


def _drawing(draw):
    return mock.patch.object(tf.nn.experimental, "stateless_dropout", draw)
