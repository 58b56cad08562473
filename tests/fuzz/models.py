"""Models with the layer in them: wrapped, nested, shared, trained, saved and loaded."""

import random
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.fuzz.calls import collected, made
from tests.fuzz.comparing import side_by_side


def compared(layer_class, case, of_simple_rnn):
    """`(what, of the layer, of SimpleRNN)` of all that must agree."""
    ours = run_model(layer_class, case)
    yield from side_by_side(ours, run_model(keras.layers.SimpleRNN, of_simple_rnn))


def model_of(make, case):
    """The model of a case; its outputs are two numbers for each sequence."""
    options = case["options"]

    def rnn(**more):
        return made(make, {**options, **more})

    batch, *shape = case["x"].shape
    x = keras.Input(batch_shape=(batch if options.get("stateful") else None, *shape))
    masked = layers.Masking()(x) if case.get("masked") else x
    match case["around"]:
        case "nothing":
            y = rnn()(masked)
        case "a stack":
            y = rnn()(rnn(return_sequences=True)(masked))
        case "both directions":
            y = layers.Bidirectional(rnn(), merge_mode=case["merge_mode"])(masked)
        case "both directions, each its own":
            backward = rnn(go_backwards=not options.get("go_backwards", False))
            y = layers.Bidirectional(rnn(), backward_layer=backward)(masked)
        case "time distributed":
            y = layers.TimeDistributed(rnn())(layers.Reshape((2, -1, shape[-1]))(x))
        case "a nested model":
            inner = [keras.Input(shape), rnn(), layers.Activation("tanh")]
            y = keras.Sequential(inner)(masked)
        case "two inputs":
            shared = rnn()
            y = shared(masked) - shared(layers.Rescaling(-0.5)(x))
        case "a decoder":
            _, state = rnn(return_state=True, return_sequences=False)(masked)
            y = rnn()(masked, initial_state=state)
        case "an embedding":
            words = layers.Lambda(to_words)(x)
            y = rnn()(layers.Embedding(5, 3, mask_zero=True, embeddings_initializer="ones")(words))
    y = layers.Flatten()(y)
    return keras.Model(x, layers.Dense(2, kernel_initializer="ones")(y))


@keras.saving.register_keras_serializable("fuzz")
def to_words(x):
    # 2.9, so that no sixteenth but 0 is near where one word ends and the next begins.
    return keras.ops.cast(keras.ops.abs(x[..., 0]) * 2.9, "int32") % 5


def run_model(make, case):
    """All that training changes, by name; what was raised, if anything was, as "error"."""
    tf.config.run_functions_eagerly(False)
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    try:
        keras.config.set_floatx(case.get("rest of the model", floatx))
        keras.config.set_dtype_policy(case.get("rest of the model", policy))
        return collected(steps_of_training(make, case))
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def steps_of_training(make, case):
    random.seed(0)  # what Keras takes its own seeds from
    model = model_of(make, case)
    numbers, near = np.random.default_rng(case["numbers"]), case.get("near", np.asarray)
    model.set_weights(
        [near(numbers.normal(size=w.shape)) / np.sqrt(max(1, w.shape[0])) for w in model.weights]
    )
    compiled = {"run_eagerly": True, "jit_compile": False}
    model.compile(case["optimizer"], case["loss"], **compiled)
    if case.get("keep seeds") and case["options"].get("seed") is not None:
        for one in seeds_of(model):
            one.assign(keras.random.SeedGenerator(case["options"]["seed"]).state)
    yield "names", [(w.name, tuple(w.shape), w.dtype) for w in model.weights]
    yield "prediction before", model.predict_on_batch(case["x"])
    for step in range(3):
        before = model
        if case.get("before") == ("save", step):
            model = saved_and_loaded(model)
        if case.get("before") == ("save weights", step):
            model = with_saved_weights(model, model_of(make, case))
            model.compile(case["optimizer"], case["loss"], **compiled)
        if case.get("keep seeds"):
            for old, new in zip(seeds_of(before), seeds_of(model), strict=True):
                new.assign(old)
        if case.get("before") == ("freeze", step):
            model.layers[-3].trainable = False
            model.compile(case["optimizer"], case["loss"], **compiled)
        loss = model.train_on_batch(case["x"], case["y"], sample_weight=case.get("sample_weight"))
        yield f"loss {step}", np.array(loss)
        for place, weight in enumerate(model.weights):
            yield f"weight {place} after step {step}", np.array(weight.numpy())
        # Made of the gradients, which hardly show in weights beside what these were before.
        moments = [one for one in model.optimizer.variables if len(one.shape)]
        for place, moment in enumerate(moments):
            yield f"moment {place} after step {step}", np.array(moment.numpy())
    yield "prediction after", model.predict_on_batch(case["x"])


def seeds_of(model):
    return [one for one in model.variables if one.name == "seed_generator_state"]


def saved_and_loaded(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        loaded = keras.models.load_model(path, safe_mode=False)
    loaded.run_eagerly = True
    return loaded


def with_saved_weights(model, other):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        model.save_weights(path)
        other.load_weights(path)
    return other
