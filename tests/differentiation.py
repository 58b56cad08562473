"""Automatic differentiation, in the way of whichever backend Keras runs on."""

import keras

from keras_rnn_explained.execution import as_tensor

BACKEND = keras.backend.backend()


def differentiate(loss, inputs=None, weights=()):
    """The value of a loss, what else came with it, and its gradients, 0 where there is none.

    Args:
        loss: A function of the inputs, by name, that returns the loss and something else.
        inputs: Arrays by name.
        weights: Variables of Keras.

    Returns:
        The loss, the something else, the gradients of the inputs by name, and those of the weights.
    """
    inputs = {name: as_tensor(array) for name, array in (inputs or {}).items()}
    return DIFFERENTIATE[BACKEND](loss, inputs, list(weights))


def _tensorflow(loss, inputs, weights):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value, other = loss(inputs)
    sources = inputs, [weight.value for weight in weights]
    return value, other, *tape.gradient(value, sources, unconnected_gradients="zero")


def _jax(loss, inputs, weights):
    import jax

    def of_sources(inputs, values):
        with keras.StatelessScope(list(zip(weights, values, strict=True))):
            return loss(inputs)

    values = [weight.value for weight in weights]
    # Compiled as one, which takes less time than operation by operation.
    run = jax.jit(jax.value_and_grad(of_sources, argnums=(0, 1), has_aux=True))
    (value, other), gradients = run(inputs, values)
    return value, other, *gradients


def _torch(loss, inputs, weights):
    import torch

    inputs = {name: array.detach().clone().requires_grad_() for name, array in inputs.items()}
    value, other = loss(inputs)
    sources = [*inputs.values(), *(weight.value for weight in weights)]
    gradients = torch.autograd.grad(value, sources, allow_unused=True, materialize_grads=True)
    return value, other, dict(zip(inputs, gradients, strict=False)), list(gradients[len(inputs) :])


DIFFERENTIATE = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
