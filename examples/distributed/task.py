"""What the programs of this folder share: data, model, arguments, and what they print and write."""

import argparse
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from examples.arguments import count, folder
from keras_rnn_explained import ExplainedRNN, datasets


@dataclass(frozen=True)
class Task:
    """What is to be learned.

    Attributes:
        x: Inputs, `(samples, time, features)` or, for numbers of characters, `(samples, time)`.
        y: What the model is to give for them.
        layers: Gives the layers of the model, new ones at each call.
        loss: Gives the loss, the mean over samples.
    """

    x: np.ndarray
    y: np.ndarray
    layers: Callable[[], list[keras.Layer]]
    loss: Callable[[], keras.Loss]


def sunspots() -> Task:
    """The sunspots of a year from those of the 22 years before."""
    forecast = datasets.forecast_windows(datasets.load_series("sunspots"), length=22)
    return Task(
        forecast.x_train,
        forecast.y_train,
        lambda: [keras.Input((22, 1)), ExplainedRNN(16), keras.layers.Dense(1)],
        keras.losses.MeanSquaredError,
    )


def alice() -> Task:
    """Each next character of *Alice*, in pieces of 32 characters."""
    text = datasets.load_text("alice").text
    characters, numbers = np.unique(list(text), return_inverse=True)
    pieces = np.lib.stride_tricks.sliding_window_view(numbers.astype("int32"), 33)[::32]
    return Task(
        pieces[:, :-1].copy(),
        pieces[:, 1:].copy(),
        lambda: [
            keras.Input((32,), dtype="int32"),
            keras.layers.Embedding(len(characters), 8),
            ExplainedRNN(32, return_sequences=True),
            keras.layers.Dense(len(characters)),
        ],
        lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )


TASKS = {"sunspots": sunspots, "alice": alice}


def arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that all programs take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--folder",
        type=folder,
        required=True,
        help="where checkpoints and the model go, one for each task; training goes on from a "
        "checkpoint that is there",
    )
    parser.add_argument("--task", choices=TASKS, default="sunspots")
    parser.add_argument("--epochs", type=count, default=5, help="all in all; default: %(default)s")
    parser.add_argument(
        "--batch", type=count, default=42, help="of all workers together; default: %(default)s"
    )
    parser.add_argument(
        "--die-in-epoch",
        type=count,
        metavar="N",
        help="to try a failure: this process kills itself (SIGKILL) after the first batch of epoch "
        "N; of processes that you start yourself, give it to one",
    )
    return parser


def chosen(parser: argparse.ArgumentParser, given: argparse.Namespace, workers: int) -> Task:
    """The task, of which only whole batches are kept; ends the program if they can't be shared.

    So each worker has as many samples of each batch as any other, and the mean of the workers'
    losses is the loss of the batch.
    """
    task = TASKS[given.task]()
    if given.batch % workers:
        parser.error(
            f"--batch must be a multiple of the number of workers, {workers}, got {given.batch}"
        )
    if given.batch > len(task.x):
        parser.error(
            f"--batch must be at most the number of samples, {len(task.x)}, got {given.batch}"
        )
    order = np.random.default_rng(0).permutation(len(task.x) // given.batch * given.batch)
    return Task(task.x[order], task.y[order], task.layers, task.loss)


def model_of(task: Task) -> keras.Model:
    """The model, with the same initial weights in every process."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(task.layers())


def optimizer() -> keras.Optimizer:
    """One that a gradient of the wrong size would lead elsewhere, other than Adam."""
    return keras.optimizers.SGD(0.05, momentum=0.9)


def tell(epoch: int, loss: float) -> None:
    """Prints the mean loss of an epoch; the first is 1."""
    print(f"epoch {epoch} loss {loss:.7f}", flush=True)


def tell_nothing_left(given: argparse.Namespace) -> None:
    """Says that the checkpoint has all epochs that are asked for."""
    print(
        f"nothing left to train: the checkpoint in {given.folder} has {given.epochs} epochs or "
        "more; give more --epochs, or another --folder",
        flush=True,
    )


def die_if_asked(given: argparse.Namespace, epoch: int) -> None:
    """Ends this process as a failure of its machine would; called after a batch of the epoch."""
    if epoch == given.die_in_epoch:
        os.kill(os.getpid(), signal.SIGKILL)


def save(model: keras.Model, folder: Path) -> None:
    """Writes the trained model, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / "unfinished.keras"
    model.save(unfinished)
    unfinished.replace(folder / "model.keras")


class Told(keras.callbacks.Callback):
    """`tell` and `die_if_asked` in `fit`."""

    def __init__(self, given: argparse.Namespace):
        super().__init__()
        self.given = given
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_end(self, batch, logs=None):
        die_if_asked(self.given, self.epoch)

    def on_epoch_end(self, epoch, logs=None):
        tell(self.epoch, logs["loss"])


def fit(model: keras.Model, task: Task, given: argparse.Namespace) -> None:
    """Trains with `fit` from the last checkpoint on, one for each epoch, and saves the model."""
    model.compile(optimizer(), task.loss())
    backup = keras.callbacks.BackupAndRestore(
        given.folder / "backup", double_checkpoint=True, delete_checkpoint=False
    )
    history = model.fit(
        task.x,
        task.y,
        batch_size=given.batch,
        epochs=given.epochs,
        shuffle=False,  # so that an epoch that is trained again has the same batches
        verbose=0,
        callbacks=[backup, Told(given)],
    )
    if not history.epoch:
        tell_nothing_left(given)
    save(model, given.folder)
