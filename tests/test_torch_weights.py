"""`from_torch` and `to_torch` against PyTorch: outputs, last states, gradients, lengths."""

import doctest

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from keras_rnn_explained import ExplainedRNN, from_torch, to_torch, to_torch_arrays, torch_weights
from tests.comparison import assert_same

torch = pytest.importorskip("torch")

# Of few sizes, for each one more is compiled.
RNNS = st.fixed_dictionaries(
    {
        "input_size": st.sampled_from([3, 1]),
        "hidden_size": st.just(4),
        "num_layers": st.integers(1, 3),
        "nonlinearity": st.sampled_from(["tanh", "relu"]),
        "bias": st.booleans(),
        "batch_first": st.booleans(),
        "bidirectional": st.booleans(),
        "dtype": st.sampled_from([torch.float32, torch.float64]),
    }
)
SEQUENCES = st.sampled_from([(2, 5), (1, 1)])
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def random(*shape, seed=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


def output_of(rnn, x, lengths=None):
    """PyTorch's `output`, batch first, and `h_n`; with lengths, of a `PackedSequence`."""
    x = x if rnn.batch_first else x.transpose(0, 1)
    if lengths is None:
        output, last = rnn(x)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, lengths, batch_first=rnn.batch_first, enforce_sorted=False
        )
        output, last = rnn(packed)
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(
            output, batch_first=rnn.batch_first, total_length=x.shape[int(rnn.batch_first)]
        )
    return output if rnn.batch_first else output.transpose(0, 1), last


def gradients_in_torch(rnn, x, upstream, upstream_last, lengths=None):
    """Of one loss with respect to the input and to each parameter, by name, and the outputs."""
    x = x.clone().requires_grad_()
    output, last = output_of(rnn, x, lengths)
    loss = (output * upstream).sum() + (last * upstream_last).sum()
    parameters = {"x": x, **dict(rnn.named_parameters())}
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    return output.detach(), last.detach(), dict(zip(parameters, gradients, strict=True))


def gradients_in_keras(model, x, upstream, upstream_last, mask=None):
    """The same of the model, by the names that PyTorch has."""
    x = tf.constant(x.numpy())
    with tf.GradientTape() as tape:
        tape.watch(x)
        output, *last = model(x, mask=mask)
        last = tf.stack(last)
        loss = tf.reduce_sum(output * upstream.numpy()) + tf.reduce_sum(
            last * upstream_last.numpy()
        )
    of_x, of_weights = tape.gradient(loss, [x, [weight.value for weight in model.weights]])
    weights = iter(of_weights)
    named = {"x": of_x}
    for name in to_torch_arrays(model):
        if name.startswith("bias_hh"):  # each of PyTorch's two gets the gradient of ours
            named[name] = named[name.replace("hh", "ih")]
        else:
            gradient = next(weights).numpy()
            named[name] = gradient.T
    return output, last, named


def assert_same_gradients(rnn, model, x, lengths=None):
    directions = 1 + rnn.bidirectional
    upstream = random(*x.shape[:2], directions * rnn.hidden_size, seed=2, dtype=x.dtype)
    upstream_last = random(
        directions * rnn.num_layers, len(x), rnn.hidden_size, seed=3, dtype=x.dtype
    )
    mask = None
    if lengths is not None:
        mask = np.arange(x.shape[1]) < np.array(lengths)[:, None]
    expected = gradients_in_torch(rnn, x, upstream, upstream_last, lengths)
    actual = gradients_in_keras(model, x, upstream, upstream_last, mask)
    tolerance = TOLERANCE[x.dtype]
    assert_same(actual[0], expected[0], tolerance, "output")
    assert_same(actual[1], expected[1], tolerance, "h_n")
    assert actual[2].keys() == expected[2].keys()
    for name, gradient in expected[2].items():
        assert_same(actual[2][name], gradient, 10 * tolerance, name)


# There and back


@pytest.mark.slow
@settings(max_examples=20)
@given(options=RNNS, batch_and_time=SEQUENCES)
def test_outputs_last_states_and_gradients_are_those_of_torch(options, batch_and_time):
    torch.manual_seed(0)
    rnn = torch.nn.RNN(**options)
    x = random(*batch_and_time, rnn.input_size, dtype=options["dtype"])
    assert_same_gradients(rnn, from_torch(rnn, return_state=True), x)


@settings(max_examples=20)
@given(options=RNNS, dropout=st.sampled_from([0.0, 0.25]))
def test_what_comes_back_is_the_same_network(options, dropout):
    torch.manual_seed(0)
    rnn = torch.nn.RNN(**options, dropout=dropout if options["num_layers"] > 1 else 0.0)
    back = to_torch(from_torch(rnn))
    names = [name for name in rnn.__constants__ if name != "batch_first"]
    assert [getattr(back, name) for name in names] == [getattr(rnn, name) for name in names]
    assert back.batch_first
    assert not back.training
    x = random(2, 5, rnn.input_size, dtype=options["dtype"])
    for ours, theirs in zip(output_of(back, x), output_of(rnn.eval(), x), strict=True):
        assert_same(ours.detach(), theirs.detach(), TOLERANCE[x.dtype])
    for name, array in back.state_dict().items():
        if name.startswith("bias_hh"):
            assert not array.any()
        elif name.startswith("weight"):
            assert torch.equal(array, rnn.state_dict()[name])


