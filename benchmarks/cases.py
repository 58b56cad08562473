"""What a peer computes: a shape with options, and the numbers that go in."""

from dataclasses import dataclass
from functools import cache

import numpy as np

SEED = 0
DROPOUT = 0.2
BATCHES_PER_EPOCH = 16


@dataclass(frozen=True)
class Case:
    """A layer and the batch that it gets.

    Attributes:
        batch: Number of sequences.
        time: Number of time steps.
        features: Size of the input of a time step.
        units: Size of the hidden state.
        activation: `"tanh"` or `"relu"`.
        masked: Whether sequences end early, as `Data.lengths` says, and a mask tells so.
        dropout: Fraction to drop of the inputs, and of the hidden state.
        dtype: `"float32"`, or `"bfloat16"` for mixed precision: computing in it, with float32
            parameters.
    """

    batch: int
    time: int
    features: int
    units: int
    activation: str = "tanh"
    masked: bool = False
    dropout: float = 0.0
    dtype: str = "float32"

    def __str__(self) -> str:
        """Batch×time×features→units, and what is not as usual."""
        unusual = [
            self.activation if self.activation != "tanh" else "",
            "mask" if self.masked else "",
            "dropout" if self.dropout else "",
            self.dtype if self.dtype != "float32" else "",
        ]
        shape = f"{self.batch}×{self.time}×{self.features}→{self.units}"
        return ", ".join([shape, *filter(None, unusual)])

    @property
    def different_lengths(self) -> range:
        """The lengths of a training run over sequences of many lengths: the upper half."""
        return range(self.time // 2 + 1, self.time + 1)


@dataclass(frozen=True)
class Data:
    """The numbers of a case, all float32.

    Attributes:
        x: `(batch, time, features)`.
        lengths: How many time steps of each sequence count, `(batch,)`; all unless it is masked.
        kernel: `(features, units)`.
        recurrent_kernel: `(units, units)`, orthogonal as Keras's default is.
        bias: `(units,)`.
    """

    x: np.ndarray
    lengths: np.ndarray
    kernel: np.ndarray
    recurrent_kernel: np.ndarray
    bias: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """Which time steps count: boolean, `(batch, time)`."""
        return np.arange(self.x.shape[1]) < self.lengths[:, None]

    @property
    def parameters(self) -> list[np.ndarray]:
        """In Keras's order."""
        return [self.kernel, self.recurrent_kernel, self.bias]


@cache
def data(case: Case) -> Data:
    """The numbers of a case, the same in every process."""
    random = np.random.default_rng(SEED)
    limit = np.sqrt(6 / (case.features + case.units))
    orthogonal, _ = np.linalg.qr(random.normal(size=(case.units, case.units)))
    lengths = np.full(case.batch, case.time)
    if case.masked:
        lengths = random.integers((case.time + 1) // 2, case.time + 1, size=case.batch)
    return Data(
        x=random.normal(size=(case.batch, case.time, case.features)).astype("float32"),
        lengths=lengths,
        kernel=random.uniform(-limit, limit, (case.features, case.units)).astype("float32"),
        recurrent_kernel=orthogonal.astype("float32"),
        bias=random.normal(scale=0.1, size=case.units).astype("float32"),
    )
