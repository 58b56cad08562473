"""Trains on a million windows that stay in a file; memory does not grow with their number."""

import argparse
import re
import resource
import sys
from pathlib import Path

import keras
import numpy as np

from examples.arguments import count, folder
from keras_rnn_explained import ExplainedRNN
from keras_rnn_explained.files import written_whole

LENGTH = 32
AT_ONCE = 8192  # windows in memory while the file is written


class Windows(keras.utils.PyDataset):
    """Batches of windows from a file, in an order that is new in each epoch.

    Args:
        file: Of `write`.
        batch: Windows in a batch; the last one may have fewer.
        seed: Of the order.
    """

    def __init__(self, file: Path, batch: int, seed: int = 0):
        super().__init__()
        self.file = file
        self.batch = batch
        self.random = np.random.default_rng(seed)
        self.count = len(np.load(file, mmap_mode="r"))
        self.on_epoch_end()

    def __len__(self):
        return len(self.order)

    def __getitem__(self, index):
        start = self.order[index] * self.batch
        # Mapped anew for each batch: what was read through a map counts as memory as long as it is.
        rows = np.array(np.load(self.file, mmap_mode="r")[start : start + self.batch])
        self.random.shuffle(rows)
        return rows[:, :-1, None], rows[:, -1:]

    def on_epoch_end(self):
        """Keras calls it; batches are shuffled, and windows within each."""
        self.order = self.random.permutation(-(-self.count // self.batch))


def write(file: Path, number: int, seed: int = 0) -> None:
    """Writes so many noisy waves, `(number, LENGTH + 1)`, of which the last value is the target.

    The file is there as a whole or not at all, and never in memory as a whole.
    """
    random = np.random.default_rng(seed)
    with written_whole(file) as unfinished:
        np.lib.format.open_memmap(unfinished, "w+", "float32", (number, LENGTH + 1))
        for start in range(0, number, AT_ONCE):
            rows = np.load(unfinished, mmap_mode="r+")[start : start + AT_ONCE]
            phase = random.uniform(0, 2 * np.pi, (len(rows), 1))
            period = random.uniform(6, 30, (len(rows), 1))
            wave = np.sin(phase + 2 * np.pi * np.arange(LENGTH + 1) / period)
            rows[:] = wave + random.normal(0, 0.1, wave.shape)


def peak() -> float:
    """The most memory that this process held so far, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where `ru_maxrss` begins with that of the process that started it
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        if found is not None:
            return int(found[1]) / 2**10
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10


class Peaks(keras.callbacks.Callback):
    """Notes the peak after a tenth of the first epoch, and at the end."""

    def on_train_begin(self, logs=None):
        self.early = None

    def on_train_batch_end(self, batch, logs=None):
        if self.early is None and batch >= self.params["steps"] // 10:
            self.early = peak()

    def on_train_end(self, logs=None):
        self.late = peak()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=folder, required=True, help="where windows.npy is written")
    parser.add_argument("--windows", type=count, default=10**6, help="default: %(default)s")
    parser.add_argument("--batch", type=count, default=1000, help="default: %(default)s")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    file = given.folder / "windows.npy"
    write(file, given.windows)
    print(f"{given.windows} windows, {file.stat().st_size / 2**20:.0f} MiB, in {file}", flush=True)

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((LENGTH, 1)), ExplainedRNN(16), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.003), "mse")
    peaks = Peaks()
    history = model.fit(Windows(file, given.batch), verbose=0, callbacks=[peaks]).history
    print(f"loss {history['loss'][-1]:.5f}")
    print(f"peak memory {peaks.early:.0f} MiB after a tenth of the windows")
    print(f"peak memory {peaks.late:.0f} MiB after all of them")


if __name__ == "__main__":
    main()
