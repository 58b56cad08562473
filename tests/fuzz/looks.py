"""What `unfold` and `backpropagate` show, beside what the layer gives and its differentiation."""

import keras
import numpy as np
import tensorflow as tf

from keras_rnn_explained import backpropagate, unfold
from tests.fuzz.calls import made

MSE = keras.losses.MeanSquaredError(dtype="float64")  # by default float32


def compared(layer_class, case, of_simple_rnn):
    """`(what, shown, expected)`; there is nothing to see of `SimpleRNN`."""
    tf.config.run_functions_eagerly(True)
    call, options = case["calls"][0], {**case["options"], **case.get("ours", {})}
    layer = made(layer_class, {"seed": 1, **options})
    x = call["x"][0]
    layer.build(x.shape)
    for weight, value in zip(layer.weights, case["weights"], strict=False):
        weight.assign(value)
    keywords = {name: call[name] for name in ("initial_state", "mask") if name in call}
    training, looked_at, variables = call.get("training", False), layer, list(layer.variables)
    if case.get("in a model"):
        keywords = {}
        looked_at = keras.Sequential([keras.Input(batch_shape=x.shape), layer])
        looked_at.compile("adam", MSE, run_eagerly=True, jit_compile=False)
        looked_at.optimizer.build(looked_at.trainable_variables)
        variables = [*looked_at.variables, *looked_at.optimizer.variables]
    variables += layer.states or []
    before = [np.array(variable.numpy()) for variable in variables]

    unfolding = unfold(looked_at, x, training=training, **keywords)
    gradients = backpropagate(looked_at, x, targets(layer, x), MSE, training=training, **keywords)
    for variable, value in zip(variables, before, strict=True):
        yield f"{variable.name} after looking", variable.numpy(), value

    inputs = {"x": tf.convert_to_tensor(x)}
    if "initial_state" in keywords:
        inputs["initial_state"] = tf.convert_to_tensor(keywords.pop("initial_state"))
    weights = {weight.name: weight.value for weight in layer.trainable_weights}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        given = {k: v for k, v in inputs.items() if k != "x"} | keywords
        output = looked_at(inputs["x"], training=training, **given)
        loss = MSE(targets(layer, x), output)
    expected = tape.gradient(loss, inputs | weights, unconnected_gradients="zero")

    yield "loss", gradients.loss, loss.numpy()
    yield "output", output.numpy(), output_of(unfolding, options)
    parts = unfolding.input_projection + unfolding.recurrent_projection
    bias = 0 if unfolding.bias is None else unfolding.bias
    yield "pre-activation", unfolding.pre_activation, parts + bias
    yield "states", gradients.unfolding.state, unfolding.state
    order = slice(None, None, -1 if layer.go_backwards else 1)
    yield "gradient of x", gradients.x[:, order], expected["x"].numpy()
    for name in expected.keys() - {"x"}:
        if name in ("kernel", "recurrent_kernel", "bias", "initial_state"):
            yield f"gradient of {name}", getattr(gradients, name), expected[name].numpy()
        if name in ("kernel", "recurrent_kernel", "bias"):
            yield f"sum for {name}", sum(gradients.summands(name)), expected[name].numpy()


def targets(layer, x):
    """Targets of the shape of the output."""
    time = (x.shape[1],) if layer.return_sequences else ()
    return np.random.default_rng(0).normal(size=(len(x), *time, layer.units))


def output_of(unfolding, options):
    """The output, made of the states that are shown."""
    seen = np.ones(unfolding.state.shape, bool)
    if unfolding.mask is not None:
        mask = unfolding.mask
        seen = seen & (mask[..., None] if mask.ndim == 2 else mask)
        if not options.get("zero_output_for_mask"):
            seen = np.cumsum(seen, axis=1) > 0
    outputs = np.where(seen, unfolding.state, 0)
    return outputs if options.get("return_sequences") else outputs[:, -1]
