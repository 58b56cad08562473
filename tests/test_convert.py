"""Models converted to `ExplainedRNN` and back do what the original does, and leave it alone."""

import random
from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from keras_rnn_explained import ExplainedRNN, recurrent_layers, swap, swap_back
from tests.comparison import TOLERANCE, assert_same
from tests.test_layer_in_models import MODELS, X, Y, padded
from tests.twins import behaviour

pytestmark = pytest.mark.filterwarnings(
    # Keras warns of what these models do on purpose: flatten a mask away, take a lambda.
    "ignore:Layer 'flatten",
    "ignore:The object being serialized includes a `lambda`",
)

# On JAX a training step of one's own has other arguments, and SimpleRNN fails in float64.
not_on_jax = pytest.mark.backend("tensorflow", "torch")
ON_JAX = keras.backend.backend() == "jax"
WIDE = "float32" if ON_JAX else "float64"

SimpleRNN = layers.SimpleRNN
SGD = keras.optimizers.SGD


def doubled_tanh(x):
    return ops.tanh(2 * x)


def half_sized(shape, dtype=None):
    return keras.random.normal(shape, dtype=dtype, seed=4) / 2


def trained(model, optimizer="adam", x=X, y=Y, **compiled):
    """The model after a few steps, so that optimizer, seeds and states are no longer fresh."""
    model.compile(optimizer, **{"loss": "mse", "metrics": ["mae"], **compiled})
    fitted(model, x, y)
    return model


def fitted(model, x=X, y=Y, epochs=1):
    keras.utils.set_random_seed(3)  # torch draws dropout masks from its global generator
    return model.fit(x, y, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history


def everything_in(model, metrics=True):
    """All numbers of a model that something could change, by place."""
    variables = [*model.variables, *model.optimizer.variables]
    variables += model.metrics_variables if metrics else []
    for layer in recurrent_layers(model).values():
        variables += [*(layer.states or [])]
    return [*map(ops.convert_to_numpy, variables)]


def assert_go_on_the_same(model, *copies, x=X, y=Y):
    """Three steps of training are the same, leave the same behind, and change only one model."""
    before = everything_in(model)
    for one in copies:
        assert_equal(everything_in(one), before)
    histories = [fitted(one, x, y, epochs=3) for one in copies]
    assert_equal(everything_in(model), before)
    expected = fitted(model, x, y, epochs=3)
    for one, history in zip(copies, histories, strict=True):
        assert history.keys() == expected.keys()
        for name, values in expected.items():
            assert_same(history[name], values, 1e-5, name)
        # The sums of Keras's metrics weigh a batch by its size if the graph happens to know it, and
        # else by 1; their results, which are in the histories, are the same.
        pairs = zip(
            everything_in(one, metrics=False), everything_in(model, metrics=False), strict=True
        )
        for place, pair in enumerate(pairs):
            assert_same(*pair, 1e-4, f"variable {place}")


def assert_equal(actual, expected):
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def kinds(model):
    return {type(layer) for layer in recurrent_layers(model).values()}


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_training_goes_on_with_the_same_numbers_there_and_back(make):
    model = trained(make(SimpleRNN), x=padded(X))
    swapped = swap(model)
    assert kinds(swapped) == {ExplainedRNN}
    back = swap_back(swapped)
    assert kinds(back) == {SimpleRNN}
    for other in (swapped, back):
        assert type(other) is type(model)
        assert list(recurrent_layers(other)) == list(recurrent_layers(model))
    assert [one.path for one in back.variables] == [one.path for one in model.variables]
    assert_go_on_the_same(model, swapped, back, x=padded(X))


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "activation": st.sampled_from(["relu", None, doubled_tanh, lambda x: x / 2]),
        "use_bias": st.just(False),
        "kernel_initializer": st.sampled_from([half_sized, keras.initializers.RandomUniform()]),
        "recurrent_initializer": st.just("identity"),
        "bias_initializer": st.just("ones"),
        "kernel_regularizer": st.just("l2"),
        "recurrent_regularizer": st.sampled_from([keras.regularizers.L1(0.1)]),
        "bias_regularizer": st.just("l1"),
        "kernel_constraint": st.just("non_neg"),
        "recurrent_constraint": st.just("unit_norm"),
        "bias_constraint": st.just("max_norm"),
        "dropout": st.just(0.4),
        "recurrent_dropout": st.just(0.3),
        "return_sequences": st.just(True),
        "return_state": st.just(True),
        "go_backwards": st.just(True),
        "stateful": st.just(True),
        "unroll": st.just(True),
        "zero_output_for_mask": st.just(True),
        "seed": st.just(7),
        "trainable": st.just(False),
        "dtype": st.sampled_from(
            [
                "float16" if ON_JAX else "float64",
                "mixed_float16",
                keras.DTypePolicy("mixed_bfloat16"),
            ]
        ),
        "name": st.just("recurrent"),
    },
)


