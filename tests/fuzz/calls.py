"""What a layer does in a case: its weights, and all that each call gives and changes."""

import random

import keras
import numpy as np
import tensorflow as tf
from keras import ops, tree


@keras.saving.register_keras_serializable("fuzz")
def wave(x):
    return ops.sin(x)


MADE = {
    "wave": lambda: wave,
    "a function of no name": lambda: lambda x: x * ops.sigmoid(x),
    "a root in cases": lambda: lambda x: ops.where(x > 0, ops.sqrt(x), x),
    "a layer": lambda: keras.layers.ELU(),
    "a layer with weights": lambda: keras.layers.PReLU(alpha_initializer="ones"),
}
"""Activations that have no name in Keras."""


STATES_AS = {
    None: lambda state: state,
    "list": lambda state: [state],
    "tuple": lambda state: (state,),
    "two": lambda state: [state, state],
}
"""How an initial state is handed in; two of them are a mistake."""


LAYERS = ("a layer", "a layer with weights")


def made(make, options):
    """The layer, from options that are written as in a script."""
    activation = options.get("activation", "tanh")
    options = {**options, "activation": MADE[activation]() if activation in MADE else activation}
    return make(**options)


def remade(layer, put_back):
    """A layer of the same configuration, with the same weights."""
    again = type(layer).from_config({**layer.get_config(), **put_back})
    again.build(layer.kernel_shape)
    again.kernel_shape = layer.kernel_shape
    again.set_weights(layer.get_weights())
    return again


def run(make, case):
    """All results by name; what was raised, if anything was, as "error"."""
    tf.config.run_functions_eagerly(not case.get("graphs", False))
    return collected(steps(make, case))


def collected(results):
    """Results as they come, by name, up to what is raised, if anything is, as "error"."""
    by_name = {}
    try:
        for what, value in results:
            by_name[what] = value
    except Exception as error:
        by_name["error"] = error
    return by_name


def steps(make, case):
    random.seed(case.get("seed", 0))  # what Keras takes its own seeds from
    layer = made(make, case["options"])
    layer.kernel_shape = case["calls"][0]["x"][0].shape
    layer.build(layer.kernel_shape)
    yield "weights", [(w.name, tuple(w.shape), w.dtype, w.trainable) for w in layer.weights]
    for weight in layer.weights:
        yield f"initial {weight.name}", weight.numpy()
    for weight, value in zip(layer.weights, case["weights"], strict=False):
        weight.assign(value)  # what is left are those of an activation
    for number, call in enumerate(case["calls"]):
        match call.get("before"):
            case "reset":
                layer.reset_state()
            case "freeze":
                layer.trainable = False
            case "thaw":
                layer.trainable = True
            case "remake":
                layer = remade(layer, case.get("put back", {}))
        for what, value in results_of(layer, call, case):
            yield f"{what} of call {number}", value


def results_of(layer, call, case):
    """One call, or one with each of several inputs, and the gradients of all of it."""
    keywords = {name: call[name] for name in ("mask", "training") if name in call}
    sources = {f"x {place}": tf.convert_to_tensor(x) for place, x in enumerate(call["x"])}
    state = call.get("initial_state")
    if state is not None:
        sources["initial state"] = tf.convert_to_tensor(state)
    weights = {weight.path.split("/")[-1]: weight.value for weight in layer.trainable_weights}
    results, loss = {}, 0.0
    with tf.GradientTape() as tape:
        tape.watch(sources)
        for place in range(len(call["x"])):
            if state is not None:
                hand_in = STATES_AS[call.get("state as")]
                keywords["initial_state"] = hand_in(sources["initial state"])
            outputs, losses = called(layer, keywords, case)(sources[f"x {place}"])
            results[f"structure {place}"] = type(outputs).__name__
            for part, output in zip(("output", "state"), tree.flatten(outputs), strict=False):
                what = f"{part} {place}"
                if part == "output":
                    results[f"mask {place}"] = getattr(output, "_keras_mask", None)
                results[what], results[f"dtype of {what}"] = output, output.dtype.name
                loss += tf.reduce_sum(tf.cast(output, "float64") * upstream(what, output.shape))
            if regularizer := case.get("regularize outputs"):
                same = keras.layers.Identity(
                    activity_regularizer=regularizer, dtype=layer.dtype_policy
                )
                for output in tree.flatten(outputs):
                    same(output)
                    losses += same.losses
            results[f"regularization {place}"] = sum(tf.cast(one, "float64") for one in losses)
            loss += results[f"regularization {place}"]
    gradients = tape.gradient(loss, sources | weights, unconnected_gradients="zero")
    for name, gradient in gradients.items():
        results[f"gradient of {name}"] = gradient
        results[f"dtype of gradient of {name}"] = gradient.dtype.name
    if layer.stateful:
        results["kept state"] = layer.states[0].value
        results["dtype of kept state"] = layer.states[0].dtype
    for variable in layer.non_trainable_variables:
        results[f"variable {variable.name}"] = variable.value
    for what, value in results.items():
        yield what, value.numpy() if hasattr(value, "numpy") else value


def called(layer, keywords, case):
    """The call of a layer as a function of its input: what it returns, and its losses."""

    def outputs_and_losses(x):
        return layer(x, **keywords), list(layer.losses)

    if not case.get("unknown sizes"):
        return outputs_and_losses
    x = case["calls"][0]["x"][0]
    signature = [tf.TensorSpec((None, None, x.shape[-1]), x.dtype)]
    return tf.function(outputs_and_losses, input_signature=signature, autograph=False)


def upstream(what, shape):
    """The upstream gradient of one output: the same whenever it is asked for."""
    return np.random.default_rng(list(what.encode())).normal(size=tuple(shape))
