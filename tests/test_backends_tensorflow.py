import logging
import threading
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_explained import ExplainedRNN, equations
from keras_rnn_explained.backends import tensorflow as backend
from keras_rnn_explained.backends.tensorflow import (
    LEAST_BYTES_TO_SEGMENT,
    Executor,
    Program,
    worth_halving,
    worth_segmenting,
)
from keras_rnn_explained.execution import Inputs, unrolled_scan
from tests.comparison import assert_same
from tests.random_activations import assert_gradients_are_those_of_dropout
from tests.twins import ACTIVATIONS, assert_same_behaviour, twins

WAYS = ["plain", "compiled", "auto"]
WRAPS = {
    "eagerly": lambda function: function,
    "in a graph": tf.function,
    "in XLA": lambda function: tf.function(function, jit_compile=True),
}
X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
STATE = np.random.default_rng(1).normal(size=(2, 4)).astype("float32")
MASK = np.array([[1, 0, 1, 1], [0, 1, 1, 0]], bool)


def curved(outputs):
    """A scalar whose second derivative is not constant."""
    return tf.add_n([tf.reduce_sum(tf.sin(2 * output)) for output in tf.nest.flatten(outputs)])


def second_order(layer, **keywords):
    """The loss, its gradients and the gradients of a function of these."""
    sources = [tf.constant(X), tf.constant(STATE), *[w.value for w in layer.trainable_weights]]

    def run(x, state):
        with tf.GradientTape() as outer:
            outer.watch([x, state])
            with tf.GradientTape() as inner:
                inner.watch([x, state])
                loss = curved(layer(x, initial_state=state, **keywords))
            first = inner.gradient(loss, [x, state, *sources[2:]])
            total = curved(first)
        return loss, first, outer.gradient(total, [x, state, *sources[2:]])

    return run, sources[:2]


@pytest.mark.parametrize(
    ("wrap", "return_sequences"),
    [(wrap, states) for wrap in WRAPS for states in (True, False)][:-1],  # compiling is slow
)
@pytest.mark.parametrize("execution", WAYS)
@pytest.mark.parametrize("activation", ["tanh", "softmax"])
def test_gradients_of_gradients_are_simple_rnns(execution, wrap, activation, return_sequences):
    simple, explained = twins(
        4,
        3,
        2,
        execution=execution,
        activation=activation,
        return_sequences=return_sequences,
        return_state=True,
    )
    run, arguments = second_order(simple, mask=MASK)
    expected = run(*arguments)
    run, arguments = second_order(explained, mask=MASK)
    actual = WRAPS[wrap](run)(*arguments)
    for ours, theirs in zip(tf.nest.flatten(actual), tf.nest.flatten(expected), strict=True):
        assert_same(ours, theirs, 1e-4)


@pytest.mark.parametrize("vectorised", [False, True])
@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_the_hessian_is_simple_rnns(execution, vectorised):
    hessians = []
    for layer in twins(3, 3, 2, execution=execution):
        weight = layer.trainable_weights[1].value
        with tf.GradientTape(persistent=True) as outer:
            with tf.GradientTape() as inner:
                loss = curved(layer(X))
            gradient = inner.gradient(loss, weight)
        hessians.append(outer.jacobian(gradient, weight, experimental_use_pfor=vectorised))
    assert_same(hessians[1], hessians[0], 1e-4)


@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_third_derivatives_are_simple_rnns(execution):
    results = []
    for layer in twins(3, 3, 2, execution=execution):
        x = tf.constant(X)
        with tf.GradientTape() as third:
            third.watch(x)
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    loss = curved(layer(x))
                gradient = curved(first.gradient(loss, x))
            gradient = curved(second.gradient(gradient, x))
        results.append(third.gradient(gradient, x))
    assert_same(results[1], results[0], 1e-3)


@pytest.mark.parametrize("vectorised", [False, True])
@pytest.mark.parametrize("execution", ["plain", "compiled"])
def test_a_persistent_tape_and_a_jacobian_work(execution, vectorised):
    jacobians = []
    for layer in twins(3, 3, 2, execution=execution):
        x = tf.constant(X)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            output = layer(x)
        jacobians.append(tape.jacobian(output, x, experimental_use_pfor=vectorised))
        assert tape.gradient(output, x) is not None
    assert_same(jacobians[1], jacobians[0], 1e-5)