@settings(max_examples=4 if ON_JAX else 10)
@given(options=OPTIONS, drawn=st.integers(0, 2))
def test_a_layer_with_any_options_does_the_same_and_would_draw_the_same_next(options, drawn):
    simple = SimpleRNN(4, **options)
    for _ in range(drawn + 1):
        simple(X, training=True)
    explained = swap(simple)
    assert type(explained) is ExplainedRNN
    config = simple.get_config()
    assert config.items() <= explained.get_config().items()
    assert [one.path for one in explained.weights] == [
        one.path.replace("/simple_rnn_cell", "") for one in simple.weights
    ]
    assert [one.trainable for one in explained.weights] == [one.trainable for one in simple.weights]
    back = swap_back(explained)
    assert back.get_config() == config
    for training in (True, False):
        expected = behaviour(simple, X, training=training)
        tolerance = 0.1 if "16" in str(options.get("dtype")) else TOLERANCE["float32"]
        for layer in (explained, back):
            actual = behaviour(layer, X, training=training)
            assert actual.keys() == expected.keys()
            for name, value in actual.items():
                value, theirs = (ops.cast(one, "float64") for one in (value, expected[name]))
                assert_same(value, theirs, tolerance, name)


def two_inputs_and_outputs():
    sequences, other = keras.Input((6, 3), name="sequences"), keras.Input((2,), name="other")
    states = SimpleRNN(4, return_sequences=True)(sequences)
    last = SimpleRNN(4)(states, initial_state=layers.Dense(4)(other))
    outputs = {"last": layers.Dense(2, name="last")(last), "first": layers.Dense(2)(states[:, 0])}
    return keras.Model({"sequences": sequences, "other": other}, outputs)


def test_several_inputs_and_outputs_train_on_with_their_losses_and_weights():
    def own_loss(true, predicted):
        return ops.mean(keras.ops.abs(true - predicted) ** 3, axis=-1)

    x, y = {"sequences": X, "other": Y}, {"last": Y, "first": 2 * Y}
    model = trained(
        two_inputs_and_outputs(),
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.1, 9), clipnorm=1.0),
        x,
        y,
        loss={"last": own_loss, "first": lambda true, predicted: (true - predicted) ** 2},
        loss_weights={"last": 0.3, "first": 2.0},
        metrics={"last": [own_loss, keras.metrics.RootMeanSquaredError()]},
        weighted_metrics={"first": "mae"},
    )
    assert_go_on_the_same(model, swap(model), x=x, y=y)


def encoder():
    backward = SimpleRNN(4, activation=doubled_tanh, go_backwards=True, return_sequences=True)
    forward = SimpleRNN(4, return_sequences=True)
    return keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.Bidirectional(forward, backward_layer=backward),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
        ],
        name="encoder",
    )


