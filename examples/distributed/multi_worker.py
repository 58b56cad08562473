"""Trains in several processes, on one or more machines, with `MultiWorkerMirroredStrategy`.

`fit` fails there in Keras 3.15, so this is a training loop of its own, with checkpoints of
TensorFlow's.
"""

import argparse
import json
import os

os.environ["KERAS_BACKEND"] = "tensorflow"  # before the first import of Keras

import numpy as np

from examples.arguments import needed

with needed("tensorflow"):
    import tensorflow as tf

from examples.distributed import task


def main() -> None:
    """The program."""
    parser = task.arguments(__doc__)
    parser.add_argument(
        "--workers",
        nargs="+",
        metavar="HOST:PORT",
        help="of all processes, the same list for each; default: what TF_CONFIG says",
    )
    parser.add_argument("--index", type=int, help="which of them this process is; the first is 0")
    given = parser.parse_args()
    if (given.workers is None) != (given.index is None):
        parser.error("--workers and --index belong together, got one of them")
    if given.workers:
        if not 0 <= given.index < len(given.workers):
            parser.error(
                f"--index must be from 0 to {len(given.workers) - 1}, the last of --workers, got "
                f"{given.index}"
            )
        os.environ["TF_CONFIG"] = json.dumps(
            {
                "cluster": {"worker": given.workers},
                "task": {"type": "worker", "index": given.index},
            }
        )
    elif "TF_CONFIG" not in os.environ:
        parser.error("--workers and --index are missing, and there is no TF_CONFIG either")

    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else of TensorFlow's
    train(strategy, task.chosen(parser, given, strategy.num_replicas_in_sync), given)


def train(strategy: tf.distribute.Strategy, chosen: task.Task, given: argparse.Namespace) -> None:
    """Trains from the last checkpoint on; the first worker writes one after each epoch."""
    with strategy.scope():
        model, loss, optimizer = task.model_of(chosen), chosen.loss(), task.optimizer()
        optimizer.build(model.trainable_variables)
        epoch = tf.Variable(0)
    checkpoints = tf.train.CheckpointManager(
        tf.train.Checkpoint(model=model, optimizer=optimizer, epoch=epoch),
        str(given.folder / "checkpoints"),
        max_to_keep=2,
    )
    checkpoints.restore_or_initialize()
    writes = strategy.cluster_resolver.task_id == 0
    data = tf.data.Dataset.from_tensor_slices((chosen.x, chosen.y)).batch(given.batch)
    data = strategy.experimental_distribute_dataset(data)

    def on_a_worker(x, y):
        with tf.GradientTape() as tape:
            # The workers' gradients are added up. So a loss of Keras's is not the mean over this
            # worker's part of the batch alone, but that by the number of workers.
            part = loss(y, model(x, training=True))
        gradients = tape.gradient(part, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return part

    @tf.function
    def step(x, y):
        return strategy.reduce("SUM", strategy.run(on_a_worker, (x, y)), axis=None)

    if epoch.numpy() >= given.epochs:
        task.tell_nothing_left(given)
    while epoch.numpy() < given.epochs:
        losses = []
        for x, y in data:
            losses.append(step(x, y).numpy())
            task.die_if_asked(given, epoch.numpy() + 1)
        epoch.assign_add(1)
        if writes:
            checkpoints.save()
        task.tell(epoch.numpy(), np.mean(losses))
    if writes:
        task.save(model, given.folder)


if __name__ == "__main__":
    main()
