"""Trains on several devices of one machine with TensorFlow's `MirroredStrategy`."""

import argparse
import os

os.environ["KERAS_BACKEND"] = "tensorflow"  # before the first import of Keras

from examples.arguments import count, needed

with needed("tensorflow"):
    import tensorflow as tf

from examples.distributed import task


def main() -> None:
    """The program."""
    parser = task.arguments(__doc__)
    parser.add_argument(
        "--devices",
        type=count,
        default=2,
        help="GPUs or, where there is none, parts of the CPU; default: %(default)s",
    )
    given = parser.parse_args()
    strategy = tf.distribute.MirroredStrategy(devices(parser, given.devices))
    chosen = task.chosen(parser, given, given.devices)
    with strategy.scope():
        task.fit(task.model_of(chosen), chosen, given)


def devices(parser: argparse.ArgumentParser, number: int) -> list[str]:
    """The names of as many devices."""
    kind = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    there = tf.config.list_physical_devices(kind)
    if kind == "CPU":
        # It has to happen before TensorFlow uses the CPU.
        parts = [tf.config.LogicalDeviceConfiguration()] * number
        tf.config.set_logical_device_configuration(there[0], parts)
    elif len(there) < number:
        parser.error(f"--devices: there are {len(there)} GPUs, got {number}")
    return [f"{kind}:{index}" for index in range(number)]


if __name__ == "__main__":
    main()