def test_nested_models_keep_paths_statistics_and_seeds():
    shared = encoder()
    x = keras.Input((6, 3))
    head = keras.Sequential([SimpleRNN(3, name="top"), layers.Dense(2)], name="head")
    model = keras.Model(x, head(shared(x) + shared(2 * x)))
    model.get_layer("encoder").layers[1].trainable = False
    trained(model)
    swapped = swap(model)
    assert list(recurrent_layers(swapped)) == list(recurrent_layers(model))
    assert "encoder/bidirectional" in next(iter(recurrent_layers(swapped)))
    assert [one.path for one in swapped.trainable_variables] == [
        one.path.replace("/simple_rnn_cell", "") for one in model.trainable_variables
    ]
    assert_go_on_the_same(model, swapped)


def test_a_layer_shared_by_nested_models_stays_one_layer():
    rnn = SimpleRNN(4, return_sequences=True)
    one = keras.Sequential([keras.Input((6, 3)), rnn], name="one")
    x = keras.Input((6, 3))
    two = keras.Model(x, rnn(x) * 2, name="two")
    model = trained(keras.Model(x, layers.Dense(2)((one(x) + two(x) + rnn(x))[:, -1])))
    swapped = swap(model)
    assert swapped.get_layer("one").layers[0] is swapped.get_layer("two").layers[1]
    assert len(swapped.weights) == len(model.weights) == 5
    assert_go_on_the_same(model, swapped)


def test_a_model_that_is_part_of_another_is_converted_without_it():
    part = encoder()
    keras.Model(part.inputs, SimpleRNN(2, name="above")(part.outputs[0]))
    swapped = swap(part)
    assert_same(swapped(X), part(X), 1e-6)
    assert not swapped.layers[-1]._outbound_nodes


class Subclassed(keras.Model):
    """No configuration, layers in lists and dicts, a tracker and a training step of its own."""

    def __init__(self):
        super().__init__()
        self.blocks = [SimpleRNN(4, return_sequences=True, dropout=0.2) for _ in range(2)]
        self.heads = {"regression": {"dense": layers.Dense(2)}}
        self.again = self.blocks[0]
        self.call_it = lambda x, **keywords: self.blocks[1](x, **keywords)
        self.apply_head = self._apply_head
        self.tracker = keras.metrics.Mean(name="own")
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def _apply_head(self, x):
        return self.heads["regression"]["dense"](x)

    def call(self, x, training=False):
        x = self.call_it(self.again(x, training=training), training=training)
        return self.apply_head(x[:, -1]) * self.scale

    def train_step(self, data):
        logs = super().train_step(data)
        self.tracker.update_state(self.scale)
        return {**logs, "own": self.tracker.result()}


class OwnWrapper(layers.Layer):
    """Holds its layer's configuration, as wrappers do, and an object that holds the layer."""

    def __init__(self, layer, **keywords):
        super().__init__(**keywords)
        self.layer = layer
        self.saved = keras.saving.serialize_keras_object(layer)
        self.caller = Caller(layer)

    def build(self, shape):
        self.layer.build(shape)

    def call(self, x):
        return self.caller(x)

    def get_config(self):
        return {**super().get_config(), "layer": self.saved}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("layer")), **config)


class Caller:
    def __init__(self, layer):
        self.layer = layer

    def __call__(self, x):
        return self.layer(x)


class FunctionalSubclass(keras.Model):
    def __init__(self, units):
        x = keras.Input((6, 3))
        self_made = SimpleRNN(units)
        super().__init__(x, layers.Dense(2)(self_made(x)))
        self.units = units
        self.rnn = self_made

    def train_step(self, data):
        return {**super().train_step(data), "units": self.units}

    def get_config(self):
        return {"units": self.units}


def of_wrapper():
    return keras.Sequential([keras.Input((6, 3)), OwnWrapper(SimpleRNN(4)), layers.Dense(2)])


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(Subclassed, marks=not_on_jax),
        of_wrapper,
        pytest.param(lambda: FunctionalSubclass(4), marks=not_on_jax),
    ],
)
def test_classes_of_ones_own_are_converted_with_all_they_hold(make):
    model = trained(make())
    swapped = swap(model)
    assert type(swapped) is type(model)
    assert kinds(swapped) == {ExplainedRNN}
    assert_go_on_the_same(model, swapped, swap_back(swapped))