@pytest.mark.slow
@settings(max_examples=20)
@given(options=RNNS, lengths=st.lists(st.integers(1, 5), min_size=2, max_size=2))
def test_a_mask_does_what_lengths_do_in_a_packed_sequence(options, lengths):
    torch.manual_seed(0)
    rnn = torch.nn.RNN(**options)
    x = random(len(lengths), 5, rnn.input_size, dtype=options["dtype"])
    assert_same_gradients(rnn, from_torch(rnn, return_state=True), x, lengths)


def test_dropout_is_between_the_layers():
    model = from_torch(torch.nn.RNN(3, 4, 3, dropout=0.25))
    assert [layer.name for layer in model.layers[1:]] == [
        "rnn_l0",
        "dropout_l0",
        "rnn_l1",
        "dropout_l1",
        "rnn_l2",
    ]
    assert model.get_layer("dropout_l0").rate == 0.25


@pytest.mark.parametrize("kind", [ExplainedRNN, layers.SimpleRNN])
@pytest.mark.parametrize("wrapper", [lambda layer: layer, layers.Bidirectional])
def test_layers_of_a_larger_model_become_a_network_in_torch(kind, wrapper):
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            wrapper(kind(4, return_sequences=True)),
            layers.Dropout(0.25),
            wrapper(kind(4)),
            layers.Dense(1),
        ]
    )
    for weight in model.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    rnn = to_torch(model.layers[:3])
    assert rnn.dropout == 0.25
    x = random(2, 5, 3, dtype=torch.float32)
    directions = 1 + rnn.bidirectional
    last = rnn(x)[1][-directions:].detach().numpy()
    upper = keras.Model(model.inputs[0], model.layers[2].output)
    assert_same(np.concatenate(last, axis=1), upper(x.numpy()), 1e-5)


def test_a_model_from_a_file_and_one_below_a_mask_are_read_the_same(tmp_path):
    rnn = torch.nn.RNN(3, 4, 2, bidirectional=True)
    model = from_torch(rnn)
    keras.Sequential([keras.Input((None, 3)), layers.Masking(), model, layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one in (model, loaded):
        for name, array in to_torch(one).state_dict().items():
            if name.startswith("weight"):
                assert torch.equal(array, rnn.state_dict()[name])


def test_weights_are_copies():
    rnn = torch.nn.RNN(1, 1, bias=False)
    model = from_torch(rnn)
    back, arrays = to_torch(model), to_torch_arrays(model)
    before = rnn.weight_ih_l0.item()
    model.layers[1].kernel.assign([[7.0]])
    assert [rnn.weight_ih_l0.item(), back.weight_ih_l0.item(), arrays["weight_ih_l0"].item()] == [
        before
    ] * 3
    with torch.no_grad():
        rnn.weight_hh_l0.fill_(8)
        back.weight_hh_l0.fill_(8)
    assert model.layers[1].recurrent_kernel.numpy().item() not in (7, 8)


def test_a_state_dict_is_enough():
    rnn = torch.nn.RNN(3, 4, 2, nonlinearity="relu", dropout=0.25)
    whole = from_torch(rnn)
    for given_dict in (rnn.state_dict(), {k: v.numpy() for k, v in rnn.state_dict().items()}):
        model = from_torch(given_dict, nonlinearity="relu", dropout=0.25)
        assert to_torch(model).nonlinearity == "relu"
        assert to_torch(model).dropout == 0.25
        for ours, theirs in zip(model.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


class Subclass(torch.nn.RNN):
    pass


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (torch.nn.LSTM(3, 4), "got an LSTM. It has gates: `keras.layers.LSTM`"),
        (torch.nn.LSTM(3, 4, proj_size=2), "It has gates"),
        (torch.nn.GRU(3, 4), "`keras.layers.GRU` is its counterpart"),
        (torch.nn.RNNCell(3, 4), '"_l0" at the end of each name'),
        (torch.nn.Sequential(torch.nn.RNN(3, 4)), "Give the torch.nn.RNN in it"),
        (Subclass(3, 4), "its `state_dict\\(\\)`"),
        (torch.nn.RNN(3, 4).half(), "of dtype float32 or float64, got float16. Convert"),
        (torch.nn.RNN(3, 4, dtype=torch.bfloat16), "got bfloat16. Convert"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_modules_are_refused(module, message):
    with pytest.raises(ValueError, match=message):
        from_torch(module)


def test_options_that_the_module_has_are_not_given_again():
    with pytest.raises(TypeError, match="`nonlinearity` is an option of the"):
        from_torch(torch.nn.RNN(3, 4), nonlinearity="tanh")


def test_the_example_in_the_docstring_is_right():
    """The doctests leave it out, where PyTorch may not be installed."""
    text = to_torch.__doc__.replace("# doctest: +SKIP", "")
    test = doctest.DocTestParser().get_doctest(
        text, vars(torch_weights).copy(), "to_torch", None, 0
    )
    assert doctest.DocTestRunner().run(test).failed == 0