@pytest.mark.parametrize("execution", ["plain", "compiled"])
@pytest.mark.parametrize(
    ("source", "traced"),
    # TensorFlow finds no tangent of SimpleRNN's in a graph that reads the watched variable.
    [("x", False), ("x", True), ("recurrent kernel", False)],
)
def test_forward_mode_is_simple_rnns(execution, traced, source):
    tangents = []
    for layer in twins(4, 3, 2, execution=execution, return_sequences=True):

        def call(x, layer=layer):
            return layer(x, mask=tf.constant(MASK))

        call = tf.function(call) if traced else call
        primal = tf.constant(X) if source == "x" else layer.trainable_weights[1].value
        direction = tf.random.stateless_normal(primal.shape, seed=(1, 2))
        with tf.autodiff.ForwardAccumulator(primal, direction) as accumulator:
            output = call(primal if source == "x" else tf.constant(X))
        tangents.append(accumulator.jvp(output))
    assert_same(tangents[1], tangents[0], 1e-5)


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5, "stateful": True}], ids=str)
def test_autograph_takes_the_layer_as_it_is(options):
    layer, warned = ExplainedRNN(4, **options), []
    handler = logging.Handler(logging.WARNING)
    handler.emit = warned.append
    tf.get_logger().addHandler(handler)
    try:
        tf.function(layer)(np.ones((2, 5, 3)), mask=[[True] * 5, [False] * 5], training=True)
    finally:
        tf.get_logger().removeHandler(handler)
    assert warned == []


@pytest.mark.parametrize("unroll", [False, True])
def test_unroll_repeats_the_time_step_in_the_graph(unroll):
    layer = ExplainedRNN(4, unroll=unroll, execution="plain")
    graph = tf.function(layer).get_concrete_function(tf.TensorSpec((2, 5, 3))).graph.as_graph_def()
    nodes = [*graph.node, *(node for one in graph.library.function for node in one.node_def)]
    assert any("While" in node.op for node in nodes) is not unroll


@pytest.mark.parametrize("execution", WAYS)
@pytest.mark.parametrize("jit", [False, True])
def test_batch_and_time_may_be_unknown_when_the_graph_is_made(execution, jit):
    simple, explained = twins(4, 3, 2, execution=execution, return_sequences=True)
    signature = [tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None), "bool")]

    def trainer(layer):
        @tf.function(input_signature=signature, jit_compile=jit)
        def gradients(x, mask):
            with tf.GradientTape() as tape:
                loss = curved(layer(x, mask=mask))
            return tape.gradient(loss, [w.value for w in layer.trainable_weights])

        return gradients

    ours, theirs = trainer(explained), trainer(simple)
    for batch, time in ((2, 4), (3, 1), (1, 7)):
        random = np.random.default_rng(time)
        x = random.normal(size=(batch, time, 3)).astype("float32")
        mask = random.random((batch, time)) < 0.7
        for actual, expected in zip(ours(x, mask), theirs(x, mask), strict=True):
            assert_same(actual, expected, 1e-5)


@pytest.mark.parametrize("execution", WAYS)
@pytest.mark.parametrize("truncate", [2, 4, 5, 10**9])
def test_truncation_is_the_same_with_an_unknown_number_of_time_steps(execution, truncate):
    layer = ExplainedRNN(4, truncate_bptt=truncate, execution=execution)
    layer.build((None, None, 3))

    def gradients(x):
        with tf.GradientTape() as tape:
            loss = curved(layer(x, initial_state=STATE))
        return tape.gradient(loss, [w.value for w in layer.trainable_weights])

    unknown = tf.function(gradients, input_signature=[tf.TensorSpec((None, None, 3))])
    for ours, theirs in zip(unknown(X), gradients(X), strict=True):
        assert_same(ours, theirs, 1e-6)


def test_no_time_step_at_run_time_is_an_error():
    layer = ExplainedRNN(4)
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, None, 3))])
    assert call(X).shape == (2, 4)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no time step"):
        call(X[:, :0])


