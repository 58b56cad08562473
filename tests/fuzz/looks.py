"""What `unfold` and `backpropagate` show, beside what the layer gives and its differentiation."""

import keras
import numpy as np
import tensorflow as tf

from keras_rnn_explained import backpropagate, unfold
from tests.fuzz.calls import made
from tests.fuzz.comparing import NOTHING

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
    if not case.get("in a model"):
        zeros = np.zeros((len(x), layer.units), x.dtype)
        inputs["initial_state"] = tf.convert_to_tensor(keywords.pop("initial_state", zeros))
    weights = {weight.name: weight.value for weight in layer.trainable_weights}
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        given = {k: v for k, v in inputs.items() if k != "x"} | keywords
        output = looked_at(inputs["x"], training=training, **given)
        loss = MSE(targets(layer, x), output)
    sources = inputs | weights | {"output": output}
    expected = tape.gradient(loss, sources, unconnected_gradients="zero")

    for result in (unfolding, gradients):
        for name, array in result.arrays().items():
            dtype = "bool" if name == "mask" else layer.compute_dtype
            yield f"dtype of {name} of {type(result).__name__}", array.dtype.name, dtype
    for name, array in unfolding.arrays().items():
        yield f"{name} of both looks", gradients.unfolding.arrays().get(name, NOTHING), array
    order = slice(None, None, -1 if layer.go_backwards else 1)
    yield "x", unfolding.x, x[:, order]
    if "initial_state" in inputs:
        yield "a_0", unfolding.previous_state[:, 0], inputs["initial_state"].numpy()
    for weight in (layer.kernel, layer.recurrent_kernel, layer.bias)[: 2 + layer.use_bias]:
        yield weight.name, getattr(unfolding, weight.name), weight.numpy()
    yield "loss", gradients.loss, loss.numpy()
    yield "output", output_of(unfolding, options), output.numpy()
    upstream = at_the_states(expected["output"].numpy(), unfolding, options)
    yield "upstream", gradients.upstream, upstream
    yield "gradient of x", gradients.x[:, order], expected["x"].numpy()
    for name in expected:
        if name in ("kernel", "recurrent_kernel", "bias", "initial_state"):
            yield f"gradient of {name}", getattr(gradients, name), expected[name].numpy()
        if name in ("kernel", "recurrent_kernel", "bias"):
            summands = [wide(one) for one in gradients.summands(name)]
            yield f"sum for {name}", sum(summands), expected[name].numpy()
            norms = np.array([np.linalg.norm(one) for one in summands])
            yield f"norms for {name}", gradients.summand_norms(name), norms
    yield from of_each_step(layer, gradients)
    yield from of_jacobians(layer, gradients)


def targets(layer, x):
    """Targets of the shape of the output."""
    time = (x.shape[1],) if layer.return_sequences else ()
    return np.random.default_rng(0).normal(size=(len(x), *time, layer.units))


def counting(unfolding):
    """Where a time step counts, `(batch, time, units)`."""
    everywhere, mask = np.ones(unfolding.state.shape, bool), unfolding.mask
    if mask is None:
        return everywhere
    return everywhere & (mask[..., None] if mask.ndim == 2 else mask)


def showing(unfolding, options):
    """Where an output shows the state; elsewhere it is 0."""
    counts = counting(unfolding)
    return counts if options.get("zero_output_for_mask") else np.cumsum(counts, axis=1) > 0


def output_of(unfolding, options):
    """The output, made of the states that are shown."""
    outputs = np.where(showing(unfolding, options), unfolding.state, 0)
    return outputs if options.get("return_sequences") else outputs[:, -1]


def at_the_states(gradient, unfolding, options):
    """The gradient of the output, at the states that it shows."""
    if not options.get("return_sequences"):
        before = np.zeros_like(unfolding.state[:, :-1])
        gradient = np.concatenate([before, gradient[:, None]], axis=1)
    return np.where(showing(unfolding, options), gradient, 0)


