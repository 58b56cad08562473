"""Trains on sequences of many lengths from a file, in buckets, with each loader that `fit` takes.

The sequences are the words of *Alice*: from all letters of a word but the last, the model is to
guess the last.
"""

import argparse
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from examples.arguments import count, folder, needed
from keras_rnn_explained import ExplainedRNN, datasets
from keras_rnn_explained.files import written_whole

BOUNDARIES = (2, 4, 8, 16)
"""The longest sequence in each bucket, which is as long as all others there are padded to."""


class Sequences:
    """Sequences of any length that stay in files: `values.npy`, one after another, and `ends.npy`.

    Args:
        folder: Of `write`.

    Attributes:
        lengths: Time steps of each sequence, `(sequences,)`.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.ends = np.load(folder / "ends.npy")
        self.lengths = np.diff(self.ends, prepend=0) - 1  # without the target

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, index):
        """The inputs, `(time,)`, and the target."""
        end = self.ends[index]
        values = np.load(self.folder / "values.npy", mmap_mode="r")
        return np.array(values[end - self.lengths[index] - 1 : end - 1]), values[end - 1]

    def batch(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """Inputs, padded with 0 to the boundary of their bucket, `(batch, time)`, and targets."""
        inputs, targets = zip(*(self[index] for index in indices), strict=True)
        time = BOUNDARIES[bucket_of(max(map(len, inputs)))]
        x = np.zeros((len(inputs), time), "int32")
        for row, values in zip(x, inputs, strict=True):
            row[: len(values)] = values
        return x, np.array(targets)


def write(folder: Path, words: Iterable[str]) -> None:
    """Writes words as numbers from 1 on, so that 0 is free for padding."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [np.frombuffer(word.encode(), "uint8") - (ord("a") - 1) for word in words]
    arrays = {
        "values.npy": np.concatenate(numbers).astype("int32"),
        "ends.npy": np.cumsum([len(one) for one in numbers]),
    }
    for name, array in arrays.items():
        with written_whole(folder / name) as unfinished, unfinished.open("wb") as file:
            np.save(file, array)


def words_of_alice() -> list[str]:
    """All of two letters and more, in the order of the book."""
    return re.findall(r"[a-z]{2,}", datasets.load_text("alice").text.lower())


def bucket_of(lengths: Any) -> Any:
    """The number of the bucket for each length."""
    return np.searchsorted(BOUNDARIES, lengths)


def plan(lengths: np.ndarray, batch: int, seed: int) -> list[np.ndarray]:
    """The indices of each batch: sequences of one bucket, in an order by chance.

    Where Keras runs on TensorFlow, `fit` takes what the first two batches have in common for the
    shape of all. So the first two differ in all that differs anywhere.

    Raises:
        ValueError: If there is no sequence, or one is longer than the last boundary.
    """
    if not 0 < max(lengths, default=0) <= BOUNDARIES[-1]:
        raise ValueError(
            f"Expected sequences of at most {BOUNDARIES[-1]} time steps, the last boundary, and at "
            f"least one, got {len(lengths)} of at most {max(lengths, default=0)}. Add a boundary."
        )
    random = np.random.default_rng(seed)
    order = random.permutation(len(lengths))
    buckets = bucket_of(lengths[order])
    batches = []
    for bucket in np.unique(buckets):
        own = order[buckets == bucket]
        batches += [own[start : start + batch] for start in range(0, len(own), batch)]
    random.shuffle(batches)

    def shape(indices):
        return len(indices), bucket_of(lengths[indices[0]])

    sizes, places = map(set, zip(*map(shape, batches), strict=True))
    needed = (len(sizes) > 1) + (len(places) > 1)

    def differ(one, other):
        return sum(a != b for a, b in zip(shape(one), shape(other), strict=True))

    for first, one in enumerate(batches):
        for second, other in enumerate(batches):
            if first != second and differ(one, other) == needed:
                rest = [b for i, b in enumerate(batches) if i not in (first, second)]
                return [one, other, *rest]
    return batches


class Batches(keras.utils.PyDataset):
    """Keras's own loader, with a new plan for each epoch."""

    def __init__(self, sequences: Sequences, batch: int, seed: int):
        super().__init__()
        self.sequences = sequences
        self.size = batch
        self.seed = seed
        self.plan = plan(sequences.lengths, batch, seed)

    def __len__(self):
        return len(self.plan)

    def __getitem__(self, index):
        return self.sequences.batch(self.plan[index])

    def on_epoch_end(self):
        """Keras calls it."""
        self.seed += 1
        self.plan = plan(self.sequences.lengths, self.size, self.seed)


def from_tf_data(sequences: Sequences, batch: int, seed: int) -> Any:
    """A `tf.data.Dataset`, which has buckets of its own."""
    with needed("tensorflow"):
        import tensorflow as tf

    def shuffled():
        for index in np.random.default_rng(seed).permutation(len(sequences)):
            yield sequences[index]

    return tf.data.Dataset.from_generator(
        shuffled, output_signature=(tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32))
    ).bucket_by_sequence_length(
        lambda x, y: tf.shape(x)[0],
        bucket_boundaries=[boundary + 1 for boundary in BOUNDARIES],  # the first that is too long
        bucket_batch_sizes=[batch] * (len(BOUNDARIES) + 1),
        pad_to_bucket_boundary=True,
    )


def from_grain(sequences: Sequences, batch: int, seed: int) -> Any:
    """A `grain.MapDataset`."""
    with needed("grain"):
        import grain

    return grain.MapDataset.source(plan(sequences.lengths, batch, seed)).map(sequences.batch)


def from_torch(sequences: Sequences, batch: int, seed: int) -> Any:
    """A `torch.utils.data.DataLoader`."""
    with needed("torch"):
        import torch

    class Dataset(torch.utils.data.Dataset):
        def __len__(self):
            return len(sequences)

        def __getitems__(self, indices):
            return sequences.batch(indices)

    return torch.utils.data.DataLoader(
        Dataset(),
        batch_sampler=[indices.tolist() for indices in plan(sequences.lengths, batch, seed)],
        collate_fn=lambda arrays: tuple(map(torch.from_numpy, arrays)),
    )


LOADERS: dict[str, Callable[[Sequences, int, int], Any]] = {
    "tf.data": from_tf_data,
    "PyDataset": Batches,
    "grain": from_grain,
    "torch": from_torch,
}


def model() -> keras.Model:
    """A new one, with the same initial weights each time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(27, 8, mask_zero=True),  # the padding becomes the mask
            ExplainedRNN(16),
            keras.layers.Dense(27),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=folder, required=True, help="where the words are written")
    parser.add_argument("--loader", choices=LOADERS, default="PyDataset")
    parser.add_argument("--epochs", type=count, default=3, help="default: %(default)s")
    parser.add_argument("--batch", type=count, default=64, help="default: %(default)s")
    given = parser.parse_args()
    write(given.folder, words_of_alice())
    data = LOADERS[given.loader](Sequences(given.folder), given.batch, 0)
    losses = model().fit(data, epochs=given.epochs, shuffle=False, verbose=0).history["loss"]
    for epoch, loss in enumerate(losses, 1):
        print(f"epoch {epoch} loss {loss:.4f}")


if __name__ == "__main__":
    main()