def test_attributes_lead_to_the_new_layers():
    model = swap(FunctionalSubclass(4))
    assert model.rnn is model.layers[1]
    wrapper = swap(of_wrapper()).layers[0]
    assert wrapper.caller.layer is wrapper.layer
    again = OwnWrapper.from_config(wrapper.get_config())
    assert type(again.layer) is ExplainedRNN
    assert type(swap_back(wrapper).from_config(swap_back(wrapper).get_config()).layer) is SimpleRNN


class Tied(keras.Model):
    """Goes on from its layer's state by the layer's own cell, which may come first or last."""

    def __init__(self, rnn, hold):
        super().__init__()
        cell = getattr(rnn, "forward_layer", rnn).cell
        hold(self, rnn, cell)
        self.head = layers.Dense(2)

    def call(self, x):
        _, [state] = self.cells[0](x[:, -1], [self.rnn(x)[:, :4]])
        return self.head(state)


def cell_first(model, rnn, cell):
    model.cells, model.rnn = [cell], rnn


def cell_last(model, rnn, cell):
    model.rnn, model.cells = rnn, [cell]


def cell_in_a_dict(model, rnn, cell):
    model.cells, model.rnn = {0: cell}, rnn


def kernel_first(model, rnn, cell):
    rnn.build(X.shape)
    model.kernels = [cell.kernel, cell.recurrent_kernel, cell.bias]
    model.cells, model.rnn = [cell], rnn


@pytest.mark.parametrize("wrap", [lambda rnn: rnn, layers.Bidirectional])
@pytest.mark.parametrize("hold", [cell_first, cell_last, cell_in_a_dict, kernel_first])
def test_a_cell_that_is_used_by_itself_stays_tied_to_its_layer(hold, wrap):
    model = trained(Tied(wrap(SimpleRNN(4)), hold))
    swapped = swap(model)
    back = swap_back(swapped)
    for one in (swapped, back):
        assert len(one.weights) == len(model.weights)
    rnn = getattr(swapped.rnn, "forward_layer", swapped.rnn)
    assert swapped.cells[0].recurrent_kernel is rnn.recurrent_kernel
    assert swapped.cells[0].seed_generator.state is rnn.seed_generator.state
    assert_go_on_the_same(model, swapped, back)


def test_a_cell_that_could_not_stay_tied_is_refused():
    with pytest.raises(ValueError, match=r"'simple_rnn_cell.*' is in several places"):
        swap(Tied(SimpleRNN(4), cell_first))


def test_a_weight_that_is_used_elsewhere_is_frozen_and_released_with_its_layer():
    model = Tied(SimpleRNN(4, trainable=False), cell_first)
    model(X)
    rnn = swap(model).rnn
    assert not rnn.trainable_weights
    rnn.trainable = True
    assert [one.name for one in rnn.trainable_weights] == ["kernel", "recurrent_kernel", "bias"]


def in_a_closure(layer):
    def call(x):
        return never if x is None else layer(x)

    if layer is None:
        never = layer  # a name that the function knows and that has no value
    return call


def called_with(layer, x):
    return layer(x)


@pytest.mark.parametrize(
    "held",
    [
        in_a_closure,
        lambda layer: lambda x, layer=layer: layer(x),
        lambda layer: partial(called_with, layer),
        lambda layer: layer.__call__,
    ],
    ids=["closure", "default", "partial", "method"],
)
def test_functions_that_hold_layers_hold_the_new_ones(held):
    rnn = SimpleRNN(2)
    x = keras.Input((6, 3))
    model = keras.Model(x, rnn(x) + layers.Lambda(held(rnn))(x))

    def loss(true, predicted):
        return ops.mean((true - predicted) ** 2) + keras.ops.sum(model.weights[0] ** 2)

    swapped = swap(trained(model, loss=loss))
    ours, theirs = (fitted(one)["loss"] for one in (swapped, model))
    assert_same(ours, theirs, 1e-5)
    before = swapped.predict(X, verbose=0)
    model.set_weights([weight * 0 for weight in model.get_weights()])
    assert_same(swapped.predict(X, verbose=0), before, 0)


