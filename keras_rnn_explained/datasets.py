"""Small real data shipped with the package, and how to cut a series into windows for an RNN.

Nothing is downloaded: two time series and one text, all in the public domain, lie in the package.
`data/README.md` beside them says where each comes from and how it was made.
"""

from dataclasses import dataclass, field
from importlib.resources import files
from numbers import Real

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from keras_rnn_explained.naming import kind_of

_SERIES = {
    "sunspots": {
        "title": "Yearly mean sunspot number, 1700 to 2008",
        "unit": "sunspot number",
        "source": "NOAA National Geophysical Data Center, by way of statsmodels",
        "licence": "public domain",
    },
    "co2": {
        "title": "Monthly mean CO2 in the air at Mauna Loa, March 1958 to December 2001",
        "unit": "ppm",
        "source": "Keeling and Whorf (2004), Scripps Institution of Oceanography and CDIAC, "
        "weekly means by way of statsmodels; 5 months without any are linearly interpolated",
        "licence": "public domain",
    },
}

_TEXTS = {
    "alice": {
        "title": "Alice's Adventures in Wonderland, chapters I and II",
        "source": "Lewis Carroll, Macmillan, London, 1865",
        "licence": "public domain",
    },
}

SERIES = tuple(_SERIES)
"""Names that `load_series` knows: `("sunspots", "co2")`."""

TEXTS = tuple(_TEXTS)
"""Names that `load_text` knows: `("alice",)`."""


# `eq=False`, here and below: `==` on arrays gives an array, so the comparison that a dataclass
# would write could only fail. `repr=False` keeps what is shown to one readable line.
@dataclass(frozen=True, eq=False)
class Series:
    """One real quantity, measured year by year or month by month.

    Attributes:
        name: Name by which `load_series` knows it.
        title: What was measured, where and when.
        unit: Unit of the values.
        source: Who measured it and where it was taken from.
        licence: Terms under which it may be used.
        times: One label per value, oldest first: `"1957"` for a year, `"1958-03"` for a month.
        values: The measurements. Float64 array of shape (time,), all finite.

    Examples:
        >>> series = load_series("co2")
        >>> series.unit, series.times[0], float(series.values[0])
        ('ppm', '1958-03', 316.1)
    """

    name: str
    title: str
    unit: str
    source: str
    licence: str
    times: tuple[str, ...] = field(repr=False)
    values: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True)
class Text:
    """A piece of literature.

    Attributes:
        name: Name by which `load_text` knows it.
        title: Work and part of it.
        source: Author and first edition.
        licence: Terms under which it may be used.
        text: The text itself. Lines end in a newline; an empty line parts paragraphs.

    Examples:
        >>> load_text("alice").title
        "Alice's Adventures in Wonderland, chapters I and II"
    """

    name: str
    title: str
    source: str
    licence: str
    text: str = field(repr=False)


@dataclass(frozen=True, eq=False)
class Forecast:
    """A series cut into windows for one-step forecasts, the last part kept for testing.

    Every number is standardised, `(value - mean) / std`; `prediction * std + mean` gives the
    series' own unit back.

    Attributes:
        x_train: Windows to train on. Float32 array of shape (train windows, length, 1).
        y_train: The value after each of them. Float32 array of shape (train windows, 1).
        x_test: Windows to test on. Float32 array of shape (test windows, length, 1).
        y_test: The value after each of them, every one later than all that training saw.
            Float32 array of shape (test windows, 1).
        mean: Mean of the training part, in the series' unit.
        std: Standard deviation of the training part, in the series' unit.

    Examples:
        >>> forecast_windows([0, 2, 0, 2, 0, 2, 0, 2], length=2)
        Forecast(mean=1.0, std=1.0)
    """

    x_train: NDArray[np.float32] = field(repr=False)
    y_train: NDArray[np.float32] = field(repr=False)
    x_test: NDArray[np.float32] = field(repr=False)
    y_test: NDArray[np.float32] = field(repr=False)
    mean: float
    std: float


