"""What can be no `torch.nn.RNN` is refused, with what to do; none of it needs PyTorch."""

import sys

import keras
import numpy as np
import pytest
from keras import layers

from keras_rnn_explained import ExplainedRNN, from_torch, to_torch, to_torch_arrays
from keras_rnn_explained.torch_stack import Stack

STACK = Stack(3, 4, 2, "tanh", True, 0.0, True, "float32")


def arrays_of(stack=STACK, dtype="float32"):
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in stack.shapes().items()}


def built(*above, features=3):
    """Layers one above the other, with weights."""
    return keras.Sequential([keras.Input((None, features)), *above]).layers


def test_arrays_go_there_and_back_by_way_of_a_file(tmp_path):
    arrays = arrays_of()
    np.savez(tmp_path / "rnn.npz", **arrays)
    back = to_torch_arrays(from_torch(np.load(tmp_path / "rnn.npz")))
    assert list(back) == list(arrays)
    for name, array in back.items():
        expected = arrays[name]
        if name.startswith("bias"):
            other = arrays[name.replace("_ih_", "_hh_")]
            expected = expected + other if "_ih_" in name else 0 * expected
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == "float32"


def test_without_torch_the_error_says_how_to_install_it_and_what_goes_without(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"`pip install torch`.*`to_torch_arrays`"):
        to_torch(built(ExplainedRNN(4)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight_hh_l0": np.zeros((16, 4), "f")}, r"torch\.nn\.LSTM.*`keras.layers.LSTM`"),
        ({"weight_hh_l0": np.zeros((12, 4), "f")}, r"torch\.nn\.GRU.*`keras.layers.GRU`"),
        ({"weight_hh_l0": np.zeros((4, 5), "f")}, "has shape"),
        ({"weight_hh_l0": np.zeros(4, "f")}, r"expected \(units, units\)"),
        ({"weight_ih_l1": np.zeros((4, 4), "f")}, r"shape \(4, 4\), expected \(4, 8\)"),
        ({"weight_hr_l0": np.zeros((4, 4), "f")}, "has, besides .* 'weight_hr_l0'"),
        ({"weight_ih_l2": np.zeros((4, 8), "f")}, "lacks 'bias_hh_l2', 'bias_hh_l2_reverse'"),
        ({"weight_ih_l0": np.zeros((4, 3))}, "got float32, float64"),
    ],
)
def test_arrays_of_something_else_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        from_torch(arrays_of() | change)


def test_arrays_of_a_larger_module_are_refused_with_how_to_pick_them():
    named = {f"rnn.{name}": array for name, array in arrays_of().items()}
    with pytest.raises(ValueError, match=r"removeprefix\('rnn\.'\)"):
        from_torch(named)
    with pytest.raises(ValueError, match="got none"):
        from_torch({})


@pytest.mark.parametrize("dtype", ["float16", "int64"])
def test_another_dtype_is_refused(dtype):
    with pytest.raises(ValueError, match=f"float32 or float64, got {dtype}. Convert"):
        from_torch(arrays_of(dtype=dtype))


def test_what_is_no_state_dict_is_a_type_error():
    with pytest.raises(TypeError, match="got a str"):
        from_torch("rnn.npz")
    with pytest.raises(TypeError, match="'weight_ih_l0': a list"):
        from_torch({"weight_ih_l0": [[1.0]]})
    with pytest.raises(TypeError, match="`dropout` must be a number"):
        from_torch(arrays_of(), dropout="half")
    for rate in (-0.1, 2):
        with pytest.raises(ValueError, match="`dropout` must be from 0 to 1"):
            from_torch(arrays_of(), dropout=rate)
    with pytest.raises(ValueError, match="'tanh', 'relu', got 'sigmoid'"):
        from_torch(arrays_of(), nonlinearity="sigmoid")


class Subclass(ExplainedRNN):
    pass


def both(layer, **options):
    return layers.Bidirectional(layer, **options)