@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("float64", marks=not_on_jax)])
def test_mixed_precision_goes_on_with_its_loss_scale(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = trained(
            keras.Sequential([keras.Input((6, 3)), SimpleRNN(4), layers.Dense(2)]), SGD(0.05)
        )
        swapped = swap(model)
    finally:
        keras.config.set_dtype_policy(before)
    assert swapped.layers[0].dtype_policy.name == policy
    ours, theirs = (fitted(one, epochs=3)["loss"] for one in (swapped, model))
    assert_same(ours, theirs, 5e-3 if policy == "mixed_float16" else 1e-6)


def test_a_frozen_layer_stays_frozen():
    model = keras.Sequential([keras.Input((6, 3)), SimpleRNN(4), SimpleRNN(4), layers.Dense(2)][:2])
    model.add(layers.Dense(2))
    model.layers[0].trainable = False
    for other in (swap(model), swap_back(swap(model))):
        assert not other.layers[0].trainable
        assert len(other.trainable_weights) == 2
        other.layers[0].trainable = True
        assert len(other.trainable_weights) == 5


@pytest.mark.parametrize("wrap", [layers.Bidirectional, lambda layer: layer])
def test_layers_that_are_not_built_are_converted_and_then_make_the_same_weights(wrap):
    options = {"kernel_initializer": keras.initializers.GlorotUniform(seed=5)}
    options |= {"recurrent_initializer": keras.initializers.Orthogonal(seed=6)}
    layer = wrap(SimpleRNN(4, **options))
    swapped, back = swap(layer), swap_back(swap(layer))
    assert not swapped.built
    for one in (swapped, back):
        assert_same(one(X), layer(X), 1e-6)
    model = keras.Sequential([SimpleRNN(4, **options), layers.Dense(2)])
    model.compile("adam", "mse")
    assert not swap(model).built
    assert_same(swap(model).layers[0](X), model.layers[0](X), 1e-6)


def test_random_generators_are_left_as_they_are():
    model = trained(MODELS[0](SimpleRNN))
    keras.utils.set_random_seed(5)
    expected = random.random(), np.random.random(), keras.random.uniform(())
    keras.utils.set_random_seed(5)
    swap_back(swap(model))
    assert (random.random(), np.random.random(), keras.random.uniform(())) == expected


def test_a_converted_model_can_be_saved_cloned_and_compiled_anew(tmp_path):
    x = keras.Input((6, 3))
    model = trained(keras.Model(x, layers.Dense(2)(layers.Bidirectional(SimpleRNN(4))(x))))
    swapped = swap(model)
    swapped.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_equal(loaded.get_weights(), swapped.get_weights())
    assert_same(fitted(loaded)["loss"], fitted(swapped)["loss"], 1e-6)
    swapped.save_weights(tmp_path / "model.weights.h5")
    clone = keras.models.clone_model(swapped)
    clone.load_weights(tmp_path / "model.weights.h5")
    assert_same(clone(X), swapped(X), 1e-6)
    for one in (swapped, loaded):
        one.compile(SGD(0.1), "mae")
    assert_same(fitted(swapped)["loss"], fitted(loaded)["loss"], 1e-6)


@pytest.mark.backend("tensorflow")
def test_tensorflow_checkpoints_of_the_copy_are_of_the_copy(tmp_path):
    import tensorflow as tf

    model = trained(MODELS[0](SimpleRNN))
    swapped = swap(model)
    expected = swapped.get_weights(), [*map(ops.convert_to_numpy, swapped.optimizer.variables)]
    path = tf.train.Checkpoint(model=swapped).save(tmp_path / "checkpoint")
    fitted(swapped)
    tf.train.Checkpoint(model=swapped).restore(path)
    assert_equal(swapped.get_weights(), expected[0])
    assert_equal(swapped.optimizer.variables, expected[1])


@pytest.mark.backend("tensorflow")
def test_a_model_that_has_predicted_and_evaluated_is_converted_there_and_back(tmp_path):
    import tensorflow as tf

    inner = keras.Sequential([keras.Input((3, 2)), SimpleRNN(4, name="rnn")], name="inner")
    x = np.ones((2, 3, 2), "float32")
    inner.predict(x, verbose=0)
    model = keras.Sequential([keras.Input((3, 2)), inner, layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x, x[:, 0, :1], verbose=0)
    model.evaluate(x, x[:, 0, :1], verbose=0)
    expected = model.predict(x, verbose=0)
    for convert in (swap, swap_back, swap):
        model = convert(model)
        assert_same(model.predict(x, verbose=0), expected, 1e-5)
        tf.train.Checkpoint(model).save(tmp_path / "checkpoint")


def test_an_explained_layer_beside_is_copied_and_runs_for_itself():
    explained = ExplainedRNN(4, activation=layers.ELU(), return_sequences=True, truncate_bptt=2)
    model = keras.Sequential([keras.Input((6, 3)), explained, SimpleRNN(4), layers.Dense(2)])
    trained(model)
    last = explained.execution
    swapped = swap(model)
    assert swapped.layers[0].truncate_bptt == 2
    assert swapped.layers[0].execution is None
    assert_go_on_the_same(model, swapped)
    assert swapped.layers[0].activation is not explained.activation
    assert explained.execution == last


def test_execution_is_left_out_on_the_way_back():
    assert type(swap_back(ExplainedRNN(2, execution="plain"))) is SimpleRNN


class Tweaked(SimpleRNN):
    pass


class TweakedExplained(ExplainedRNN):
    pass


def in_model(*stack):
    return keras.Sequential([keras.Input((6, 3)), *stack], name="model")


Cell = layers.SimpleRNNCell


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: in_model(layers.Dense(2)), "no SimpleRNN in 'model'.*Dense"),
        (lambda: layers.LSTM(2, name="own"), "no SimpleRNN in 'own', which is an LSTM"),
        (lambda: in_model(ExplainedRNN(2)), "no SimpleRNN in 'model'.*ExplainedRNN"),
        (
            lambda: in_model(layers.RNN(Cell(2, name="cell"), name="rnn")),
            "'rnn/cell' is a SimpleRNNCell outside",
        ),
        (
            lambda: in_model(
                SimpleRNN(2, return_sequences=True), layers.RNN([Cell(2, name="a"), Cell(2)])
            ),
            "stacked_rnn_cells.*/a' is a SimpleRNNCell.*; '.*' is a SimpleRNNCell",
        ),
        (
            lambda: layers.TimeDistributed(Tweaked(2, name="rnn")),
            "'rnn' is a Tweaked, a subclass of SimpleRNN",
        ),
    ],
)
def test_what_cannot_be_swapped_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        swap(make())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: in_model(SimpleRNN(2)), "no ExplainedRNN in 'model'.*SimpleRNN"),
        (lambda: TweakedExplained(2, name="rnn"), "'rnn' is a TweakedExplained"),
        (
            lambda: in_model(ExplainedRNN(2, truncate_bptt=3, name="rnn")),
            "'rnn' has truncate_bptt=3",
        ),
        (
            lambda: ExplainedRNN(2, activity_regularizer="l2", name="rnn"),
            "'rnn' has an activity_regularizer",
        ),
    ],
)
def test_what_cannot_be_swapped_back_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        swap_back(make())