def test_two_models_train_at_once_in_threads():
    def train(seed, results):
        random = np.random.default_rng(seed)
        x = random.normal(size=(16, 5, 3)).astype("float32")
        model = keras.Sequential([keras.Input((5, 3)), ExplainedRNN(4), keras.layers.Dense(1)])
        model.set_weights([random.normal(size=w.shape) for w in model.weights])
        model.compile("sgd", "mse")
        model.fit(x, x[:, 0, :1], epochs=3, shuffle=False, verbose=0)
        results[seed] = model.get_weights()

    alone, together = {}, {}
    for seed in (1, 2):
        train(seed, alone)
    threads = [threading.Thread(target=train, args=(seed, together)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in (1, 2):
        for one, other in zip(alone[seed], together[seed], strict=True):
            assert_same(one, other, 1e-6)


def test_training_runs_the_equations_that_are_there_to_read(monkeypatch):
    """Changed equations change what the layer does and learns: nothing else computes them."""
    _, layer = twins(4, 3, 2)

    def gradient():
        with tf.GradientTape() as tape:
            loss = curved(layer(X))
        return loss, tape.gradient(loss, layer.trainable_weights[1].value)

    loss, before = gradient()
    original = equations.parameter_gradients
    monkeypatch.setattr(
        equations,
        "parameter_gradients",
        lambda *args: original(*args)._replace(recurrent_kernel=tf.ones((4, 4))),
    )
    same_loss, changed = gradient()
    assert_same(same_loss, loss, 0)
    assert_same(changed, np.ones((4, 4)), 0)
    assert np.max(abs(before - changed)) > 0.1


@pytest.fixture
def nothing_compiled(monkeypatch):
    """Layers of one size share what is compiled, and so what the tests before had compiled."""
    monkeypatch.setattr(backend, "_shared_programs", {})


def executor(activation="tanh", requested="auto"):
    return Executor(keras.activations.get(activation), requested, None, False)


def inputs(time=4):
    shapes = {"kernel": (3, 4), "recurrent_kernel": (4, 4), "bias": (4,), "initial_state": (2, 4)}
    x = keras.ops.zeros((2, time, 3))
    return Inputs(x, **{name: tf.zeros(shape) for name, shape in shapes.items()})


def test_the_executor_compiles_where_the_number_of_time_steps_is_known(nothing_compiled):
    run = executor()
    assert run.execution is None
    run(inputs(), all_states=False)
    assert run.execution.way == "compiled"
    assert str(run.execution) == "compiled: the number of time steps is known"


def test_the_executor_does_not_compile_anew_for_each_length():
    run = executor()
    tf.function(
        lambda x: run(inputs()._replace(x=x), all_states=False)[1],
        input_signature=[tf.TensorSpec((2, None, 3))],
    )(tf.zeros((2, 4, 3)))
    assert run.execution.way == "plain"
    assert "compiled anew" in run.execution.reason


@pytest.mark.parametrize("options", [{}, {"unroll": True}, {"truncate_bptt": 2}], ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_one_layer_takes_one_length_after_another(way, options):
    layer = ExplainedRNN(4, execution=way, **options)
    for time in (3, 4, 5, 3, 7, 6):
        x = np.random.default_rng(time).normal(size=(2, time, 3)).astype("float32")
        with tf.GradientTape() as tape:
            loss = curved(layer(x))
        gradients = tape.gradient(loss, [w.value for w in layer.trainable_weights])
        fresh = ExplainedRNN(4, execution="plain", truncate_bptt=layer.truncate_bptt)
        fresh.build(x.shape)
        fresh.set_weights(layer.get_weights())
        with tf.GradientTape() as tape:
            loss = curved(tf.function(fresh)(x))
        expected = tape.gradient(loss, [w.value for w in fresh.trainable_weights])
        for ours, theirs in zip(gradients, expected, strict=True):
            assert_same(ours, theirs, 1e-5)


def test_the_executor_compiles_for_a_few_sizes_called_eagerly_and_stays_with_them(nothing_compiled):
    run = executor()
    ways = []
    for time in (3, 4, 5, 6, 7, 3, 8, 7, 6):
        run(inputs(time), all_states=False)
        ways.append(run.execution.way)
    first_four, later = ["compiled"] * 4, ["plain", "compiled", "plain", "plain", "compiled"]
    assert ways == first_four + later


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_executor_leaves_large_products_in_16_bits_to_tensorflow(dtype):
    for units, way in ((4, "compiled"), (256, "plain")):
        run = executor()
        shapes = [(2, 4, 3), (3, units), (units, units), (units,), (2, units)]
        run(Inputs(*(tf.zeros(shape, dtype) for shape in shapes)), all_states=False)
        assert run.execution.way == way
    assert "16 bits" in run.execution.reason


@pytest.mark.parametrize("way", ["plain", "compiled"])
def test_the_executor_does_as_it_is_told(way):
    run = executor(requested=way)
    run(inputs(), all_states=True)
    assert run.execution.way == way
    assert f"execution={way!r}" in run.execution.reason


# Where functions have kinks and poles, and where their parts are no longer finite.
NUMBERS = [*range(-7, 8), 0.5, 1e-3, 10, 60, 88, 89, 100, 120, 1e4, 1e10, 1e20, 1e38]
NUMBERS = np.array([[[sign * number]] for number in NUMBERS for sign in (1, -1)], "float32")
OWN = {
    "a root in cases": lambda z: tf.where(z > 0, tf.sqrt(z), z),
    "a signed root": lambda z: tf.sign(z) * tf.sqrt(tf.abs(z)),
    "as integers": lambda z: tf.cast(tf.cast(z, tf.int32), tf.float32) + z,
    "a quotient": lambda z: tf.exp(z) / (1 + tf.exp(z)),
    "a product": lambda z: tf.exp(z) * tf.exp(-z / 2),
    "0 or 1 times": lambda z: z * tf.cast(z > 0, z.dtype),
    "of Keras's operations": lambda z: keras.ops.normalize(z),
}


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")
@pytest.mark.parametrize("activation", [*ACTIVATIONS, *OWN.values()], ids=[*ACTIVATIONS, *OWN])
def test_slopes_are_those_of_simple_rnn_at_kinks_and_far_out(activation):
    slopes = []
    for layer in twins(1, 1, len(NUMBERS), activation=activation, execution="auto"):
        layer.set_weights([np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1)])
        x = tf.constant(NUMBERS)  # which is the pre-activation
        with tf.GradientTape() as tape:
            tape.watch(x)
            output = layer(x)
        slopes.append((output, tape.gradient(output, x)))
    for theirs, ours in zip(*slopes, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_wrong_index_is_an_error_as_it_is_in_simple_rnn():
    table = tf.constant([0.0, 0.5, 1.0])
    layer = ExplainedRNN(4, activation=lambda z: tf.gather(table, tf.cast(z, tf.int32)) + 0 * z)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in"):
        layer(100 * X)


@pytest.mark.parametrize(
    ("activation", "requested", "truncate", "execution"),
    [
        (OWN["a quotient"], "auto", None, "autodiff: of an activation that is not Keras's nobody"),
        (OWN["a quotient"], "compiled", None, "compiled: the layer has execution='compiled'"),
        (OWN["a quotient"], "plain", None, "plain: the layer has execution='plain'"),
        (OWN["a quotient"], "auto", 2, "plain: XLA may make something else of the activation"),
        ("silu", "auto", None, "compiled: the number of time steps is known"),
        ("selu", "auto", None, "plain: XLA has another slope of selu at 0"),
        ("relu6", "auto", None, "plain: XLA makes a number of NaN with this activation"),
    ],
)
def test_of_activations_those_are_compiled_that_are_known_or_asked_for(
    activation, requested, truncate, execution
):
    layer = ExplainedRNN(4, activation=activation, execution=requested, truncate_bptt=truncate)
    layer(X)
    assert str(layer.execution).startswith(execution)


def test_an_activation_with_a_variable_is_left_to_automatic_differentiation():
    slope = tf.Variable(0.5)
    run = executor(lambda pre_activation: pre_activation * slope, "compiled")
    with tf.GradientTape() as tape:
        _, last = run(
            inputs()._replace(x=tf.ones((2, 4, 3)), kernel=tf.ones((3, 4))),
            all_states=False,
        )
    assert run.execution.way == "autodiff"
    assert_same(tape.gradient(last, slope), 24.0, 1e-6)


def halved_in_python(pre_activation):
    """A function of which TensorFlow does not know that it always gives the same."""
    halved = tf.py_function(lambda z: z / 2, [pre_activation], pre_activation.dtype)
    halved.set_shape(pre_activation.shape)
    return halved


def branching(pre_activation):
    """A function that can't be traced as it stands: it asks for a number."""
    return pre_activation * 2 if float(tf.reduce_sum(pre_activation)) > 0 else pre_activation


@pytest.mark.parametrize(
    ("activation", "way", "reason"),
    [
        (tf.math.special.dawsn, "plain", "XLA can't compile the activation"),
        (halved_in_python, "autodiff", "the activation may give something else when BPTT runs it"),
        (branching, "autodiff", "can't be made a graph"),
    ],
)
@pytest.mark.parametrize("requested", ["plain", "compiled"])
def test_an_activation_that_tensorflow_runs_no_other_way_still_does_what_simple_rnn_does(
    activation, way, reason, requested
):
    simple, explained = twins(4, 3, 2, execution=requested, activation=activation)
    assert_same_behaviour(explained, simple, X)
    assert explained.execution.way == way
    assert reason in explained.execution.reason


@pytest.mark.parametrize("execution", WAYS)
def test_an_operation_that_is_random_has_the_gradients_of_its_run(execution):
    layer = ExplainedRNN(50, activation=lambda z: tf.nn.dropout(z, 0.5), execution=execution)
    assert_gradients_are_those_of_dropout(layer)


def test_truncation_is_refused_for_an_activation_that_can_not_be_made_a_graph():
    layer = ExplainedRNN(4, activation=branching, truncate_bptt=2)
    with pytest.raises(ValueError, match="got 2: the activation can't be made a graph, so that"):
        layer(X)


def test_where_xla_does_not_work_one_warning_is_given_and_the_plain_way_taken(monkeypatch):
    as_graph = backend.as_graph

    def without_xla(function, compiled, any_size=False):
        def fail(*_):
            raise tf.errors.UnimplementedError(None, None, "no XLA here")

        return fail if compiled else as_graph(function, compiled, any_size)

    monkeypatch.setattr(backend, "as_graph", without_xla)
    monkeypatch.setattr(backend, "_shared_programs", {})
    backend.xla_works.cache_clear()
    simple, explained = twins(4, 3, 2, execution="auto")
    try:
        with pytest.warns(UserWarning, match="XLA does not work on this machine.*no XLA here"):
            explained(X)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert_same_behaviour(explained, simple, X)
    finally:
        backend.xla_works.cache_clear()
    assert explained.execution.way == "plain"


@pytest.mark.parametrize("way", ["plain", "compiled", "autodiff"])
@pytest.mark.parametrize("all_states", [False, True])
def test_each_way_gives_the_same_states(way, all_states):
    random = np.random.default_rng(0)
    filled = Inputs(*(tf.constant(random.normal(size=i.shape), "float32") for i in inputs()[:5]))
    states, last = Program(keras.activations.tanh, all_states, None, way)(filled)
    expected = tf.transpose(
        equations.recurrence(
            tf.transpose(filled.x, [1, 0, 2]), *filled[1:5], activation=keras.activations.tanh
        ),
        [1, 0, 2],
    )
    assert_same(last, expected[:, -1], 1e-6)
    if all_states:
        assert_same(states, expected, 1e-6)
    else:
        assert states is None


def test_layers_alike_share_what_was_compiled():
    one, other = (ExplainedRNN(4) for _ in range(2))
    x = tf.constant(X)
    one(x)
    sized = inputs()._replace(kernel=one.kernel)
    program = one._executor.program(sized, all_states=False, way="compiled")
    traces = program.run_forward.experimental_get_tracing_count()
    other(x)
    assert program.run_forward.experimental_get_tracing_count() == traces


def test_an_activation_that_cannot_be_hashed_works():
    class Scaled:
        __hash__ = None

        def __call__(self, x):
            return tf.tanh(x) * 0.5

    simple, explained = twins(4, 3, 2, activation=Scaled())
    assert_same_behaviour(explained, simple, X)


@pytest.mark.parametrize("batch", [1, 16, 17])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("segmented", [False, True])
def test_a_batch_in_halves_and_time_in_segments_give_the_same(
    batch, known, return_sequences, segmented, monkeypatch
):
    if segmented:
        monkeypatch.setattr(backend, "LEAST_BYTES_TO_SEGMENT", 0)
    units = 64
    options = {"return_sequences": return_sequences, "recurrent_dropout": 0.3, "seed": 1}
    simple, explained = twins(units, 3, batch, **options)
    explained._executor.requested = "compiled"
    random = np.random.default_rng(0)
    x = random.normal(size=(batch, 5, 3)).astype("float32")
    state = random.normal(size=(batch, units)).astype("float32")
    mask = random.random((batch, 5)) < 0.7
    rows = batch if known else None
    signature = [
        tf.TensorSpec((rows, 5, 3)),
        tf.TensorSpec((rows, units)),
        tf.TensorSpec((rows, 5), "bool"),
    ]
    results = []
    for layer in (simple, explained):

        @tf.function(input_signature=signature)
        def step(x, state, mask, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch([x, state])
                output = layer(x, initial_state=state, mask=mask, training=True)
                loss = curved(output)
            sources = [x, state, *[w.value for w in layer.trainable_weights]]
            return [output, *tape.gradient(loss, sources)]

        results.append(step(x, state, mask))
    for theirs, ours in zip(*results, strict=True):
        assert_same(ours, theirs, 1e-5)


def test_a_batch_is_not_halved_if_the_activation_may_mix_its_sequences():
    def centred(z):
        return tf.tanh(z - tf.reduce_mean(z, 0) / 2)

    batch, units = backend.LEAST_BATCH_TO_HALVE, backend.LEAST_UNITS_TO_HALVE
    simple, explained = twins(units, 3, batch, execution="compiled", activation=centred)
    x = np.random.default_rng(0).normal(size=(batch, 5, 3)).astype("float32")
    assert_same(tf.function(explained)(x), tf.function(simple)(x), 1e-5)


def test_what_is_worth_halving_is_a_large_batch_in_a_graph_outside_of_xla():
    answers = []

    def ask(batch, units, **options):
        shapes = [(batch, 4, 3), (3, units), (units, units), (units,), (batch, units)]

        @tf.function(**options)
        def call():
            answers.append(worth_halving(Inputs(*map(tf.zeros, shapes))))

        call()

    ask(64, 256)
    ask(64, 256, jit_compile=True)
    ask(4, 256)
    ask(64, 8)
    assert answers == [True, False, False, False]
    shapes = [(64, 4, 3), (3, 256), (256, 256), (256,), (64, 256)]
    assert not worth_halving(Inputs(*map(tf.zeros, shapes)))


@pytest.mark.parametrize(
    ("batch", "time", "expected"),
    [
        (32, 1000, False),
        (32, 100_000, True),
        (None, 100_000, True),  # as if it were 32
        (None, 1000, False),
        (32, None, False),
        (LEAST_BYTES_TO_SEGMENT, 1, False),  # nothing to cut
    ],
)
def test_what_is_worth_segmenting_is_much_of_a_known_length(batch, time, expected):
    shapes = [(batch, time, 3), (3, 16), (16, 16), (16,), (batch, 16)]

    @tf.function(input_signature=[tf.TensorSpec(shape) for shape in shapes])
    def call(*arrays):
        assert worth_segmenting(Inputs(*arrays)) is expected
        return 0

    call.get_concrete_function()


def test_truncated_bptt_is_not_cut_into_segments(monkeypatch):
    monkeypatch.setattr(backend, "LEAST_BYTES_TO_SEGMENT", 0)
    plain, compiled = (
        ExplainedRNN(3, truncate_bptt=2, seed=1, execution=way) for way in ("plain", "compiled")
    )
    plain.build((4, 6, 2))
    compiled.build((4, 6, 2))
    compiled.set_weights(plain.get_weights())
    x = np.random.default_rng(0).normal(size=(4, 6, 2)).astype("float32")
    assert_same_behaviour(compiled, plain, x)


def test_segments_can_be_differentiated_twice(monkeypatch):
    monkeypatch.setattr(backend, "LEAST_BYTES_TO_SEGMENT", 0)
    simple, explained = twins(3, 2, 4)
    explained._executor.requested = "compiled"
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32"))
    seconds = []
    for layer in (simple, explained):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = curved(layer(x))
            recurrent_kernel = layer.trainable_weights[1].value
            first = inner.gradient(loss, recurrent_kernel)
            size = tf.reduce_sum(first**2)
        seconds.append(outer.gradient(size, recurrent_kernel))
    assert_same(*seconds[::-1], 1e-4)


def sized(batch, time, features=3, units=16, dtype="float32"):
    """`Inputs` of zeros, or with `None` for a size not known, as in a graph."""
    shapes = [(batch, time, features), (features, units), (units, units), (units,), (batch, units)]
    answers = []

    def of(function):
        @tf.function(input_signature=[tf.TensorSpec(shape, dtype) for shape in shapes])
        def call(*arrays):
            answers.append(function(Inputs(*arrays)))
            return 0

        call.get_concrete_function()
        return answers[-1]

    return of


@pytest.mark.parametrize("batch", [32, None])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64"])
def test_time_is_cut_from_where_the_states_take_so_many_bytes(batch, dtype):
    just = LEAST_BYTES_TO_SEGMENT // (32 * 16 * tf.as_dtype(dtype).size)
    assert sized(batch, just, dtype=dtype)(worth_segmenting) is True
    assert sized(batch, just - 1, dtype=dtype)(worth_segmenting) is False


def test_two_time_steps_can_be_cut_and_one_can_not():
    assert sized(LEAST_BYTES_TO_SEGMENT, 2)(worth_segmenting) is True
    assert sized(LEAST_BYTES_TO_SEGMENT, 1)(worth_segmenting) is False


def test_a_batch_is_halved_from_where_it_and_the_layer_are_large_enough():
    batch, units = backend.LEAST_BATCH_TO_HALVE, backend.LEAST_UNITS_TO_HALVE
    assert sized(batch, 4, units=units)(worth_halving)
    assert sized(None, 4, units=units)(worth_halving)
    assert not sized(batch - 1, 4, units=units)(worth_halving)
    assert not sized(batch, 4, units=units - 1)(worth_halving)


def numbered(batch, time, masked, dropped):
    """`Inputs` in which no two rows and time steps are alike."""
    x = tf.reshape(tf.range(batch * time * 2.0), (batch, time, 2))
    rows = tf.reshape(tf.range(batch * 3.0), (batch, 3))
    mask = x[..., :1] % 3 < 2 if masked else None
    zeros = tf.zeros((2, 3)), tf.zeros((3, 3)), None
    return Inputs(x, *zeros, rows, mask, rows + 1 if dropped else None)


def assert_same_or_none(actual, expected):
    """States, `None` where only the last are asked for, and the last."""
    assert (actual[0] is None) == (expected[0] is None)
    for ours, theirs in zip(actual, expected, strict=True):
        if theirs is not None:
            assert_same(ours, theirs, 0)


@given(
    batch=st.integers(2, 7),
    time=st.integers(1, 3),
    masked=st.booleans(),
    dropped=st.booleans(),
    all_states=st.booleans(),
)
def test_each_half_of_a_batch_goes_with_what_belongs_to_it(
    batch, time, masked, dropped, all_states
):
    sizes = []

    def program(inputs):
        sizes.append(inputs.x.shape[0])
        last = inputs.initial_state * (1 if inputs.dropout_mask is None else inputs.dropout_mask)
        shown = inputs.x if inputs.mask is None else tf.where(inputs.mask, inputs.x, -1.0)
        return shown if all_states else None, last

    inputs = numbered(batch, time, masked, dropped)
    states, last = backend.in_halves(program, inputs)
    assert sizes == [batch // 2, batch - batch // 2]
    assert_same_or_none((states, last), program(inputs))


@given(
    batch=st.integers(1, 3),
    time=st.integers(2, 7),
    masked=st.booleans(),
    all_states=st.booleans(),
)
def test_each_segment_of_time_starts_where_the_one_before_ended(batch, time, masked, all_states):
    lengths = []

    def program(inputs):
        """Sums over time, as a layer without kernels."""
        lengths.append(inputs.x.shape[1])
        x = inputs.x if inputs.mask is None else tf.where(inputs.mask, inputs.x, 0.0)
        sums = tf.cumsum(tf.reduce_sum(x, -1, keepdims=True), axis=1)
        states = inputs.initial_state[:, None] + sums
        return states if all_states else None, states[:, -1]

    inputs = numbered(batch, time, masked, dropped=True)
    states, last = backend.in_segments(program, inputs)
    assert lengths == [time - time // 2, time // 2]
    assert_same_or_none((states, last), program(inputs))


def test_what_was_cut_leaves_the_rest_alone():
    inputs = numbered(4, 3, masked=False, dropped=False)
    pieces = backend.cut(inputs, ("x", "mask"), [1, 2], axis=1)
    assert [piece.x.shape for piece in pieces] == [(4, 1, 2), (4, 2, 2)]
    for piece in pieces:
        assert piece.mask is None
        for name in ("kernel", "recurrent_kernel", "initial_state"):
            assert getattr(piece, name) is getattr(inputs, name)


def test_a_program_admits_the_sizes_that_came_first():
    program = Program(keras.activations.tanh, False, None, "compiled")
    sizes = [(2, time) for time in range(1, backend.MOST_SIZES + 3)]
    for _ in range(2):
        admitted = [program.admits(*size) for size in sizes]
        assert admitted == [True] * backend.MOST_SIZES + [False] * 2
    assert not program.admits(1, 2)


@pytest.mark.parametrize("all_states", [False, True])
@pytest.mark.parametrize(
    ("time", "written_out"), [(None, False), (1, True), (32, True), (33, False)]
)
def test_what_is_differentiated_again_is_the_same_with_short_loops_written_out(
    time, written_out, all_states
):
    program = Program(keras.activations.relu, all_states, 3, "compiled")
    again = program.to_differentiate(time)
    assert again.activation is keras.activations.relu
    assert (again.all_states, again.truncate_bptt, again.way) == (all_states, 3, "autodiff")
    assert (again.scan is unrolled_scan) is written_out


def test_a_loss_has_gradients_at_the_outputs_of_the_calls_that_are_chosen():
    x = tf.constant([1.0, 2.0])

    def run(watch):
        one, other = watch(x * 1, x * 2)
        call = SimpleNamespace(states=one, last_state=other)
        unseen = SimpleNamespace(states=x, last_state=x)
        return tf.reduce_sum(one**2), {"one": call, "unseen": unseen, "left out": None}

    value, chosen, gradients = backend.upstream_gradients(
        run, lambda calls: {path: call for path, call in calls.items() if call is not None}
    )
    assert_same(value, 5.0, 0)
    assert list(chosen) == list(gradients) == ["one", "unseen"]
    assert_same(gradients["one"][0], [2.0, 4.0], 0)
    assert gradients["one"][1] is None
    assert gradients["unseen"] == (None, None)


def test_a_loss_has_gradients_with_respect_to_arrays_by_name():
    arrays = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0]), "unused": np.ones(3)}
    value, other, gradients = backend.value_and_gradients(
        lambda tensors: (tf.reduce_sum(tensors["a"] ** 2 * tensors["b"]), "besides"), arrays
    )
    assert_same(value, 19.0, 0)
    assert other == "besides"
    assert gradients.keys() == arrays.keys()
    assert_same(gradients["a"], 2 * arrays["a"] * arrays["b"], 0)
    assert_same(gradients["b"], arrays["a"] ** 2, 0)
    assert_same(gradients["unused"], np.zeros(3), 0)


def test_numbers_are_there_but_in_a_graph():
    assert backend.has_numbers(tf.zeros(2))
    in_graph = []
    tf.function(lambda x: in_graph.append(backend.has_numbers(x)) or x)(tf.zeros(2))
    assert in_graph == [False]


def test_what_is_required_is_said_where_it_does_not_hold():
    x = tf.constant([1.0, 2.0])
    assert_same(backend.require(tf.constant(True), "why", x), x, 0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="why"):
        backend.require(tf.constant(False), "why", x)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("any_size", [False, True])
def test_a_function_becomes_a_graph_of_any_size_or_of_each(compiled, any_size):
    def add(x, y):
        assert not tf.executing_eagerly()
        return x + y

    graph = backend.as_graph(add, compiled, any_size)
    for size in (1, 2, 3, 4, 5, 6):
        assert_same(graph(tf.ones(size), tf.ones(size)), np.full(size, 2.0), 0)
    assert graph.experimental_get_tracing_count() == (2 if any_size else 6)
    assert graph._jit_compile is compiled
