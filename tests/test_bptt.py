"""`backpropagate` shows the gradients that training uses, and where their parts came from."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from keras_rnn_explained import ExplainedRNN, backpropagate
from keras_rnn_explained.execution import as_tensor
from tests import reference
from tests.comparison import TOLERANCE, assert_same
from tests.differentiation import differentiate

BATCH, TIME, FEATURES, UNITS = 3, 6, 2, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES))
A_0 = RANDOM.normal(size=(BATCH, UNITS))
MASK = RANDOM.random((BATCH, TIME)) < 0.7
TARGETS = RANDOM.normal(size=(BATCH, TIME, UNITS))
MSE = keras.losses.MeanSquaredError(dtype="float64")  # by default float32
PARAMETERS = ("kernel", "recurrent_kernel", "bias")


def made(**options):
    options = {"dtype": "float64", "bias_initializer": "random_normal", "name": "rnn", **options}
    layer = ExplainedRNN(UNITS, **options)
    layer.build(X.shape)
    return layer


def targets(layer):
    return TARGETS if layer.return_sequences else TARGETS[:, -1]


def by_autodiff(layer, training=False, **keywords):
    """Gradients of the same loss from a tape around a call of the layer."""
    generator = layer.seed_generator
    seed = ops.convert_to_numpy(generator.state)
    keras.utils.set_random_seed(0)  # torch draws dropout masks from its global generator

    def loss(inputs):
        x, a_0 = inputs["x"], inputs["initial_state"]
        output = layer(x, initial_state=a_0, training=training, **keywords)
        # Heeds the mask that the output carries, as `fit` does.
        return MSE(targets(layer), output), None

    inputs = {"x": X, "initial_state": A_0}
    value, _, of_inputs, of_weights = differentiate(loss, inputs, layer.trainable_weights)
    generator.state.assign(seed)
    names = (weight.name for weight in layer.trainable_weights)
    keras.utils.set_random_seed(0)
    return float(ops.convert_to_numpy(value)), of_inputs | dict(zip(names, of_weights, strict=True))


@settings(max_examples=min(25, settings().max_examples))
@given(
    st.fixed_dictionaries(
        {
            "activation": st.sampled_from(["tanh", "relu", "gelu", "softmax", None]),
            "use_bias": st.booleans(),
            "return_sequences": st.booleans(),
            "go_backwards": st.booleans(),
            "zero_output_for_mask": st.booleans(),
            "dropout": st.sampled_from([0.0, 0.5]),
            "recurrent_dropout": st.sampled_from([0.0, 0.5]),
            "truncate_bptt": st.sampled_from([None, 1, 2, TIME, 99]),
            "unroll": st.booleans(),
        }
    ),
    st.booleans(),
    st.booleans(),
)
def test_the_gradients_are_those_of_a_tape_and_the_sums_of_their_summands(
    options, masked, training
):
    layer = made(seed=1, **options)
    keywords = {"mask": ops.convert_to_tensor(MASK)} if masked else {}
    loss, expected = by_autodiff(layer, training, **keywords)
    gradients = backpropagate(
        layer, X, targets(layer), MSE, training=training, initial_state=A_0, **keywords
    )
    assert gradients.loss == pytest.approx(loss, rel=1e-12)
    order = slice(None, None, -1 if layer.go_backwards else 1)
    assert_same(gradients.x[:, order], expected["x"], 1e-10, "x")
    for name in expected.keys() - {"x"}:
        assert_same(getattr(gradients, name), expected[name], 1e-10, name)
    for name in expected.keys() & set(PARAMETERS):
        assert_same(sum(gradients.summands(name)), expected[name], 1e-10, f"sum for {name}")


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("truncate", [None, 2])
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_errors_flow_and_summands_are_what_a_loop_follows_back(activation, truncate, masked):
    layer = made(return_sequences=True, activation=activation, truncate_bptt=truncate)
    mask = MASK if masked else None
    gradients = backpropagate(layer, X, TARGETS, MSE, initial_state=A_0, mask=mask)
    upstream = gradients.upstream
    if not masked:
        assert_same(upstream, 2 * (gradients.unfolding.state - TARGETS) / TARGETS.size, 1e-10)
    weights = [np.array(weight) for weight in layer.get_weights()]

    def followed(upstream):
        return reference.bptt(X, *weights, A_0, activation, upstream, mask=mask, truncate=truncate)

    whole = followed(upstream)
    for name in PARAMETERS:
        assert_same(getattr(gradients, name), whole[name], 1e-10, name)

    flow = gradients.flow()
    assert flow.is_whole
    assert list(flow.loss_steps) == list(range(TIME))
    for row, s in enumerate(flow.loss_steps):
        alone = np.zeros_like(upstream)
        alone[:, s] = upstream[:, s]
        assert_same(flow.size[row], norms_of_what_reaches(layer, alone, mask), 1e-9)


def norms_of_what_reaches(layer, upstream, mask):
    """Norms of ∂L_s/∂a_t for all t, by splitting the run at each t and asking a tape."""
    truncate = layer.truncate_bptt
    (s,) = np.flatnonzero(np.any(upstream != 0, axis=(0, 2)))
    kernel, recurrent_kernel, bias = (np.array(w) for w in layer.get_weights())
    _, states = reference.forward(
        X, kernel, recurrent_kernel, bias, A_0, layer.activation.__name__, mask
    )
    sizes = np.zeros(TIME)
    for t in range(s + 1):
        if truncate is not None and s - t >= truncate:
            continue

        def loss(inputs, t=t):
            later = inputs["state"]
            for step in range(t + 1, s + 1):
                recurrent_projection = ops.matmul(later, as_tensor(recurrent_kernel))
                new = layer.activation(as_tensor(X[:, step] @ kernel + bias) + recurrent_projection)
                if mask is not None:
                    new = ops.where(as_tensor(mask[:, step, None]), new, later)
                later = new
            return ops.sum(later * ops.cast(upstream[:, s], "float64")), None

        _, _, of_inputs, _ = differentiate(loss, {"state": states[:, t]})
        sizes[t] = np.linalg.norm(ops.convert_to_numpy(of_inputs["state"]))
    return sizes


@pytest.mark.backend("tensorflow")  # elsewhere float64 is too coarse for differences
@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_jacobians_are_those_of_finite_differences(activation):
    layer = made(return_sequences=True, activation=activation)
    gradients = backpropagate(layer, X, TARGETS, MSE, initial_state=A_0)
    u = gradients.unfolding

    def run(state, first, last):
        for t in range(first, last + 1):
            pre_activation = X[1:2, t] @ u.kernel + state @ u.recurrent_kernel + u.bias
            state = ops.convert_to_numpy(layer.activation(as_tensor(pre_activation)))
        return state

    later, earlier, tiny = 4, 1, 1e-6
    expected = np.zeros((UNITS, UNITS))
    for unit in range(UNITS):
        step = np.eye(UNITS)[unit] * tiny
        up, down = (
            run(u.state[1:2, earlier] + sign * step, earlier + 1, later) for sign in (1, -1)
        )
        expected[:, unit] = (up - down)[0] / (2 * tiny)
    assert_same(gradients.jacobian(later, earlier, sample=1), expected, 1e-7)
    assert_same(gradients.jacobian(2, 2), np.eye(UNITS), 0)

    steps, norms = gradients.jacobian_norms(sample=1)
    assert list(steps) == list(range(TIME))
    expected_norms = [
        np.linalg.norm(gradients.jacobian(TIME - 1, int(t), sample=1), 2) for t in steps
    ]
    assert_same(norms, expected_norms, 1e-12)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_stateful_layer_starts_from_the_state_that_it_has_and_keeps_it(go_backwards):
    layer = made(stateful=True, go_backwards=go_backwards)
    layer(X)
    state = np.array(ops.convert_to_numpy(layer.states[0]))
    assert state.any()
    gradients = backpropagate(layer, X, TARGETS[:, -1], MSE)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.states[0]), state)
    np.testing.assert_array_equal(gradients.unfolding.previous_state[:, 0], state)
    *_, expected = differentiate(
        lambda _: (MSE(TARGETS[:, -1], layer(X)), None), weights=layer.trainable_weights
    )
    for name, value in zip(PARAMETERS, expected, strict=True):
        assert_same(getattr(gradients, name), value, 1e-10, name)


def test_the_error_is_upstream_plus_what_comes_back():
    layer = made(return_sequences=True)
    g = backpropagate(layer, X, TARGETS, MSE)
    back = g.local_error @ g.unfolding.recurrent_kernel.T
    assert_same(g.error[:, -1], g.upstream[:, -1], 1e-12)
    assert_same(g.error[:, :-1], g.upstream[:, :-1] + back[:, 1:], 1e-12)
    assert_same(g.local_error, g.error * (1 - g.unfolding.state**2), 1e-12)
    assert_same(g.initial_state, back[:, 0], 1e-12)


def test_the_norms_of_the_summands_are_theirs():
    gradients = backpropagate(made(), X, TARGETS[:, -1], MSE)
    for name in PARAMETERS:
        expected = [np.linalg.norm(one) for one in gradients.summands(name)]
        assert_same(gradients.summand_norms(name), expected, 1e-12)
    some = list(gradients.summands("kernel", 2, 4))
    assert_same(some, list(gradients.summands("kernel"))[2:4], 0)


def test_the_spectral_radius_is_that_of_the_recurrent_kernel():
    layer = made(recurrent_initializer="identity")
    layer.recurrent_kernel.assign(0.5 * layer.recurrent_kernel)
    assert backpropagate(layer, X, TARGETS[:, -1], MSE).spectral_radius == pytest.approx(0.5)


def test_of_many_losses_the_flow_follows_some_and_says_so():
    gradients = backpropagate(made(return_sequences=True), X, TARGETS, MSE)
    whole, some = gradients.flow(), gradients.flow(most_steps=3, most_samples=2)
    assert list(some.loss_steps) == [0, 2, 5]
    assert not some.is_whole
    assert (some.samples, whole.samples) == (2, BATCH)
    assert list(gradients.flow(most_steps=1).loss_steps) == [TIME - 1]
    assert [list(found) for found in gradients.jacobian_norms(most_steps=1)] == [[TIME - 1], [1]]


@pytest.mark.parametrize("most", [0, -1, 1.5])
def test_how_many_to_follow_must_be_a_positive_integer(most):
    gradients = backpropagate(made(), X, TARGETS[:, -1], MSE)
    for follow in (gradients.flow, gradients.jacobian_norms):
        with pytest.raises(ValueError, match="`most_steps` must be a positive integer"):
            follow(most_steps=most)


def test_without_a_loss_nothing_flows():
    layer = made(return_sequences=True)
    gradients = backpropagate(layer, X, TARGETS, lambda y, states: 0 * states)
    assert not gradients.kernel.any()
    assert gradients.flow().size.shape == (0, TIME)


def model(**options):
    return keras.Sequential(
        [
            keras.Input((TIME, FEATURES)),
            ExplainedRNN(UNITS, return_sequences=True, name="first", **options),
            ExplainedRNN(UNITS, name="second", **options),
            layers.Dense(1),
        ]
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_in_a_model_the_compiled_loss_counts(weighted):
    whole = model(dtype="float64")
    whole.compile("sgd", "mse")
    y = RANDOM.normal(size=(BATCH, 1)).astype("float32")
    weights = np.array([1, 0, 2], "float32") if weighted else None
    gradients = backpropagate(whole, X, y, layer=["first", "second"], sample_weight=weights)

    def loss(_):
        squares = ops.square(whole(X) - as_tensor(y))[:, 0]
        return ops.mean(squares * as_tensor(weights) if weighted else squares), None

    variables = [w for path in gradients for w in whole.get_layer(path).trainable_weights]
    *_, expected = differentiate(loss, weights=variables)
    actual = [getattr(g, name) for g in gradients.values() for name in PARAMETERS]
    for one, other in zip(actual, expected, strict=True):
        assert_same(one, other, 1e-5)


def test_the_weights_regularizers_are_part_of_the_loss_but_not_of_the_gradients():
    regularized, free = model(kernel_regularizer="l2", recurrent_regularizer="l1"), model()
    free.set_weights(regularized.get_weights())
    for one in (regularized, free):
        one.compile("sgd", "mse")
    y = np.ones((BATCH, 1), "float32")
    gradients = backpropagate(regularized, X, y, layer="first")
    assert gradients.loss == pytest.approx(regularized.evaluate(X, y, verbose=0), rel=1e-5)
    assert_same(gradients.kernel, backpropagate(free, X, y, layer="first").kernel, 1e-5)


def test_a_layer_that_is_not_trained_has_gradients_too():
    whole = model()
    whole.trainable = False
    assert backpropagate(whole, X, np.ones((BATCH, 1)), "mse", "second").recurrent_kernel.any()


def test_looking_changes_nothing_and_later_training_is_the_same():
    y = RANDOM.normal(size=(BATCH, 1))
    losses = []
    for look in (False, True):
        keras.utils.set_random_seed(3)
        whole = model(dropout=0.5, recurrent_dropout=0.5)
        whole.compile("adam", "mse", metrics=["mae"])
        history = []
        for _ in range(3):
            if look:
                backpropagate(whole, X, y, layer="first", training=True)
            history.append(whole.train_on_batch(X, y))
        losses.append((history, [ops.convert_to_numpy(v) for v in whole.optimizer.variables]))
    (plain, variables), (looked, others) = losses
    assert plain == looked
    for one, other in zip(variables, others, strict=True):
        np.testing.assert_array_equal(one, other)


def test_several_outputs_and_their_losses_count():
    inputs = keras.Input((TIME, FEATURES))
    rnn = ExplainedRNN(UNITS, return_sequences=True, return_state=True, name="rnn")
    states, last = rnn(inputs)
    whole = keras.Model(inputs, [states, last])
    whole.compile("sgd", ["mse", "mae"], loss_weights=[1, 0.5])
    gradients = backpropagate(whole, X, [TARGETS, A_0])

    def loss(_):
        all_states, last_state = whole(X)
        value = ops.mean((all_states - as_tensor(TARGETS.astype("f"))) ** 2)
        return value + 0.5 * ops.mean(abs(last_state - as_tensor(A_0.astype("f")))), None

    *_, (expected,) = differentiate(loss, weights=[rnn.kernel])
    assert_same(gradients.kernel, expected, 1e-4)


def test_a_model_without_a_loss_asks_for_one():
    with pytest.raises(ValueError, match=r"`loss` must be given, as in `loss='mse'`"):
        backpropagate(model(), X, np.ones((BATCH, 1)), layer="first")


@pytest.mark.parametrize("y", [np.ones((BATCH, 2, 2)), np.ones((BATCH, 2))])
def test_targets_that_do_not_fit_are_refused_with_their_shape(y):
    with pytest.raises(ValueError, match=r"`y` of shape .* does not fit the model's output"):
        backpropagate(model(), X, y, "categorical_crossentropy", "first")


def test_a_loss_that_refuses_numbers_of_the_right_shape_is_not_told_as_one_of_shapes():
    def loss(y_true, y_pred):
        raise ValueError("targets must be below 1")

    y = np.ones((BATCH, 1))
    with pytest.raises(ValueError, match=r"The loss can't be computed .*: targets must be below 1"):
        backpropagate(model(), X, y, loss, "first")


@pytest.mark.parametrize(
    ("y", "weights", "named"), [(BATCH + 2, None, r"`y` \(5, 1\)"), (BATCH, 7, r"weight` \(7,\)")]
)
def test_other_numbers_of_samples_are_told_with_their_shapes(y, weights, named):
    weights = None if weights is None else np.ones(weights)
    with pytest.raises(ValueError, match=f"must be of the same samples.*{named}"):
        backpropagate(model(), X, np.ones((y, 1)), "mse", "first", sample_weight=weights)


def test_missing_targets_are_asked_for():
    with pytest.raises(ValueError, match="`y`, the targets, is missing"):
        backpropagate(model(), X, None, "mse", "first")


@pytest.mark.parametrize("y", ["report.html", np.array(["a", "b", "c"])], ids=["path", "words"])
def test_targets_that_are_no_numbers_are_refused(y):
    with pytest.raises(TypeError, match="`y` must be an array of numbers"):
        backpropagate(model(), X, y, "mse", "first")


@pytest.mark.parametrize(("loss", "hint"), [("msee", "as in"), ("second", "layer='second'")])
def test_a_loss_that_there_is_not_is_refused(loss, hint):
    with pytest.raises(ValueError, match=f"`loss` must be a Keras loss.*'{loss}'") as error:
        backpropagate(model(), X, np.ones((BATCH, 1)), loss, "first")
    assert hint in str(error.value)


def test_a_parameter_that_there_is_not_is_refused():
    gradients = backpropagate(made(use_bias=False), X, TARGETS[:, -1], MSE)
    assert gradients.bias is None
    with pytest.raises(ValueError, match="'kernel', 'recurrent_kernel', got 'bias'"):
        list(gradients.summands("bias"))


@pytest.mark.parametrize(("later", "earlier"), [(1, 2), (TIME, 0), (2, -TIME - 1)])
def test_time_steps_that_there_are_not_are_refused(later, earlier):
    gradients = backpropagate(made(), X, TARGETS[:, -1], MSE)
    with pytest.raises(ValueError, match="`later` must be a time step from 0 to 5"):
        gradients.jacobian(later, earlier)
    with pytest.raises(IndexError, match="`sample` must be from 0 to 2"):
        gradients.jacobian(2, 1, sample=3)


def test_one_time_step_and_nan_pass_through():
    layer = made()
    x = X[:, :1].copy()
    assert backpropagate(layer, x, TARGETS[:, 0], MSE).flow().size.shape == (1, 1)
    x[0, 0, 0] = np.nan
    gradients = backpropagate(layer, x, TARGETS[:, 0], MSE)
    assert np.isnan(gradients.loss)
    assert np.isnan(gradients.kernel).any()


def test_it_is_shown_by_its_sizes_and_as_a_table():
    gradients = backpropagate(made(truncate_bptt=2), X, TARGETS[:, -1], MSE)
    assert repr(gradients).startswith("Gradients('rnn', loss=")
    assert repr(gradients).endswith("batch=3, time=6, features=2, units=4, truncate_bptt=2)")
    assert "<td>3 × 6 × 4</td>" in gradients._repr_html_()


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_with_mixed_precision_everything_is_in_the_compute_dtype(dtype, activation):
    keras.utils.set_random_seed(0)  # in 8 bits of precision, some weights are worse than others
    layer = made(dtype=dtype, activation=activation)
    gradients = backpropagate(layer, X, targets(layer), "mse")
    assert {array.dtype for array in gradients.arrays().values()} == {gradients.error.dtype}
    assert gradients.error.dtype.name == layer.compute_dtype
    wide = made(activation=activation)
    wide.set_weights(layer.get_weights())
    expected = backpropagate(wide, X, targets(wide), MSE)
    for parameter in PARAMETERS:
        actual = getattr(gradients, parameter).astype("float64")
        tolerance = TOLERANCE[layer.compute_dtype]
        assert_same(actual, getattr(expected, parameter), tolerance, parameter)