@pytest.mark.parametrize("convert", [swap, swap_back])
def test_only_a_model_or_layer_can_be_converted(convert):
    with pytest.raises(TypeError, match="must be a Keras model or layer, got a str"):
        convert("model.keras")


NOTEBOOK = """
import keras
from keras import layers, ops

rnn = layers.SimpleRNN(4, name="rnn")
model = keras.Sequential([keras.Input((6, 3)), rnn, layers.Dense(2)], name="model")
optimizer = keras.optimizers.SGD(0.1)
encoder = keras.Model(model.inputs, rnn.output, name="encoder")
held = {"layers": [rnn]}


class Holder:
    model = None  # an attribute, not the global of this name


def penalty():
    return ops.sum(rnn.cell.recurrent_kernel ** 2)


def decorated(function):
    return lambda *arguments: function(*arguments)


class OwnLoss(keras.losses.Loss):
    def call(self, true, predicted):
        return ops.mean(model.weights[0])


class PlainLoss:
    def __call__(self, true, predicted):
        return ops.mean(model.weights[0])
"""


def in_a_notebook(code):
    """The globals of cells in which a model is made, and then compiled by the given code."""
    cells = {"__name__": "__main__"}
    exec(NOTEBOOK, cells)
    exec(code, cells)
    return cells


