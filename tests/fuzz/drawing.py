"""What dropout draws: taken down for the loop, and drawn in float64 as in another dtype."""

from unittest import mock

import tensorflow as tf


def taken_down(masks):
    """Puts each mask that is drawn into a list."""
    draw = tf.nn.experimental.stateless_dropout

    def and_take_down(*args, **keywords):
        masks.append(draw(*args, **keywords))
        return masks[-1]

    return _drawing(and_take_down)


def drawn_in(dtype):
    """Draws in this dtype, for what is drawn in another is something else."""
    draw = tf.nn.experimental.stateless_dropout

    def and_cast(ones, *args, **keywords):
        return tf.cast(draw(tf.cast(ones, dtype), *args, **keywords), ones.dtype)

    return _drawing(and_cast)


def _drawing(draw):
    return mock.patch.object(tf.nn.experimental, "stateless_dropout", draw)