def load_series(name: str = "sunspots") -> Series:
    """Loads a time series shipped with the package.

    `"sunspots"` rises and falls about every 11 years, never twice alike. `"co2"` climbs for 43
    years with a yearly wave on top; 5 of its 526 months had no measurement and are linearly
    interpolated.

    Args:
        name: One of `SERIES`.

    Returns:
        The series; its `values` are a float64 array of shape (309,) for `"sunspots"` and (526,)
        for `"co2"`. Each call gives a new array.

    Raises:
        ValueError: If `name` is not in `SERIES`.

    Examples:
        >>> series = load_series("sunspots")
        >>> series.values.shape, series.times[0], series.times[-1]
        ((309,), '1700', '2008')
        >>> series.times[series.values.argmax()], float(series.values.max())
        ('1957', 190.2)
    """
    _check_name(name, SERIES)
    rows = [line.split(",") for line in _read(f"{name}.csv").splitlines()[1:]]
    times, values = zip(*rows, strict=True)
    return Series(name, **_SERIES[name], times=times, values=np.array(values, dtype=np.float64))


def load_text(name: str = "alice") -> Text:
    """Loads a text shipped with the package.

    Args:
        name: One of `TEXTS`.

    Returns:
        The text; its `text` is a string of 22,448 characters for `"alice"`.

    Raises:
        ValueError: If `name` is not in `TEXTS`.

    Examples:
        >>> load_text("alice").text.splitlines()[2]
        'Alice was beginning to get very tired of sitting by her sister on the'
    """
    _check_name(name, TEXTS)
    return Text(name, **_TEXTS[name], text=_read(f"{name}.txt"))


