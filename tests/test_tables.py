"""What xarray and pandas get is what the arrays hold."""

import sys

import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, backpropagate
from keras_rnn_explained.tables import AXES
from tests.looks import gradients_like, unfolding_like

SIZES = {"sample": 2, "time": 6, "feature": 2, "previous_unit": 3, "unit": 3}
RANDOM = np.random.default_rng(0)
MASKS = {
    "none": None,
    "by step": RANDOM.random((2, 6)) < 0.7,
    "by unit": RANDOM.random((2, 6, 3)) < 0.7,
}
LOOKS = {
    **{f"unfolding, mask {mask}": unfolding_like(mask=MASKS[mask]) for mask in MASKS},
    "unfolding without bias": unfolding_like(bias=None),
    "unfolding with dropout": unfolding_like(
        input_dropout_mask=np.ones((2, 2)), recurrent_dropout_mask=2 * np.ones((2, 3))
    ),
    "gradients": gradients_like(unfolding_like()),
}
EACH_LOOK = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)


@EACH_LOOK
def test_a_dataset_has_each_array_with_its_axes_by_name(look):
    xarray = pytest.importorskip("xarray")
    dataset = look.to_xarray()
    assert isinstance(dataset, xarray.Dataset)
    assert dict(dataset.sizes) == SIZES
    assert dataset.data_vars.keys() == look.arrays().keys()
    for name, array in look.arrays().items():
        assert np.array_equal(dataset[name].values, array)
        assert dataset[name].dtype == array.dtype
        assert dataset[name].attrs.keys() == {"long_name", "symbol"}
    for axis, size in SIZES.items():
        first = 0 if axis == "sample" else 1
        assert list(dataset[axis].values) == list(range(first, first + size))
        assert dataset[axis].attrs == {"long_name": AXES[axis]}
    assert dataset["recurrent_kernel"].dims == ("previous_unit", "unit")
    assert len({dataset[name].attrs["symbol"] for name in dataset.data_vars}) == len(
        dataset.data_vars
    )


def test_the_terms_of_a_pre_activation_add_up_along_the_axes():
    xarray = pytest.importorskip("xarray")
    layer = ExplainedRNN(3, bias_initializer="random_normal", dtype="float64")
    gradients = backpropagate(layer, RANDOM.normal(size=(2, 6, 2)), np.ones((2, 3)), "mse")
    u, g = gradients.unfolding.to_xarray(), gradients.to_xarray()
    xarray.testing.assert_allclose(
        u["input_projection"] + u["bias"] + u["recurrent_projection"], u["pre_activation"]
    )
    projected = u["x"].dot(u["kernel"], dim="feature")
    xarray.testing.assert_allclose(projected, u["input_projection"])
    before = u["previous_state"].rename(unit="previous_unit")
    whole = before.dot(g["local_error"], dim=["sample", "time"])
    xarray.testing.assert_allclose(whole, g["recurrent_kernel"])


def test_a_dataset_says_whose_it_is_in_what_a_netcdf_file_can_hold():
    pytest.importorskip("xarray")
    unfolding = unfolding_like(go_backwards=True)
    of_unfolding = {"layer": "rnn", "activation": "tanh", "go_backwards": 1}
    assert unfolding.to_xarray().attrs == of_unfolding
    gradients = gradients_like(unfolding)
    assert gradients.to_xarray().attrs == {**of_unfolding, "loss": 1.0}
    truncated = gradients_like(unfolding, truncate_bptt=2)
    assert truncated.to_xarray().attrs == {**of_unfolding, "loss": 1.0, "truncate_bptt": 2}
    for value in truncated.to_xarray().attrs.values():
        assert type(value) in (str, int, float)