@pytest.mark.parametrize(
    ("loss", "function", "name"),
    [
        ("lambda t, p: ops.sum(model.weights[0])", "<lambda>", "model"),
        ("lambda t, p: sum(ops.sum(w) for w in rnn.weights)", "<lambda>", "rnn"),
        ("lambda t, p: ops.mean(t - p) * optimizer.learning_rate", "<lambda>", "optimizer"),
        ("lambda t, p: ops.sum(encoder.weights[0])", "<lambda>", "encoder"),
        ("lambda t, p: ops.sum(held['layers'][0].weights[0])", "<lambda>", "held"),
        ("lambda t, p: ops.mean(t - p) + penalty()", "penalty", "rnn"),
        ("decorated(lambda t, p: ops.sum(model.weights[0]))", "<lambda>", "model"),
        ("OwnLoss()", "OwnLoss.call", "model"),
        ("PlainLoss()", "PlainLoss.__call__", "model"),
        ("PlainLoss().__call__", "PlainLoss.__call__", "model"),
    ],
)
def test_a_function_that_reads_the_model_from_a_global_is_refused(loss, function, name):
    cells = in_a_notebook(f"model.compile(optimizer, {loss})")
    message = f"'model' can't be copied.* function '{function}' reads the global '{name}'"
    with pytest.raises(ValueError, match=message):
        swap(cells["model"])


def test_functions_that_read_other_globals_are_shared():
    cells = in_a_notebook(
        "teacher = keras.models.clone_model(model)\n"
        "weight, holder = 2.0, Holder()\n"
        "loss = lambda t, p: weight * ops.mean((t - p) ** 2) + ops.sum(teacher.weights[0])\n"
        "metric = lambda t, p: ops.mean(t) if holder.model is None else ops.mean(p)\n"
        "model.compile(optimizer, loss, metrics=[metric])"
    )
    swapped = swap(cells["model"])
    assert swapped.loss is cells["loss"]
    ours, theirs = (fitted(one)["loss"] for one in (swapped, cells["model"]))
    assert_same(ours, theirs, 1e-5)


class WithCompiledFunction(layers.Layer):
    def __init__(self):
        import tensorflow as tf

        super().__init__(name="compiled")
        self.rnn = SimpleRNN(2)
        self.run = tf.function(self.rnn.call)


class WithOwnNew(layers.Layer):
    def __new__(cls, rnn):
        return super().__new__(cls, rnn)

    def __init__(self, rnn):
        super().__init__(name="own")
        self.rnn = rnn


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            WithCompiledFunction,
            "'top/compiled' can't be copied, for it holds a `tf.function`",
            marks=pytest.mark.backend("tensorflow"),
        ),
        (
            lambda: WithOwnNew(SimpleRNN(2)),
            "WithOwnNew 'top/own' can't be copied.*`__new__`",
        ),
    ],
)
def test_what_cannot_be_copied_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        swap(keras.Sequential([make()], name="top"))
