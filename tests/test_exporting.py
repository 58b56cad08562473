"""Exported models in their own runtimes, beside the layer; the page's table says the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from docs_build.on_pages.exports import FORMATS, MODELS, REFUSED
from keras_rnn_explained import ExplainedRNN, exporting
from tests.comparison import assert_same

SEQUENCES = {"return_sequences": True}


def sequential(*above, time=6, batch=None):
    return keras.Sequential([keras.Input(batch_shape=(batch, time, 3)), *above])


def with_state_returned():
    x = keras.Input((6, 3))
    return keras.Model(x, list(ExplainedRNN(4, return_state=True, **SEQUENCES)(x)))


def with_initial_state():
    x, state = keras.Input((6, 3), name="x"), keras.Input((4,), name="y")
    return keras.Model([x, state], ExplainedRNN(4, **SEQUENCES)(x, initial_state=state))


MAKE = {
    "any batch": lambda: sequential(ExplainedRNN(4, **SEQUENCES)),
    "fixed batch": lambda: sequential(ExplainedRNN(4, **SEQUENCES), batch=2),
    "any time": lambda: sequential(ExplainedRNN(4, **SEQUENCES), time=None),
    "last state": lambda: sequential(ExplainedRNN(4)),
    "bidirectional": lambda: sequential(layers.Bidirectional(ExplainedRNN(4, **SEQUENCES))),
    "stacked": lambda: sequential(ExplainedRNN(4, **SEQUENCES), ExplainedRNN(5)),
    "masked": lambda: sequential(layers.Masking(), ExplainedRNN(4, **SEQUENCES)),
    "go_backwards": lambda: sequential(ExplainedRNN(4, go_backwards=True, **SEQUENCES)),
    "return_state": with_state_returned,
    "initial_state": with_initial_state,
    "relu": lambda: sequential(ExplainedRNN(4, activation="relu", **SEQUENCES)),
    "dropout": lambda: sequential(ExplainedRNN(4, dropout=0.5, recurrent_dropout=0.5)),
    "unroll": lambda: sequential(ExplainedRNN(4, unroll=True, **SEQUENCES)),
    "stateful": lambda: sequential(ExplainedRNN(4, stateful=True), batch=2),
}


def made(name):
    model = MAKE[name]()
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=weight.shape) / 2 for weight in model.get_weights()])
    computed(model, next(batches_for(model)))  # Keras exports to ONNX only what was called before
    return model


def batches_for(model):
    """Two batches, of two sizes where the model takes any; the first ends in masked time steps."""
    rng = np.random.default_rng(1)
    for batch_and_time in ((2, 6), (3, 9)):
        x = [
            rng.normal(size=[n or batch_and_time[axis] for axis, n in enumerate(one.shape)])
            for one in model.inputs
        ]
        x[0][0, -2:] = 0
        yield [array.astype("float32") for array in x]


def computed(model, batch):
    """The outputs, as a list, for a list of inputs."""
    return keras.tree.flatten(model(batch if len(batch) > 1 else batch[0]))


# Each gives a function from a batch, a list of inputs, to a list of outputs.


def from_saved_model(path):
    served = tf.saved_model.load(path).signatures["serving_default"]
    names = sorted(served.structured_input_signature[1])

    def run(batch):
        outputs = served(**dict(zip(names, map(tf.constant, batch), strict=True)))
        return [outputs[name].numpy() for name in sorted(outputs)]

    return run


def from_litert(path):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter").Interpreter(path)

    def run(batch):
        inputs = sorted(interpreter.get_input_details(), key=lambda one: one["name"])
        for one, array in zip(inputs, batch, strict=True):
            if tuple(one["shape"]) != array.shape:
                interpreter.resize_tensor_input(one["index"], array.shape)
        interpreter.allocate_tensors()
        for one, array in zip(inputs, batch, strict=True):
            interpreter.set_tensor(one["index"], array)
        interpreter.invoke()
        outputs = sorted(interpreter.get_output_details(), key=lambda one: one["name"])
        return [interpreter.get_tensor(one["index"]) for one in outputs]

    return run


def from_onnx_file(path):
    session = pytest.importorskip("onnxruntime").InferenceSession(path)
    names = [one.name for one in session.get_inputs()]
    return lambda batch: session.run(None, dict(zip(names, batch, strict=True)))


RUNTIMES = {"SavedModel": from_saved_model, "LiteRT": from_litert, "ONNX": from_onnx_file}


def exported(model, target, folder):
    if target == "ONNX":
        pytest.importorskip("tf2onnx")
    path = str(folder / {"SavedModel": "saved", "LiteRT": "m.tflite", "ONNX": "m.onnx"}[target])
    model.export(path, format=FORMATS[target], verbose=False)
    return RUNTIMES[target](path)


def assert_same_outputs(run, model):
    for batch in batches_for(model):
        for ours, theirs in zip(run(batch), computed(model, batch), strict=True):
            assert_same(ours, theirs, 1e-5)


def test_the_table_on_the_page_has_the_models_that_are_tested():
    assert list(MAKE) == list(MODELS)
    assert list(RUNTIMES) == list(FORMATS)


@pytest.mark.slow
@pytest.mark.parametrize("target", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_what_is_exported_computes_what_the_layer_does(name, target, tmp_path):
    model = made(name)
    if (name, target) in REFUSED:
        with pytest.raises(ValueError, match=r"nothing in an ONNX file is kept.*`initial_state`"):
            exported(model, target, tmp_path)
        assert not list(tmp_path.iterdir())
        return
    run = exported(model, target, tmp_path)
    assert_same_outputs(run, model)
    rnn = next(layer for layer in model._flatten_layers() if isinstance(layer, ExplainedRNN))
    assert rnn.execution.way != "exported"  # that was in the export alone


def test_layers_say_what_they_were_exported_to(tmp_path):
    model = made("any batch")
    model.export(tmp_path, verbose=False)
    assert str(model.layers[0].execution) == "exported: the model is exported to a SavedModel"
    assert b"_XlaMustCompile" not in (tmp_path / "saved_model.pb").read_bytes()


def test_a_compiled_layer_stays_so_in_a_saved_model_and_nowhere_else(tmp_path):
    model = sequential(ExplainedRNN(4, execution="compiled", **SEQUENCES))
    for target, way in {"SavedModel": "compiled", "LiteRT": "exported"}.items():
        run = exported(model, target, tmp_path)
        assert model.layers[0].execution.way == way
        assert_same_outputs(run, model)


def by_tf2onnx(model, folder):
    tf2onnx = pytest.importorskip("tf2onnx")
    pytest.importorskip("keras.src.export.tf2onnx_lib").patch_tf2onnx()
    signature = [tf.TensorSpec((None, 6, 3), "float32")]
    path = str(folder / "m.onnx")
    tf2onnx.convert.from_function(tf.function(model), signature, output_path=path)
    return from_onnx_file(path)


def by_the_converter(model, folder):
    (folder / "m.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    return from_litert(str(folder / "m.tflite"))


def by_saved_model(model, folder):
    tf.saved_model.save(model, str(folder))
    return from_saved_model(str(folder))


@pytest.mark.slow
@pytest.mark.parametrize("export", [by_tf2onnx, by_the_converter, by_saved_model])
def test_exporters_other_than_keras_are_known_too(export, tmp_path):
    model = made("bidirectional")
    assert_same_outputs(export(model, tmp_path), model)


def test_nothing_else_is_taken_for_an_export(tmp_path):
    assert exporting.target() is None
    assert tf.function(exporting.target, autograph=False)() is None
    model = made("any batch")
    model.compile("sgd", "mse")
    x = np.zeros((2, 6, 3), "float32")
    model.fit(x, np.zeros((2, 6, 4), "float32"), verbose=0)
    model.save(tmp_path / "model.keras")
    assert model.layers[0].execution.way == "compiled"


def test_what_is_served_can_be_differentiated(tmp_path):
    model = made("any batch")
    model.export(tmp_path, verbose=False)
    served = tf.saved_model.load(tmp_path)
    x = tf.constant(next(batches_for(model))[0])
    gradients = []
    for call in (model, served.serve):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.sin(call(x)))
        gradients.append(tape.gradient(loss, x))
    assert_same(gradients[1], gradients[0], 1e-5)
