"""The shipped data are what their README says, and windows never see the future."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_rnn_explained.datasets import (
    SERIES,
    TEXTS,
    forecast_windows,
    load_series,
    load_text,
    windows,
)

series_values = arrays(
    st.sampled_from([np.float32, np.float64]),
    st.integers(8, 60),
    elements=st.floats(-1000, 1000, width=32),
)
varying_values = arrays(
    np.float64, st.integers(8, 60), elements=st.integers(-1000, 1000), unique=True
)


# The data


def test_the_names_of_the_data_are_public():
    assert SERIES == ("sunspots", "co2")
    assert TEXTS == ("alice",)


def test_sunspots_and_alice_are_loaded_by_default():
    assert load_series().name == "sunspots"
    assert load_text().name == "alice"


@pytest.mark.parametrize("name", SERIES)
def test_a_series_holds_one_finite_float64_per_time(name):
    series = load_series(name)
    assert series.values.dtype == np.float64
    assert series.values.shape == (len(series.times),)
    assert np.isfinite(series.values).all()


@pytest.mark.parametrize("name", SERIES)
def test_a_series_can_not_change_but_each_call_gives_a_new_one(name):
    series = load_series(name)
    with pytest.raises(FrozenInstanceError):
        series.unit = "apples"
    series.values[:] = 0
    assert load_series(name).values.any()


@pytest.mark.parametrize("load", [lambda: load_series("co2"), load_text, load_series])
def test_data_say_where_they_come_from_and_are_shown_in_one_line(load):
    data = load()
    assert data.licence == "public domain"
    assert data.title
    assert data.source
    assert len(repr(data)) < 500


def test_sunspots_cover_every_year_from_1700_to_2008():
    assert load_series("sunspots").times == tuple(str(year) for year in range(1700, 2009))


def test_co2_covers_every_month_from_march_1958_to_december_2001():
    months = np.arange("1958-03", "2002-01", dtype="datetime64[M]")
    assert load_series("co2").times == tuple(months.astype(str))


@pytest.mark.parametrize(
    ("year", "sunspots"),
    [("1700", 5.0), ("1712", 0.0), ("1810", 0.0), ("1957", 190.2), ("2008", 2.9)],
)
def test_sunspots_of_known_years_are_right(year, sunspots):
    series = load_series("sunspots")
    assert series.values[series.times.index(year)] == sunspots


def test_the_most_sunspots_were_counted_in_1957_and_none_is_negative():
    series = load_series("sunspots")
    assert series.times[series.values.argmax()] == "1957"
    assert series.values.min() == 0


def test_sunspots_return_about_every_11_years():
    values = load_series("sunspots").values
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    assert len(values) / power.argmax() == pytest.approx(11, abs=0.5)


def test_co2_is_given_with_two_decimals_in_a_plausible_range():
    values = load_series("co2").values
    np.testing.assert_array_equal(values, values.round(2))
    assert 310 < values.min() < values.max() < 380


def test_co2_rose_every_year_to_the_known_means():
    whole_years = load_series("co2").values[10:].reshape(-1, 12).mean(axis=1)
    assert (np.diff(whole_years) > 0).all()
    # NOAA's yearly means of 1959 and 2001.
    assert whole_years[0] == pytest.approx(315.98, abs=0.5)
    assert whole_years[-1] == pytest.approx(371.3, abs=0.5)


def test_co2_peaks_in_may_and_is_lowest_in_autumn():
    monthly = load_series("co2").values[10:].reshape(-1, 12).mean(axis=0)
    assert monthly.argmax() == 4
    assert monthly.argmin() in (8, 9)


@pytest.mark.parametrize(
    ("first", "last"), [("1958-05", "1958-07"), ("1958-09", "1958-11"), ("1964-01", "1964-05")]
)
def test_months_of_co2_without_a_measurement_lie_on_a_straight_line(first, last):
    series = load_series("co2")
    part = series.values[series.times.index(first) : series.times.index(last) + 1]
    line = np.linspace(part[0], part[-1], len(part))
    np.testing.assert_allclose(part, line, atol=0.011)


def test_alice_holds_chapters_one_and_two():
    text = load_text("alice").text
    paragraphs = text.split("\n\n")
    assert paragraphs[0] == "CHAPTER I. Down the Rabbit-Hole"
    assert paragraphs[1].startswith(
        "Alice was beginning to get very tired of sitting by her sister"
    )
    assert "CHAPTER II. The Pool of Tears" in paragraphs
    assert text.count("CHAPTER") == 2
    assert text.endswith("and the whole party swam to the shore.\n")
    assert len(text) == 22_448


def test_alice_is_plain_text_of_the_book_alone():
    text = load_text("alice").text
    assert "gutenberg" not in text.lower()
    assert text.isascii()
    assert "\r" not in text
    assert "\n\n\n" not in text


def test_every_data_file_is_described_in_the_readme_and_small():
    data = files("keras_rnn_explained") / "data"
    readme = (data / "README.md").read_text(encoding="utf-8")
    shipped = {file.name: len(file.read_bytes()) for file in data.iterdir() if file.is_file()}
    shipped.pop("README.md")
    assert shipped.keys() == {f"{name}.csv" for name in SERIES} | {f"{name}.txt" for name in TEXTS}
    assert all(f"## `{name}`" in readme for name in shipped)
    assert sum(shipped.values()) < 50_000


def test_loading_needs_no_pandas_and_no_network():
    code = (
        "import socket, sys\n"
        "def refuse(*args): raise OSError('no network in this test')\n"
        "socket.socket.connect = refuse\n"
        "sys.modules['pandas'] = sys.modules['statsmodels'] = None\n"
        "from keras_rnn_explained.datasets import SERIES, TEXTS, load_series, load_text\n"
        "print(len([load_series(name) for name in SERIES] + [load_text(name) for name in TEXTS]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "3"


@pytest.mark.parametrize("name", ["sunspot", "", "alice", None, 3])
def test_an_unknown_series_is_refused_with_the_names_that_are_known(name):
    with pytest.raises(ValueError, match="`name` must be one of 'sunspots', 'co2'; got") as error:
        load_series(name)
    assert repr(name) in str(error.value)


def test_an_unknown_text_is_refused_with_the_names_that_are_known():
    with pytest.raises(ValueError, match="`name` must be one of 'alice'; got 'sunspots'"):
        load_text("sunspots")


# Windows


@given(series_values, st.integers(1, 4), st.integers(1, 4))
def test_windows_are_those_of_a_plain_loop(values, length, horizon):
    x, y = windows(values, length, horizon)
    expected_x, expected_y = [], []
    for end in range(length - 1, len(values) - horizon):
        expected_x.append([[value] for value in values[end - length + 1 : end + 1]])
        expected_y.append([values[end + horizon]])
    np.testing.assert_array_equal(x, expected_x)
    np.testing.assert_array_equal(y, expected_y)


@given(series_values, st.integers(1, 4))
def test_each_target_is_the_last_value_of_the_next_window(values, length):
    x, y = windows(values, length)
    np.testing.assert_array_equal(y[:-1], x[1:, -1])


def test_a_series_just_long_enough_gives_one_window():
    x, y = windows([1.0, 2.0, 3.0, 4.0, 5.0], length=3, horizon=2)
    assert x.tolist() == [[[1.0], [2.0], [3.0]]]
    assert y.tolist() == [[5.0]]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_windows_keep_a_floating_dtype(dtype):
    x, y = windows(np.arange(5, dtype=dtype), 2)
    assert x.dtype == y.dtype == dtype


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "bool"])
def test_windows_of_integers_are_float64(dtype):
    x, y = windows(np.ones(5, dtype=dtype), 2)
    assert x.dtype == y.dtype == np.float64


@pytest.mark.parametrize("length", [1, 2, 4])
def test_windows_are_copies_that_may_be_changed(length):
    values = np.arange(5.0)
    x, y = windows(values, length)
    x += 100
    y += 100
    np.testing.assert_array_equal(values, np.arange(5.0))


@pytest.mark.parametrize("one", [np.int64(1), np.uint8(1)])
def test_lengths_and_horizons_may_be_numpy_integers(one):
    x, y = windows(np.arange(5.0), length=one, horizon=one)
    assert x.shape == (4, 1, 1)
    assert y.shape == (4, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((4, 2)), r"must have shape \(time,\); got shape \(4, 2\).*one series at a time"),
        (3.0, r"must be a sequence of numbers of shape \(time,\); got a float"),
        ([[1.0, 2.0], [3.0]], r"must be a sequence of numbers of shape \(time,\); got a nested"),
        (["1", "2", "3"], r"must hold real numbers; got dtype <U1.*Convert it first"),
        ([1.0, None, 3.0], "must hold real numbers; got dtype object"),
        ([1j, 2j, 3j], "must hold real numbers; got dtype complex128"),
        ([1, 2, np.nan, 4], "must be finite; got nan at time step 2, and 1 such .*interpolate"),
        ([1, np.inf, np.nan, 4], "must be finite; got inf at time step 1, and 2 such values"),
    ],
)
@pytest.mark.parametrize(
    ("cut_up", "argument"), [(windows, "values"), (forecast_windows, "series")]
)
def test_values_that_are_no_finite_series_are_refused(cut_up, argument, values, message):
    with pytest.raises(ValueError, match=f"`{argument}` {message}"):
        cut_up(values, 1)


@pytest.mark.parametrize("steps", [0, -1, 1.0, 2.5, "2", None, True])
@pytest.mark.parametrize("argument", ["length", "horizon"])
def test_lengths_and_horizons_that_count_no_steps_are_refused(argument, steps):
    with pytest.raises(
        ValueError, match=f"`{argument}` must be an integer of at least 1; got"
    ) as e:
        windows(np.arange(9.0), **{"length": 2, argument: steps})
    assert repr(steps) in str(e.value)


@pytest.mark.parametrize(("length", "horizon"), [(5, 1), (4, 2), (1, 5), (99, 99)])
def test_a_series_too_short_for_one_window_and_its_target_is_refused(length, horizon):
    needed = length + horizon
    message = (
        f"`values` is too short: it has 5 time steps, but one window of `length`={length} with a "
        f"target `horizon`={horizon} after it needs {needed}. Give a longer series"
    )
    with pytest.raises(ValueError, match=message):
        windows(np.arange(5.0), length, horizon)


def test_an_empty_series_is_too_short():
    with pytest.raises(ValueError, match="it has 0 time steps"):
        windows([], 1)


# Forecasts


def test_a_forecast_is_float32_and_standardised_by_its_training_part():
    series = load_series("sunspots")
    forecast = forecast_windows(series, length=22, test_fraction=0.25)
    train = series.values[:232]
    assert forecast.mean == pytest.approx(train.mean())
    assert forecast.std == pytest.approx(train.std())
    assert forecast.x_train.shape == (210, 22, 1)
    assert forecast.y_train.shape == (210, 1)
    assert forecast.x_test.shape == (77, 22, 1)
    assert forecast.y_test.shape == (77, 1)
    for array in (forecast.x_train, forecast.y_train, forecast.x_test, forecast.y_test):
        assert array.dtype == np.float32
    assert len(repr(forecast)) < 100


@pytest.mark.parametrize("name", SERIES)
def test_a_series_and_its_values_give_the_same_forecast(name):
    series = load_series(name)
    of_series = forecast_windows(series, 12)
    of_values = forecast_windows(series.values.tolist(), 12)
    np.testing.assert_array_equal(of_series.x_test, of_values.x_test)
    assert of_series.mean == of_values.mean


@given(varying_values, st.integers(1, 3), st.floats(0.1, 0.5))
def test_times_std_plus_mean_gives_back_every_target_in_order(values, length, test_fraction):
    forecast = forecast_windows(values, length, test_fraction)
    targets = np.concatenate([forecast.y_train, forecast.y_test])[:, 0]
    np.testing.assert_allclose(targets * forecast.std + forecast.mean, values[length:], atol=0.01)


@given(st.integers(8, 60), st.integers(1, 3), st.floats(0.1, 0.5))
def test_every_test_target_comes_after_all_that_training_saw(time, length, test_fraction):
    forecast = forecast_windows(np.arange(time), length, test_fraction)  # each value is its time
    first_test_target = forecast.y_test.min()
    assert forecast.y_train.max() < first_test_target
    assert forecast.x_train.max() < first_test_target
    assert len(forecast.y_test) == round(time * test_fraction)


@given(varying_values, st.integers(1, 3), st.floats(0.1, 0.5), st.integers(-1000, 1000))
def test_nothing_that_training_sees_depends_on_the_test_part(values, length, fraction, other):
    forecast = forecast_windows(values, length, fraction)
    changed = values.copy()
    changed[-len(forecast.y_test) :] = other
    with_another_future = forecast_windows(changed, length, fraction)
    np.testing.assert_array_equal(forecast.x_train, with_another_future.x_train)
    np.testing.assert_array_equal(forecast.y_train, with_another_future.y_train)
    assert forecast.mean == with_another_future.mean
    assert forecast.std == with_another_future.std


@given(varying_values, st.integers(1, 3))
def test_test_windows_go_on_where_training_windows_end(values, length):
    forecast = forecast_windows(values, length)
    next_window = np.append(forecast.x_train[-1, 1:], forecast.y_train[-1:], axis=0)
    np.testing.assert_array_equal(forecast.x_test[0], next_window)


@pytest.mark.parametrize("test_fraction", [0, 1, -0.25, 1.5, np.nan, "0.25", None, True])
def test_a_test_fraction_not_between_0_and_1_is_refused(test_fraction):
    message = "`test_fraction` must be a number between 0 and 1, both excluded; got"
    with pytest.raises(ValueError, match=message) as error:
        forecast_windows(np.arange(9.0), 2, test_fraction)
    assert repr(test_fraction) in str(error.value)


@pytest.mark.parametrize("length", [0, 2.0, True])
def test_a_forecast_refuses_a_length_that_counts_no_steps(length):
    with pytest.raises(ValueError, match="`length` must be an integer of at least 1; got"):
        forecast_windows(np.arange(9.0), length)


@pytest.mark.parametrize(
    ("length", "test_fraction", "train", "test"),
    [(6, 0.25, 6, 2), (1, 0.01, 8, 0), (1, 0.99, 0, 8), (9, 0.25, 6, 2)],
)
def test_a_forecast_refuses_a_series_too_short_for_both_parts(length, test_fraction, train, test):
    message = (
        f"`series` is too short: of its 8 time steps, `test_fraction`={test_fraction} leaves "
        f"{train} for training and {test} for testing, but `length`={length} needs at least "
        f"{length + 1} for training and 1 for testing. Give a longer series"
    )
    with pytest.raises(ValueError, match=message):
        forecast_windows(np.arange(8.0), length, test_fraction)


@pytest.mark.parametrize("constant", [0.0, 0.1, 7.0])
def test_a_constant_training_part_is_refused(constant):
    values = np.append(np.full(9, constant), [1.0, 2.0, 3.0])
    message = f"can't be standardised: all 9 values of its training part are {constant}, .* is 0"
    with pytest.raises(ValueError, match=message):
        forecast_windows(values, 2)


@pytest.mark.parametrize("values", [[0, 1e200] * 4, [0, 1e-200] * 4, [0, 1] * 3 + [1e300] * 2])
def test_a_spread_that_float32_can_not_hold_is_refused(values):
    with pytest.raises(ValueError, match="can't be standardised in float32: its training part has"):
        forecast_windows(values, 2)


def test_windows_takes_a_series_as_it_is():
    series = load_series("sunspots")
    for ours, theirs in zip(windows(series, 5), windows(series.values, 5), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("cut", [windows, forecast_windows])
def test_a_series_by_its_name_is_refused_with_where_to_get_it(cut):
    with pytest.raises(ValueError, match=r"got 'sunspots'.*`load_series`"):
        cut("sunspots", 3)
