"""What looks into a layer have in common: arrays by name, kept in files and handed to others.

`Unfolding` and `Gradients` are such results.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from html import escape
from typing import Any, ClassVar, Self, get_args

import numpy as np
from numpy.typing import NDArray

from keras_rnn_explained import archive, tables
from keras_rnn_explained.tables import BY_UNIT, Quantity

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Result:
    """Arrays and what they are, with what `Unfolding` and `Gradients` can both do."""

    QUANTITIES: ClassVar[dict[str, Quantity]]

    def arrays(self) -> dict[str, Array]:
        """All arrays by name, without those that are `None` and those of a result within.

        The arrays of the `unfolding` of `Gradients` are in that `unfolding`.
        """
        values = {name: getattr(self, name) for name in self.QUANTITIES}
        return {name: value for name, value in values.items() if value is not None}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all of it as one `.npz` file, whole or not at all; `load` reads it.

        `numpy.load` reads it, too, and gives the arrays by their names here; those of the
        `unfolding` of `Gradients` are `unfolding.state` and so on, and bfloat16 is there as its
        bits.

        Args:
            path: Where to; it must end in .npz. A file that is there is replaced.

        Raises:
            TypeError: If it is no path.
            ValueError: If it does not end so.
            OSError: If it can't be written.
        """
        arrays = {name: array for name, array, _ in self._all_arrays()}
        archive.write(path, type(self).__name__, arrays, self._values())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads what `save` wrote. Nothing in the file is run: it holds numbers and text alone.

        Args:
            path: The file.

        Raises:
            TypeError: If `path` is no path.
            ValueError: If it is no such file, of a newer version of the format, of another kind of
                result, damaged, or if an array is missing or does not fit the others.
            OSError: If it can't be read.

        Examples:
            >>> import tempfile
            >>> from keras_rnn_explained import ExplainedRNN, Unfolding, unfold
            >>> unfolding = unfold(ExplainedRNN(4, name="rnn"), np.ones((2, 10, 3), "float32"))
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     unfolding.save(f"{folder}/unfolding.npz")
            ...     Unfolding.load(f"{folder}/unfolding.npz")
            Unfolding('rnn', batch=2, time=10, features=3, units=4, activation='tanh')
        """
        arrays, values = archive.read(path, cls.__name__)
        try:
            result = cls._made_of(arrays, values)
            result._check_shapes()
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)} is damaged: {error}") from error
        return result

    def to_xarray(self) -> Any:
        """All `arrays` as an `xarray.Dataset`, copied.

        Its dimensions are `sample`, `time`, `feature`, `unit` and, for the rows of the recurrent
        kernel, `previous_unit`. As in figures, samples are counted from 0, all else from 1, and
        time in the order in which the layer went. Each variable has its `symbol` and `long_name`,
        the dataset the layer's path, the activation and what else is no array. Numbers of 16 bits
        are there as float32.

        Raises:
            ImportError: If xarray is not installed.
        """
        return tables.to_dataset(self.arrays(), self.QUANTITIES, self._attributes())

    def to_pandas(self, quantity: str | None = None) -> Any:
        """What there is of each sample, time step and unit as a `pandas.DataFrame`, copied.

        Its index has the levels `sample`, `time` and `unit`, counted as in `to_xarray`; each array
        of that shape is a column, and so is the mask.

        Args:
            quantity: Name of one of the `arrays`, for a frame of those that run along the same axes
                as this one: `"x"` for what there is of each sample, time step and feature,
                `"kernel"` for each feature and unit, and so on.

        Raises:
            ImportError: If pandas is not installed.
            ValueError: If there is no such array.
        """
        if quantity is None:
            of_units = (name for name, one in self.QUANTITIES.items() if one.axes == BY_UNIT)
            quantity = next(of_units)
        return tables.to_frame(self.arrays(), self.QUANTITIES, self._attributes(), quantity)

    def _repr_html_(self) -> str:
        """A table of the arrays, for notebooks."""
        return array_table(repr(self), self.arrays())

    def _others(self) -> Iterator[tuple[str, Any]]:
        """The public fields that are no arrays."""
        for item in fields(self):
            if item.name not in self.QUANTITIES and not item.name.startswith("_"):
                yield item.name, getattr(self, item.name)

    def _all_arrays(self, within: str = "") -> Iterator[tuple[str, Array, Quantity]]:
        """The arrays with those of results within, whose names begin with what these are called."""
        for name, array in self.arrays().items():
            yield within + name, array, self.QUANTITIES[name]
        for name, value in self._others():
            if isinstance(value, Result):
                yield from value._all_arrays(f"{within}{name}.")

    def _values(self) -> dict[str, Any]:
        """What is no array, as JSON knows it; a result within is a dict of its own."""
        return {
            name: value._values() if isinstance(value, Result) else value
            for name, value in self._others()
        }

    def _attributes(self) -> dict[str, Any]:
        """What is no array, as a netCDF file can hold it: without `None` and booleans."""
        found: dict[str, Any] = {}
        for name, value in self._others():
            if isinstance(value, Result):
                found |= value._attributes()
            elif value is not None:
                found[name] = int(value) if isinstance(value, bool) else value
        return found

    @classmethod
    def _made_of(cls, arrays: dict[str, Array], values: dict[str, Any], within: str = "") -> Self:
        """The result that has these `_all_arrays` and `_values`."""
        given: dict[str, Any] = {}
        for item in fields(cls):
            name = item.name
            if name in cls.QUANTITIES:
                given[name] = arrays.get(within + name)
                if given[name] is None and type(None) not in get_args(item.type):
                    raise ValueError(f"it lacks {within + name!r}.")
            elif not name.startswith("_"):
                if name not in values:
                    raise ValueError(f"it lacks {within + name!r}.")
                given[name] = values[name]
                if isinstance(item.type, type) and issubclass(item.type, Result):
                    given[name] = item.type._made_of(arrays, values[name], f"{within}{name}.")
        return cls(**given)

    def _check_shapes(self) -> None:
        """Checks that the same axis has the same size everywhere.

        Raises:
            ValueError: If it has not.
        """
        sizes: dict[str, int] = {}
        for name, array, quantity in self._all_arrays():
            axes = [axis.removeprefix("previous_") for axis in quantity.axes_of(array)]
            for axis, size in zip(axes, array.shape, strict=False):
                sizes.setdefault(axis, size)
            expected = tuple(sizes[axis] for axis in axes)
            if array.shape != expected or array.ndim < quantity.fewest_axes:
                raise ValueError(
                    f"{name!r} of shape {array.shape} does not fit the other arrays, whose sizes "
                    f"are {', '.join(f'{axis} {size}' for axis, size in sizes.items())}."
                )


def array_table(title: str, arrays: dict[str, Array]) -> str:
    """Arrays as an HTML table: names, shapes and the least, mean and greatest value."""
    measures: list[Callable] = [np.min, np.mean, np.max]
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{' × '.join(map(str, array.shape))}</td>"
        + "".join(f"<td>{measure(array.astype('float64')):.4g}</td>" for measure in measures)
        + "</tr>"
        for name, array in arrays.items()
    )
    heads = "".join(f"<th>{head}</th>" for head in ("array", "shape", "least", "mean", "greatest"))
    return (
        f"<table><caption>{escape(title)}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )
