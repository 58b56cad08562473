"""JAX: what one would write by hand, a `lax.scan` under `jit`, inputs projected before the loop."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.cases import Case, data

Call = Callable[[], dict[str, Any]]


class NetworkInJax:
    """The network as a function of its parameters."""

    versions = {"jax": jax.__version__}  # noqa: RUF012

    def prepare(self, case: Case, kind: str) -> Call:
        """The call that the kind names."""
        return getattr(self, kind)(case)

    def forward(self, case: Case) -> Call:
        """Inference."""
        parameters, x, mask = _inputs(case)
        function = jax.jit(_last_state(case))
        return lambda: {"output": function(parameters, x, mask).block_until_ready()}

    def training(self, case: Case) -> Call:
        """Loss and gradients, in one `jit`."""
        parameters, x, mask = _inputs(case)
        step = jax.jit(jax.value_and_grad(_loss(case)))

        def call():
            loss, gradients = jax.block_until_ready(step(parameters, x, mask))
            return {"loss": loss, **gradients}

        return call

    def lengths_eager(self, case: Case) -> Call:
        """Training steps of many lengths. `jit` compiles each length anew."""
        parameters, _, _ = _inputs(case)
        step = jax.jit(jax.value_and_grad(_loss(case)))
        x = data(case).x

        def call():
            total = 0.0
            for length in case.different_lengths:
                loss, _ = jax.block_until_ready(step(parameters, jnp.asarray(x[:, :length]), None))
                total += float(loss)
            return {"loss": np.array(total)}

        return call


def _inputs(case):
    given = data(case)
    names = ("kernel", "recurrent_kernel", "bias")
    parameters = dict(zip(names, map(jnp.asarray, given.parameters), strict=True))
    mask = jnp.asarray(given.mask.T[..., None]) if case.masked else None
    return parameters, jnp.asarray(given.x), mask


def _last_state(case):
    activation = {"tanh": jnp.tanh, "relu": jax.nn.relu}[case.activation]

    def last_state(parameters, x, mask):
        recurrent_kernel = parameters["recurrent_kernel"]
        projection = jnp.swapaxes(x, 0, 1) @ parameters["kernel"] + parameters["bias"]

        def step(previous, now):
            projected, counts = now
            state = activation(projected + previous @ recurrent_kernel)
            return state if counts is None else jnp.where(counts, state, previous), None

        before = jnp.zeros((x.shape[0], case.units), x.dtype)
        return lax.scan(step, before, (projection, mask))[0]

    return last_state


def _loss(case):
    last_state = _last_state(case)
    return lambda parameters, x, mask: jnp.mean(jnp.square(last_state(parameters, x, mask)))
