"""The numbers that the page shows, time step by time step, written out once and for all.

The page's script only picks them, so that it shows what Python wrote, NaN and infinity included.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_rnn_explained.figures.wording import decimals
from keras_rnn_explained.unfolding import Unfolding, evenly

MOST_SAMPLES, MOST_STEPS = 3, 1000
MOST_UNITS, MOST_FEATURES = 8, 8
MOST_NUMBERS = 200_000
"""On a page. A number is written in six letters or so; the page is to stay below 5 MB."""


@dataclass(frozen=True)
class Numbers:
    """Some of an unfolding's numbers as text.

    Attributes:
        samples: Which samples.
        steps: Which time steps: indices, ascending, the first and the last among them.
        units: How many units, the first ones.
        features: How many features, the first ones.
        x: x_t by sample, time step and feature.
        terms: By sample, time step and unit: x_t·kernel, a_{t−1}·recurrent kernel, â_t, a_t.
        bias: By unit, or `None`.
        masked: By sample, the places in `steps` at which a mask is `False`.
    """

    samples: list[int]
    steps: list[int]
    units: int
    features: int
    x: list[list[list[str]]]
    terms: list[list[list[list[str]]]]
    bias: list[str] | None
    masked: list[list[int]]

    def packed(self) -> list[list[str]]:
        """By sample and time step, the numbers of x and of the terms, one space between two."""
        return [
            [
                " ".join([*x, *(number for unit in terms for number in unit)])
                for x, terms in zip(of_x, of_terms, strict=True)
            ]
            for of_x, of_terms in zip(self.x, self.terms, strict=True)
        ]


def numbers_of(u: Unfolding, layers: int = 1) -> Numbers:
    """Picks the numbers of one layer.

    Args:
        u: Of `unfold`.
        layers: How many layers share the page.
    """
    units, features = min(u.units, MOST_UNITS), min(u.features, MOST_FEATURES)
    steps = evenly(u.time, MOST_STEPS)
    room = MOST_NUMBERS // (layers * len(steps) * (features + 4 * units))
    samples = list(range(max(1, min(u.batch, MOST_SAMPLES, room))))
    terms = np.stack(
        [
            array[: len(samples), steps, :units]
            for array in (u.input_projection, u.recurrent_projection, u.pre_activation, u.state)
        ],
        axis=-1,
    )
    masked: list[list[int]] = [[] for _ in samples]
    if u.mask is not None:
        skipped = np.any(~u.mask.reshape(u.batch, u.time, -1), axis=2)
        masked = [np.flatnonzero(skipped[sample, steps]).tolist() for sample in samples]
    return Numbers(
        samples=samples,
        steps=steps.tolist(),
        units=units,
        features=features,
        x=_written(u.x[: len(samples), steps, :features]),
        terms=_written(terms),
        bias=None if u.bias is None else _written(u.bias[:units]),
        masked=masked,
    )


def _written(array: Any) -> Any:
    """Numbers as text, in nested lists."""
    if array.ndim == 0:
        return decimals(array)
    return [_written(each) for each in array]