@EACH_LOOK
def test_a_frame_has_a_row_for_each_sample_time_step_and_unit(look):
    pandas = pytest.importorskip("pandas")
    frame = look.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.index.names == ["sample", "time", "unit"]
    assert len(frame) == 2 * 6 * 3
    shapes = {name: array.shape for name, array in look.arrays().items()}
    assert list(frame.columns) == [
        name for name, shape in shapes.items() if shape == (2, 6, 3) or name == "mask"
    ]


@EACH_LOOK
def test_each_array_has_a_frame_and_stands_in_it_at_the_labels_of_its_axes(look):
    pytest.importorskip("pandas")
    for name, array in look.arrays().items():
        frame = look.to_pandas(name)
        assert frame[name].dtype == array.dtype
        first = [0 if axis == "sample" else 1 for axis in frame.index.names]
        for place, value in list(np.ndenumerate(array))[::5]:  # to look a row up takes long
            label = tuple(np.add(place, first))
            assert frame[name].loc[label if len(label) > 1 else label[0]] == value


@EACH_LOOK
def test_pandas_and_xarray_agree(look):
    pytest.importorskip("xarray")
    dataset = look.to_xarray()
    for name in look.arrays():
        expected = dataset[name].to_series()
        frame = look.to_pandas(name)
        assert frame[name].equals(expected)
        assert frame.attrs == dataset.attrs


@pytest.mark.parametrize("mask", ["by step", "by unit"])
def test_a_mask_is_a_column_wherever_it_is_known(mask):
    pytest.importorskip("pandas")
    unfolding = unfolding_like(mask=MASKS[mask])
    frame = unfolding.to_pandas()
    expected = np.broadcast_to(MASKS[mask].reshape(2, 6, -1), (2, 6, 3))
    assert np.array_equal(frame["mask"].to_numpy().reshape(2, 6, 3), expected)
    assert list(unfolding.to_pandas("x").columns) == ["x"] + ["mask"] * (mask == "by step")
    assert "bias" not in unfolding.to_pandas("kernel")


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_numbers_of_16_bits_are_wide_enough_for_pandas_and_netcdf(dtype):
    pytest.importorskip("xarray")
    layer = ExplainedRNN(3, dtype=dtype)
    gradients = backpropagate(layer, RANDOM.normal(size=(2, 6, 2)), np.ones((2, 3)), "mse")
    frame, dataset = gradients.to_pandas(), gradients.to_xarray()
    wide = gradients.error.astype("float32")
    assert dataset["error"].dtype == "float32"
    assert np.array_equal(dataset["error"].values, wide)
    means = frame.groupby("time")["error"].mean()
    assert np.allclose(means, wide.mean(axis=(0, 2)), atol=1e-6)


def test_both_are_copies():
    pytest.importorskip("xarray")
    unfolding = unfolding_like(mask=MASKS["by step"])
    before = {name: array.copy() for name, array in unfolding.arrays().items()}
    dataset, frame = unfolding.to_xarray(), unfolding.to_pandas()
    for name in before:
        dataset[name].values[...] = 0
    frame["state"] = 0.0
    frame.loc[:, "mask"] = False
    for name, array in unfolding.arrays().items():
        assert np.array_equal(array, before[name])


def test_gradients_join_what_they_belong_to():
    pytest.importorskip("pandas")
    gradients = LOOKS["gradients"]
    joined = gradients.to_pandas().join(gradients.unfolding.to_pandas())
    assert not joined.isna().any(axis=None)
    assert {"local_error", "state"} <= set(joined.columns)


@pytest.mark.parametrize("quantity", ["bias", "stat"])
def test_an_array_that_there_is_not_is_told(quantity):
    pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=f"`quantity` must be one of 'x', .*, got '{quantity}'"):
        unfolding_like(bias=None).to_pandas(quantity)


@pytest.mark.parametrize("package", ["xarray", "pandas"])
def test_a_package_that_is_missing_is_told_with_the_command(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"pip install 'keras_rnn_explained\[{package}\]'"):
        getattr(unfolding_like(), f"to_{package}")()
