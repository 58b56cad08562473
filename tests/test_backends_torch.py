import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN
from tests import reference
from tests.comparison import assert_same
from tests.random_activations import ONE_STEP, assert_gradients_are_those_of_dropout
from tests.twins import assert_same_behaviour, twins

pytestmark = pytest.mark.backend("torch")
torch = pytest.importorskip("torch")

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


@pytest.mark.parametrize("activation", ["tanh", "softmax"])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_gradients_are_simple_rnns(activation, masked):
    mask = keras.ops.convert_to_tensor([[True, False, True, True], [False, True, True, False]])
    results = []
    for layer in twins(4, 3, 2, activation=activation, return_sequences=True):
        x = torch.tensor(X, requires_grad=True)
        sources = [x, *(weight.value for weight in layer.trainable_weights)]
        output = layer(x, mask=mask if masked else None)
        first = torch.autograd.grad(torch.sin(2 * output).sum(), sources, create_graph=True)
        size = sum(torch.sin(one).sum() for one in first)
        results.append(torch.autograd.grad(size, sources))
    for theirs, ours in zip(*results, strict=True):
        assert_same(ours, theirs, 1e-4)


def test_backward_fills_the_gradients_of_parameters_and_an_optimizer_of_torch_learns():
    losses = []
    for layer in twins(4, 3, 2):
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        losses.append([])
        for _ in range(3):
            optimizer.zero_grad()
            loss = (layer(torch.tensor(X)) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses[-1].append(loss.item())
    assert_same(losses[1], losses[0], 1e-5)
    assert losses[1][-1] < losses[1][0]


def test_it_is_a_module_whose_state_dict_and_device_move():
    one, other = ExplainedRNN(4), ExplainedRNN(4)
    one.build(X.shape)
    other.build(X.shape)
    renamed = zip(other.state_dict(), one.state_dict().values(), strict=True)
    other.load_state_dict(dict(renamed))
    assert_same(other(X), one(X), 0)
    one.to("cpu")
    assert_same(other(X), one(X), 0)
    assert {p.device.type for p in one.parameters()} == {"cpu"}


def test_on_the_meta_device_there_are_shapes_alone():
    with keras.device("meta"):
        layer = ExplainedRNN(4, return_sequences=True)
        output = layer(torch.zeros((2, 4, 3), device="meta"))
    assert output.device.type == "meta"
    assert tuple(output.shape) == (2, 4, 4)


def test_an_activation_with_a_parameter_is_left_to_automatic_differentiation():
    slope = keras.Variable(0.5)
    simple, explained = twins(4, 3, 2, activation=lambda z: z * slope.value)
    assert_same_behaviour(explained, simple, X)
    assert explained.execution.way == "autodiff"
    explained(X).sum().backward()
    assert slope.value.grad is not None


def test_compiled_by_torch_it_gives_the_same():
    layer = ExplainedRNN(4)
    layer.build(X.shape)
    compiled = torch.compile(lambda x: layer(x), backend="eager")
    x = torch.tensor(X)
    expected = layer(x)
    assert_same(compiled(x), expected, 1e-6)


def test_a_mask_may_go_backwards_in_an_unrolled_loop_where_simple_rnn_fails():
    layer = ExplainedRNN(4, unroll=True, go_backwards=True, return_sequences=True)
    layer.build(X.shape)
    mask = np.array([[True, True, False, True], [True] * 4])
    arguments = X[:, ::-1], *layer.get_weights(), np.zeros((2, 4))
    _, expected = reference.forward(*arguments, activation="tanh", mask=mask[:, ::-1])
    assert_same(layer(X, mask=mask), expected, 1e-6)


def test_an_activation_that_draws_from_torchs_generator_has_the_gradients_of_its_run():
    layer = ExplainedRNN(50, activation=torch.nn.functional.dropout)
    layer.build(ONE_STEP.shape)
    layer(keras.Input(ONE_STEP.shape[1:]), training=True)  # shapes alone, which draw nothing
    assert_gradients_are_those_of_dropout(layer)


def test_to_look_whether_an_activation_is_random_draws_nothing():
    layer = ExplainedRNN(4, activation=torch.tanh)
    drawing = ExplainedRNN(4, activation=lambda z: torch.nn.functional.dropout(z, 0.5))
    for one, draws in ((layer, 0), (drawing, len(X[0]))):
        torch.manual_seed(0)
        one(X)
        rest = torch.rand(3)
        torch.manual_seed(0)
        for _ in range(draws):
            torch.nn.functional.dropout(torch.zeros(2, 4), 0.5)
        assert torch.equal(rest, torch.rand(3))