def windows(
    values: Series | ArrayLike, length: int, horizon: int = 1
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Cuts a series into every window of `length` values, each with a later value to predict.

    Window i is `values[i : i + length]`; its target is the value `horizon` steps after the
    window's end, `values[i + length - 1 + horizon]`.

    Args:
        values: The series, oldest value first: a `Series`, or real numbers of shape (time,), all
            finite.
        length: Time steps in a window, at least 1.
        horizon: How many steps after the window's last value the target lies, at least 1.

    Returns:
        `(x, y)`: the windows, of shape (windows, length, 1), and their targets, of shape
        (windows, 1), where windows = time - length - horizon + 1. Both keep a floating dtype of
        `values`; integers and booleans become float64. Both are copies, free to be changed.

    Raises:
        ValueError: If `values` is not one-dimensional, real and finite, if `length` or `horizon`
            is not an integer of at least 1, or if the series is too short for one window and its
            target.

    Examples:
        >>> x, y = windows([1.0, 2.0, 3.0, 4.0, 5.0], length=3)
        >>> x[..., 0]
        array([[1., 2., 3.],
               [2., 3., 4.]])
        >>> y
        array([[4.],
               [5.]])
    """
    values = _real_series(values)
    _check_steps("length", length)
    _check_steps("horizon", horizon)
    count = len(values) - length - horizon + 1
    if count < 1:
        raise ValueError(
            f"`values` is too short: it has {len(values)} time steps, but one window of "
            f"`length`={length} with a target `horizon`={horizon} after it needs "
            f"{length + horizon}. Give a longer series or a smaller `length` or `horizon`."
        )
    x = sliding_window_view(values, length)[:count, :, np.newaxis]
    y = values[length + horizon - 1 :, np.newaxis]
    # Copies, because views would be read-only and would tie the windows to the caller's array.
    return x.copy(), y.copy()


def forecast_windows(
    series: Series | ArrayLike, length: int, test_fraction: float = 0.25
) -> Forecast:
    """Cuts a series into standardised training and test windows without looking ahead.

    The last `test_fraction` of the time steps is the test part and the rest the training part.
    Mean and standard deviation come from the training part alone, and training windows and
    targets lie wholly in it. Every value of the test part is the target of one test window. The
    first test windows reach back into the training part, as a forecaster would: at that time those
    values were known.

    Args:
        series: A `Series`, or real numbers of shape (time,), all finite, oldest first.
        length: Time steps in a window, at least 1.
        test_fraction: Part of the time steps kept for testing, between 0 and 1, rounded to whole
            time steps.

    Returns:
        The windows and targets as float32 arrays, with the mean and standard deviation used.

    Raises:
        ValueError: If the series is not one-dimensional, real and finite, if `length` is not an
            integer of at least 1, if `test_fraction` is not a number between 0 and 1, if either
            part is too short, if the training part is constant, or if its spread is too large or
            too small for its values to be standardised in float32.

    Examples:
        >>> forecast = forecast_windows(load_series("sunspots"), length=22)
        >>> forecast.x_train.shape, forecast.y_train.shape
        ((210, 22, 1), (210, 1))
        >>> forecast.x_test.shape, forecast.y_test.shape
        ((77, 22, 1), (77, 1))
    """
    values = _real_series(series, "series")
    values = values.astype(np.float64)
    _check_steps("length", length)
    if not isinstance(test_fraction, Real) or not 0 < test_fraction < 1:
        raise ValueError(
            f"`test_fraction` must be a number between 0 and 1, both excluded; got "
            f"{test_fraction!r}. 0.25 keeps the last quarter of the series for testing."
        )
    cut = len(values) - round(len(values) * test_fraction)
    if cut == len(values) or cut <= length:
        raise ValueError(
            f"`series` is too short: of its {len(values)} time steps, "
            f"`test_fraction`={test_fraction} leaves {cut} for training and {len(values) - cut} "
            f"for testing, but `length`={length} needs at least {length + 1} for training and 1 "
            "for testing. Give a longer series, a smaller `length` or another `test_fraction`."
        )
    train = values[:cut]
    # Not `std == 0`: rounding gives a constant 0.1 a standard deviation of 1e-17.
    if train.min() == train.max():
        raise ValueError(
            f"`series` can't be standardised: all {cut} values of its training part are "
            f"{train[0]}, so their standard deviation is 0. Give a series that varies there, or "
            "a smaller `test_fraction` if it varies later."
        )
    with np.errstate(all="ignore"):
        mean, std = train.mean(), train.std()
        scaled = ((values - mean) / std).astype(np.float32)
    if not (np.isfinite(std) and np.isfinite(scaled).all()):
        raise ValueError(
            f"`series` can't be standardised in float32: its training part has mean {mean} and "
            f"standard deviation {std}, and its values go from {values.min()} to {values.max()}. "
            "Change its unit or take its logarithm first."
        )
    x, y = windows(scaled, length)
    first_test = cut - length  # the window whose target is `values[cut]`
    return Forecast(
        x_train=x[:first_test],
        y_train=y[:first_test],
        x_test=x[first_test:],
        y_test=y[first_test:],
        mean=float(mean),
        std=float(std),
    )


def _read(file_name: str) -> str:
    return (files("keras_rnn_explained") / "data" / file_name).read_text(encoding="utf-8")


def _check_name(name: str, known: tuple[str, ...]) -> None:
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"`name` must be one of {', '.join(map(repr, known))}; got {name!r}.")


def _check_steps(argument: str, steps: int) -> None:
    # `True` is an integer to Python, but here it can only be a slip.
    if not isinstance(steps, int | np.integer) or isinstance(steps, bool) or steps < 1:
        raise ValueError(
            f"`{argument}` must be an integer of at least 1; got {steps!r}. It counts time steps."
        )


def _real_series(values: Series | ArrayLike, argument: str = "values") -> NDArray[np.floating]:
    """Returns `values` as a floating array of shape (time,), or says what is wrong with them."""
    if isinstance(values, Series):
        values = values.values
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"`{argument}` must be a sequence of numbers of shape (time,); got a nested sequence "
            "whose parts differ in shape. Give one series at a time."
        ) from error
    if array.ndim == 0 and array.dtype.kind in "US":
        raise ValueError(
            f"`{argument}` must hold real numbers; got {values!r}. A series by name comes from "
            "`load_series`."
        )
    if array.ndim == 0:
        raise ValueError(
            f"`{argument}` must be a sequence of numbers of shape (time,); got {kind_of(values)}."
        )
    if array.ndim != 1:
        raise ValueError(
            f"`{argument}` must have shape (time,); got shape {array.shape}. Give one series at a "
            "time, such as `values[:, 0]`, or flatten it with `np.ravel`."
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(
            f"`{argument}` must hold real numbers; got dtype {array.dtype}. Convert it first, for "
            "instance with `np.asarray(values, dtype=float)`."
        )
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        first = int(finite.argmin())
        raise ValueError(
            f"`{argument}` must be finite; got {array[first]} at time step {first}, and "
            f"{np.count_nonzero(~finite)} such values in all. Drop or interpolate them first."
        )
    return array
