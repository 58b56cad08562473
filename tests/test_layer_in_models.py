"""`ExplainedRNN` where a Keras user puts it: in models, wrappers, training and files."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_rnn_explained import ExplainedRNN
from tests.comparison import TOLERANCE, assert_same

pytestmark = [
    # Keras warns of what these models do on purpose: flatten a mask away, read a finite stream.
    pytest.mark.filterwarnings(
        "ignore:Layer 'flatten", "ignore:.shuffle=True.", "ignore:Your input"
    ),
]

BOTH = (layers.SimpleRNN, ExplainedRNN)
X = np.random.default_rng(0).normal(size=(8, 6, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(8, 2)).astype("float32")


def sequential(rnn):
    return keras.Sequential([keras.Input((6, 3)), rnn(4), layers.Dense(2)])


def functional(rnn):
    x = keras.Input((6, 3))
    states, last = rnn(4, return_sequences=True, return_state=True)(x)
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([states[:, 0], last])))


def subclassed(rnn):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = rnn(4)
            self.dense = layers.Dense(2)

        def call(self, x, training=False):
            return self.dense(self.rnn(x, training=training))

    model = Subclassed()
    model(X)
    return model


def stacked(rnn):
    return keras.Sequential(
        [keras.Input((6, 3)), rnn(4, return_sequences=True), rnn(5), layers.Dense(2)]
    )


def bidirectional(rnn, merge_mode="concat", **options):
    wrapped = layers.Bidirectional(rnn(4, **options), merge_mode=merge_mode)
    return keras.Sequential([keras.Input((6, 3)), wrapped, layers.Flatten(), layers.Dense(2)])


def bidirectional_sequences(rnn):
    return bidirectional(rnn, "sum", return_sequences=True)


def bidirectional_masked(rnn):
    wrapped = layers.Bidirectional(rnn(4, return_sequences=True), merge_mode="mul")
    return keras.Sequential(
        [keras.Input((6, 3)), layers.Masking(), wrapped, layers.Flatten(), layers.Dense(2)]
    )


def time_distributed(rnn):
    x = keras.Input((6, 3))
    return keras.Model(
        x, layers.Dense(2)(rnn(3)(layers.TimeDistributed(rnn(4))(layers.Reshape((2, 3, 3))(x))))
    )


def masked(rnn):
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.Masking(),
            rnn(4, return_sequences=True),
            rnn(4),
            layers.Dense(2),
        ]
    )


def embedded(rnn):
    tokens = layers.Lambda(lambda x: keras.ops.cast(keras.ops.abs(x[..., 0]) * 3, "int32"))
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            tokens,
            layers.Embedding(10, 5, mask_zero=True),
            rnn(4),
            layers.Dense(2),
        ]
    )


def shared(rnn):
    x = keras.Input((6, 3))
    layer = rnn(4)
    return keras.Model(x, layers.Dense(2)(layer(x) + layer(x * 2)))


def encoder_decoder(rnn):
    x = keras.Input((6, 3))
    _, state = rnn(4, return_state=True)(x)
    return keras.Model(x, layers.Dense(2)(rnn(4)(x, initial_state=state)))


def unknown_time(rnn):
    return keras.Sequential([keras.Input((None, 3)), rnn(4), layers.Dense(2)])


def unrolled(rnn):
    return keras.Sequential([keras.Input((6, 3)), rnn(4, unroll=True), layers.Dense(2)])


def dropped(rnn):
    return keras.Sequential(
        [keras.Input((6, 3)), rnn(4, dropout=0.3, recurrent_dropout=0.3, seed=1), layers.Dense(2)]
    )


def stateful(rnn):
    return keras.Sequential(
        [keras.Input(batch_shape=(4, 6, 3)), rnn(4, stateful=True), layers.Dense(2)]
    )


def regularized(rnn):
    options = {"kernel_regularizer": "l2", "recurrent_constraint": "unit_norm"}
    return keras.Sequential([keras.Input((6, 3)), rnn(4, **options), layers.Dense(2)])


MODELS = [
    sequential,
    functional,
    subclassed,
    stacked,
    bidirectional,
    bidirectional_sequences,
    bidirectional_masked,
    time_distributed,
    masked,
    embedded,
    shared,
    encoder_decoder,
    unknown_time,
    unrolled,
    dropped,
    stateful,
    regularized,
]


def pair(make):
    models = []
    for rnn in BOTH:
        keras.utils.set_random_seed(3)
        models.append(make(rnn))
    simple, explained = models
    for theirs, ours in zip(simple.weights, explained.weights, strict=True):
        assert (ours.name, ours.shape) == (theirs.name, theirs.shape)
    explained.set_weights(simple.get_weights())
    return simple, explained


def padded(x):
    x = x.copy()
    x[::2, 4:] = 0
    return x


MODES = {"tensorflow": [{}, {"jit_compile": True}, {"run_eagerly": True}]}
"""How a model is compiled; elsewhere Keras has one way in which all of these models run."""


@pytest.mark.parametrize("mode", MODES.get(keras.backend.backend(), [{}]), ids=str)
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_training_goes_the_way_of_simple_rnn(make, mode):
    if make is embedded and mode.get("jit_compile"):
        mode = {}  # TensorFlow compiles no gradient of an embedding on the CPU
    histories, weights = [], []
    for model in pair(make):
        model.compile(keras.optimizers.SGD(0.05), "mse", **mode)
        history = model.fit(padded(X), Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        histories.append(history.history["loss"])
        weights.append(model.get_weights())
    assert_same(histories[1], histories[0], TOLERANCE["float32"])
    for theirs, ours in zip(*weights, strict=True):
        assert_same(ours, theirs, 1e-4)


LOADABLE = [
    make for make in MODELS if make not in (subclassed, embedded)
]  # no lambda, no local class


@pytest.mark.parametrize("make", LOADABLE, ids=lambda make: make.__name__)
def test_a_saved_model_comes_back_the_same(make, tmp_path):
    _, model = pair(make)
    expected = model.predict(padded(X), batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert_same(again.predict(padded(X), batch_size=4, verbose=0), expected, 1e-6)


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_saved_weights_come_back_the_same(make, tmp_path):
    _, model = pair(make)
    model.save_weights(tmp_path / "model.weights.h5")
    keras.utils.set_random_seed(99)
    again = make(ExplainedRNN)
    again.load_weights(tmp_path / "model.weights.h5")
    for ours, theirs in zip(again.weights, model.weights, strict=True):
        assert_same(ours, theirs, 0)


def test_training_with_mixed_precision_and_loss_scaling_goes_the_way_of_simple_rnn():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        losses = []
        for model in pair(sequential):
            model.compile(keras.optimizers.SGD(0.05), "mse")
            history = model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0)
            losses.append(history.history["loss"])
    finally:
        keras.config.set_dtype_policy(before)
    assert_same(losses[1], losses[0], 5e-3)


def test_bidirectional_takes_and_returns_states():
    outputs = []
    for rnn in BOTH:
        keras.utils.set_random_seed(3)
        layer = layers.Bidirectional(rnn(4, return_state=True))
        states = [keras.ops.ones((8, 4)), keras.ops.ones((8, 4)) * 2]
        outputs.append(layer(X, initial_state=states))
    for theirs, ours in zip(*outputs, strict=True):
        assert_same(ours, theirs, 1e-6)


def test_a_mask_goes_on_to_the_layers_above():
    x = keras.Input((6, 3))
    for options, expected in (({"return_sequences": True}, (None, 6)), ({}, None)):
        output = ExplainedRNN(4, **options)(layers.Masking()(x))
        mask = getattr(output, "_keras_mask", None)
        assert (None if mask is None else mask.shape) == expected


def test_one_model_takes_sequences_of_any_length():
    simple, explained = pair(unknown_time)
    for time in (1, 4, 9):
        x = np.random.default_rng(time).normal(size=(3, time, 3)).astype("float32")
        assert_same(explained.predict(x, verbose=0), simple.predict(x, verbose=0), 1e-5)


def test_a_cloned_model_has_the_same_configuration_and_fresh_weights():
    model = stacked(ExplainedRNN)
    clone = keras.models.clone_model(model)
    assert [layer.units for layer in clone.layers] == [layer.units for layer in model.layers]
    kernels = [keras.ops.convert_to_numpy(one.layers[0].kernel) for one in (model, clone)]
    assert (kernels[0] != kernels[1]).any()


def test_a_frozen_layer_keeps_its_weights():
    model = sequential(ExplainedRNN)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    for place, (old, new) in enumerate(zip(before, model.get_weights(), strict=True)):
        assert np.array_equal(old, new) == (place < 3)


def test_summary_counts_the_three_parameters():
    model = sequential(ExplainedRNN)
    assert model.layers[0].count_params() == 4 * (3 + 4 + 1)


@pytest.mark.backend("tensorflow")  # Keras's other backends want batches of one shape
def test_a_model_trains_from_a_ragged_stream_of_lengths():
    import tensorflow as tf

    def batches():
        random = np.random.default_rng(0)
        for time in (3, 5, 3, 7):
            yield random.normal(size=(4, time, 3)).astype("float32"), np.ones((4, 2), "float32")

    signature = (tf.TensorSpec((4, None, 3)), tf.TensorSpec((4, 2)))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    losses = []
    for model in pair(unknown_time):
        model.compile("sgd", "mse")
        losses.append(model.fit(data, verbose=0).history["loss"])
    assert_same(losses[1], losses[0], 1e-5)


def test_a_learnable_activation_learns_as_in_simple_rnn():
    simple, explained = (
        keras.Sequential([keras.Input((6, 3)), rnn(2, activation=layers.PReLU())]) for rnn in BOTH
    )
    simple(X)  # SimpleRNN makes the activation's weight only now
    explained.set_weights(simple.get_weights())
    assert len(explained.trainable_weights) == 4
    for model in (simple, explained):
        model.compile(keras.optimizers.SGD(0.05), "mse")
        model.fit(X, Y, shuffle=False, verbose=0, epochs=2)
    for theirs, ours in zip(simple.get_weights(), explained.get_weights(), strict=True):
        assert_same(ours, theirs, 1e-5)
    assert explained.layers[0].execution.way == "autodiff"


def test_time_distributed_in_mixed_precision_gives_what_it_gives_around_simple_rnn():
    x, outputs = X.reshape(8, 2, 3, 3), []
    for rnn in BOTH:
        # TensorFlow draws no orthogonal matrix in bfloat16.
        options = {"recurrent_initializer": "zeros", "dtype": "mixed_bfloat16"}
        wrapped = layers.TimeDistributed(rnn(4, **options))
        wrapped.build(x.shape)
        wrapped.set_weights([np.full((3, 4), 0.5), np.eye(4), np.zeros(4)])
        outputs.append(keras.ops.cast(wrapped(x), "float32"))
    assert_same(outputs[1], outputs[0], TOLERANCE["bfloat16"])
