"""Trains on several devices with Keras's `DataParallel` distribution, on JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"  # before the first import of Keras

from examples.arguments import count, needed

with needed("jax"):
    import jax

import keras

from examples.distributed import task


def main() -> None:
    """The program."""
    parser = task.arguments(__doc__)
    parser.add_argument(
        "--devices",
        type=count,
        default=2,
        help="GPUs, TPUs or, where there are none, parts of the CPU; default: %(default)s",
    )
    given = parser.parse_args()
    # Parts of the CPU have to be asked for before JAX looks at its devices.
    parts = f"--xla_force_host_platform_device_count={given.devices}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {parts}"
    devices = jax.devices()
    if len(devices) < given.devices:
        parser.error(f"--devices: there are {len(devices)} devices, got {given.devices}")
    chosen = task.chosen(parser, given, given.devices)
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=devices[: given.devices])
    )
    task.fit(task.model_of(chosen), chosen, given)


if __name__ == "__main__":
    main()
