"""Arrays with named axes as what xarray and pandas know. Both are imported only when asked for."""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

AXES = {
    "sample": "sample of the batch",
    "time": "time step",
    "feature": "feature",
    "previous_unit": "unit at the time step before",
    "unit": "unit",
}
"""The axes that arrays have, with their names in full."""

BY_FEATURE = ("sample", "time", "feature")
BY_UNIT = ("sample", "time", "unit")


class Quantity(NamedTuple):
    """What an array is.

    Attributes:
        symbol: In formulae.
        long_name: In words.
        axes: Of `AXES`.
        is_shared: Whether an array may lack the last axis, as a mask for all units does.
    """

    symbol: str
    long_name: str
    axes: tuple[str, ...]
    is_shared: bool = False

    @property
    def fewest_axes(self) -> int:
        """How many axes an array must have."""
        return len(self.axes) - self.is_shared

    def axes_of(self, array: Array) -> tuple[str, ...]:
        """Those that an array has."""
        return self.axes[: array.ndim]


def to_dataset(
    arrays: dict[str, Array], quantities: dict[str, Quantity], attributes: dict[str, Any]
) -> Any:
    """An `xarray.Dataset` with a variable for each array.

    Raises:
        ImportError: If xarray is not installed.
    """
    xarray = _load("xarray")
    variables: dict[str, tuple] = {}
    sizes: dict[str, int] = {}
    for name, array in arrays.items():
        one = quantities[name]
        axes, about = one.axes_of(array), {"long_name": one.long_name, "symbol": one.symbol}
        variables[name] = axes, _of_32_bits(array).copy(), about
        sizes |= zip(axes, array.shape, strict=True)
    coordinates = {
        axis: (axis, _labels(axis, sizes[axis]), {"long_name": long_name})
        for axis, long_name in AXES.items()
        if axis in sizes
    }
    return xarray.Dataset(variables, coordinates, attributes)


def to_frame(
    arrays: dict[str, Array],
    quantities: dict[str, Quantity],
    attributes: dict[str, Any],
    quantity: str,
) -> Any:
    """A `pandas.DataFrame` with a column for `quantity`, and for all else along the same axes.

    What runs along the first of these axes alone is repeated, as a mask for all units is.

    Raises:
        ImportError: If pandas is not installed.
        ValueError: If there is no such quantity.
    """
    pandas = _load("pandas")
    if quantity not in tuple(arrays):
        raise ValueError(
            f"`quantity` must be one of {', '.join(map(repr, arrays))}, got {quantity!r}."
        )
    axes, shape = quantities[quantity].axes_of(arrays[quantity]), arrays[quantity].shape
    columns = {}
    for name, array in arrays.items():
        if quantities[name].axes_of(array) == axes[: array.ndim]:
            further = [1] * (len(axes) - array.ndim)
            repeated = np.broadcast_to(array.reshape(*array.shape, *further), shape)
            columns[name] = _of_32_bits(repeated).ravel()
    labels = [_labels(axis, size) for axis, size in zip(axes, shape, strict=True)]
    if len(axes) == 1:
        index = pandas.Index(*labels, name=axes[0])
    else:
        index = pandas.MultiIndex.from_product(labels, names=axes)
    frame = pandas.DataFrame(columns, index)
    frame.attrs |= attributes
    return frame


def _labels(axis: str, size: int) -> Array:
    """As in figures: samples are counted from 0, all else from 1."""
    first = 0 if axis == "sample" else 1
    return np.arange(first, first + size)


def _of_32_bits(array: Array) -> Array:
    """Widens 16 bits: pandas can't compute with them, and no netCDF file can hold them."""
    return array.astype("float32") if array.dtype.itemsize == 2 else array


def _load(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(
            f"This needs {package}, which is not installed. Install it with "
            f"`pip install 'keras_rnn_explained[{package}]'`."
        ) from error