LOWER = {"return_sequences": True}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: built(layers.LSTM(4)), r"counterpart is torch\.nn\.LSTM"),
        (lambda: built(both(layers.GRU(4))), r"counterpart is torch\.nn\.GRU"),
        (lambda: built(Subclass(4)), "is a Subclass, a subclass"),
        (lambda: built(ExplainedRNN(4), layers.Dense(1)), r"is a Dense.*`model.layers\[:2\]`"),
        (lambda: built(layers.Masking(), ExplainedRNN(4)), "is a Masking"),
        (lambda: [ExplainedRNN(4)], "has no weights yet"),
        (lambda: built(ExplainedRNN(4, go_backwards=True)), "Turn the sequences round"),
        (lambda: built(both(ExplainedRNN(4, go_backwards=True))), "go_backwards=True"),
        (lambda: built(both(ExplainedRNN(4), merge_mode="sum")), "merge_mode='sum'"),
        (lambda: built(ExplainedRNN(4, activation="sigmoid")), "activation sigmoid.*'relu'"),
        (lambda: built(ExplainedRNN(4, activation=None)), "activation linear"),
        (lambda: built(ExplainedRNN(4, truncate_bptt=5)), "truncate_bptt=5"),
        (lambda: built(ExplainedRNN(4, dropout=0.5)), "has dropout=0.5"),
        (lambda: built(ExplainedRNN(4, recurrent_dropout=0.5)), "recurrent_dropout=0.5"),
        (lambda: built(ExplainedRNN(4, dtype="mixed_float16")), "dtype policy 'mixed_float16'"),
        (lambda: built(ExplainedRNN(4, **LOWER), ExplainedRNN(5)), "one `hidden_size`.* have 4, 5"),
        (lambda: built(ExplainedRNN(4, **LOWER), ExplainedRNN(4, use_bias=False)), "one `bias`"),
        (lambda: built(ExplainedRNN(4, **LOWER), ExplainedRNN(4, "relu")), "one `nonlinearity`"),
        (lambda: built(both(ExplainedRNN(4, **LOWER)), ExplainedRNN(4)), "one `bidirectional`"),
        (lambda: [*built(ExplainedRNN(4)), *built(ExplainedRNN(4))], "return_sequences=False"),
        (
            lambda: [*built(ExplainedRNN(4, **LOWER)), *built(ExplainedRNN(4))],
            "takes 3 features, but below it there are 4",
        ),
        (lambda: built(layers.Dropout(0.5)), "no recurrent layer"),
        (lambda: [], "no recurrent layer"),
        (lambda: built(layers.Dropout(0.5), ExplainedRNN(4)), "drops one and the same"),
        (lambda: built(ExplainedRNN(4), layers.Dropout(0.5)), "drops one and the same"),
        (
            lambda: built(
                ExplainedRNN(4, **LOWER), layers.Dropout(0.5), ExplainedRNN(4, **LOWER),
                ExplainedRNN(4),
            ),
            "drops one and the same",
        ),
        (
            lambda: built(
                ExplainedRNN(4, **LOWER), layers.Dropout(0.5), layers.Dropout(0.5), ExplainedRNN(4)
            ),
            "drops one and the same",
        ),
    ],
)  # fmt: skip
def test_layers_that_torch_can_not_be_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        to_torch_arrays(make())


def test_stateful_is_refused():
    layer = ExplainedRNN(4, stateful=True)
    layer.build((2, None, 3))
    with pytest.raises(ValueError, match="stateful=True"):
        to_torch_arrays(layer)


def test_one_dropout_between_all_layers_is_taken_and_one_with_a_shape_of_noise_is_not():
    def three(**options):
        dropouts = [layers.Dropout(0.5, **options) for _ in range(2)]
        rnns = [ExplainedRNN(4, return_sequences=True) for _ in range(3)]
        return built(rnns[0], dropouts[0], rnns[1], dropouts[1], rnns[2])

    assert len(to_torch_arrays(three())) == 12
    noise = (None, 1, None)
    model = built(ExplainedRNN(4, **LOWER), layers.Dropout(0.5, noise_shape=noise), ExplainedRNN(4))
    with pytest.raises(ValueError, match="drops one and the same"):
        to_torch_arrays(model)


def test_layers_that_do_not_simply_follow_each_other_are_refused():
    x = keras.Input((5, 3))
    lower, upper = ExplainedRNN(3, return_sequences=True), ExplainedRNN(3)
    skipping = keras.Model(x, upper(lower(x) + x))
    beside = keras.Model(x, [lower(x), upper(lower(x))])
    square = ExplainedRNN(3, return_sequences=True)
    twice = keras.Model(x, square(square(x)))
    for model in (skipping, beside, twice):
        with pytest.raises(ValueError, match="do not simply follow each other"):
            to_torch_arrays(model)
        assert len(to_torch_arrays([lower, upper])) == 8


@pytest.mark.parametrize("model", [None, "model.keras", [1]])
def test_what_is_no_layer_is_a_type_error(model):
    with pytest.raises(TypeError, match="`model` must be a recurrent layer"):
        to_torch_arrays(model)