def of_each_step(layer, gradients):
    """What is shown of a time step, beside the same made of what is shown next to it."""
    u, counts = gradients.unfolding, counting(gradients.unfolding)
    r_x, r = (
        1 if r is None else wide(r)[:, None]
        for r in (u.input_dropout_mask, u.recurrent_dropout_mask)
    )
    yield "input projection", u.input_projection, (wide(u.x) * r_x) @ wide(u.kernel)
    previous = wide(u.previous_state) * r
    yield "recurrent projection", u.recurrent_projection, previous @ wide(u.recurrent_kernel)
    parts = u.input_projection + u.recurrent_projection
    yield "pre-activation", u.pre_activation, parts + (0 if u.bias is None else u.bias)
    yield "previous state", u.previous_state[:, 1:], u.state[:, :-1]
    pre_activation = tf.convert_to_tensor(u.pre_activation)
    with tf.GradientTape() as tape:
        tape.watch(pre_activation)
        state = activated(layer, pre_activation)
    yield "state", u.state, np.where(counts, state, u.previous_state)
    through = np.where(counts, gradients.error, 0)
    local_error = tape.gradient(state, pre_activation, tf.convert_to_tensor(through))
    local_error = np.where(counts.any(axis=-1, keepdims=True), local_error, 0)
    yield "local error", gradients.local_error, local_error
    if layer.truncate_bptt is None:
        through = (wide(gradients.local_error) @ wide(u.recurrent_kernel).T) * r
        passed_back = through + np.where(counts, 0, wide(gradients.error))
        from_later = np.concatenate([passed_back[:, 1:], np.zeros_like(passed_back[:, :1])], axis=1)
        yield "error", gradients.error, wide(gradients.upstream) + from_later
        yield "error at a_0", gradients.initial_state, passed_back[:, 0]


def activated(layer, pre_activation):
    """The states; an activation that is a layer has a dtype of its own, and takes rows."""
    rows = tf.reshape(pre_activation, (-1, layer.units))
    states = tf.reshape(layer.activation(rows), pre_activation.shape)
    return tf.cast(states, pre_activation.dtype)


def of_jacobians(layer, gradients):
    """Jacobians, beside those of a tape, and what is made of Jacobians."""
    batch, time, units = gradients.error.shape
    last, sample = time - 1, batch - 1
    earlier = max(0, last - 2)
    by_a_tape = jacobian_by_a_tape(layer, gradients.unfolding, last, earlier, sample)
    yield "jacobian", gradients.jacobian(last, earlier, sample), by_a_tape
    steps, norms = gradients.jacobian_norms(sample)
    yield "steps of jacobian_norms", steps, np.arange(time)
    whole = [wide(gradients.jacobian(last, t, sample)) for t in range(time)]
    yield "jacobian_norms", norms, np.array([np.linalg.norm(one, 2) for one in whole])

    single = np.zeros((time, batch, units, units))
    for t in range(1, time):
        single[t] = [gradients.jacobian(t, t - 1, one) for one in range(batch)]
    flow, upstream = gradients.flow(), wide(gradients.upstream)
    yield "steps of flow", flow.loss_steps, np.flatnonzero(np.any(upstream != 0, axis=(0, 2)))
    size = np.zeros((len(flow.loss_steps), time))
    for place, s in enumerate(flow.loss_steps):
        error = upstream[:, s]
        for t in range(s, max(-1, s - (layer.truncate_bptt or time)), -1):
            size[place, t] = np.linalg.norm(error)
            error = np.einsum("bi,bij->bj", error, single[t])
    yield "flow", flow.size, size


def jacobian_by_a_tape(layer, unfolding, later, earlier, sample):
    """Of one sample, as many times as there are units: of each the gradient of another unit."""
    u, counts = unfolding, counting(unfolding)
    first = tf.repeat(u.state[[sample], earlier], u.units, axis=0)
    with tf.GradientTape() as tape:
        tape.watch(first)
        state = first
        for t in range(earlier + 1, later + 1):
            given = u.input_projection[[sample], t] + (0 if u.bias is None else u.bias)
            r = 1 if u.recurrent_dropout_mask is None else u.recurrent_dropout_mask[[sample]]
            pre_activation = given + tf.matmul(state * r, u.recurrent_kernel)
            state = tf.where(counts[[sample], t], activated(layer, pre_activation), state)
    return tape.gradient(state, first, tf.eye(u.units, dtype=first.dtype)).numpy()


def wide(array):
    return np.asarray(array, "float64")
