"""How JAX runs the equations: as one program that knows that the states' gradient is BPTT."""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import count
from typing import Any

import jax
import jax.numpy as jnp

from keras_rnn_explained import execution
from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.execution import (
    HAS_VARIABLES,
    IS_OF_ITS_OWN,
    Computation,
    Execution,
    Inputs,
    Tensor,
    reads_variables,
    unrolled_scan,
)

LOOP_MASKS_WHOLE_STEPS = True
"""Whether `SimpleRNN`, unless unrolled, takes a mask for all units together, and gives back a_0 and
not 0 before the first time step that is not masked."""

ERRORS = ()
"""What JAX raises of shapes that do not fit, besides `ValueError` and `TypeError`."""

TRACED = "a function that JAX traces, as `jax.jit` and `jax.vmap` do"
"""Where arrays have no numbers."""

# What `copying` finds in a model; see `backends.tensorflow`. JAX's arrays never
# change, but training in place deletes them.
VARIABLES = (jax.Array,)
CONTAINERS = ()
REFERENCES = ()
MODULES = ()
COMPILED_FUNCTIONS = (type(jax.jit(abs)),)


class Executor(execution.Executor):
    """Runs the equations of one layer, compiled unless it is told not to."""

    def __init__(
        self, activation: Callable, requested: str, truncate_bptt: int | None, unroll: bool
    ):
        super().__init__(activation, requested, truncate_bptt, unroll)
        self._reads_variables: bool | None = None
        self._programs: dict[tuple[bool, str], Program] = {}

    def choose(self, inputs: Inputs, all_states: bool) -> Execution:
        if not self.knows_activation:
            return Execution("autodiff", IS_OF_ITS_OWN)
        if self._reads_variables is None:
            # A compiled activation would never read them again.
            state = jax.ShapeDtypeStruct(
                (1, inputs.initial_state.shape[-1]), inputs.initial_state.dtype
            )
            self._reads_variables = not is_of_keras(self.activation) and reads_variables(
                # A new function each time, for JAX remembers what it has evaluated.
                lambda: jax.eval_shape(lambda z: self.activation(z), state)
            )
        if self._reads_variables:
            return Execution("autodiff", HAS_VARIABLES)
        if self.requested == "plain":
            return Execution("plain", "the layer has execution='plain'")
        return Execution("compiled", "JAX compiles every loop")

    def run(self, inputs: Inputs, all_states: bool, way: str) -> tuple[Any, Tensor]:
        return self.program(all_states, way)(inputs)

    def computation(self, inputs: Inputs) -> Computation:
        return self.program(True, self.choose(inputs, True).way)

    def program(self, all_states: bool, way: str) -> "Program":
        """The program for a kind of call, made when first asked for."""
        key = all_states, way
        if key not in self._programs:
            self._programs[key] = Program(
                self.activation, all_states, self.truncate_bptt, way, self.unroll
            )
        return self._programs[key]


class Program(Computation):
    """The equations for one activation, ready to run.

    Args:
        activation: φ, a function of a tensor.
        all_states: Whether all states are asked for, or only the last.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
        way: The `way` of an `Execution`.
        unroll: Whether the time step is repeated in the program instead of looping.
    """

    def __init__(
        self,
        activation: Callable[[Tensor], Tensor],
        all_states: bool,
        truncate_bptt: int | None,
        way: str,
        unroll: bool = False,
    ):
        super().__init__(
            activation, all_states, truncate_bptt, unrolled_scan if unroll else jax.lax.scan
        )
        self.run: Callable = self._autodiff
        if way != "autodiff":
            states = jax.custom_vjp(self._autodiff)
            states.defvjp(self._forth, self._back)
            self.run = states
        if way == "compiled":
            self.run = jax.jit(self.run)
            self.run_local_errors = jax.jit(self.run_local_errors)
            self.run_errors = jax.jit(self.run_errors)

    def __call__(self, inputs: Inputs) -> tuple[Tensor | None, Tensor]:
        """The states of all time steps (`None` unless `all_states`), and the last state.

        Gradients of any order flow back to the inputs.
        """
        outputs = self.run(inputs)
        return outputs if self.all_states else (None, outputs)

    def _autodiff(self, inputs):
        _, outputs = self.forward(inputs)
        return outputs

    def _forth(self, inputs):
        states, outputs = self.forward(inputs)
        return outputs, (inputs, states)

    def _back(self, kept, upstream):
        inputs, states = kept
        upstream = upstream if self.all_states else (upstream,)
        x, kernel, recurrent_kernel, *bias, initial_state = self.gradients(
            self.local_errors, inputs, states, upstream
        )
        # `None` is no gradient, as for what there is none of and for the masks.
        bias = bias[0] if bias else None
        return (Inputs(x, kernel, recurrent_kernel, bias, initial_state),)

    def vector_jacobian_product(self, function, arguments, *upstream):
        outputs, pull_back = jax.vjp(function, *arguments)
        return pull_back(upstream if isinstance(outputs, tuple) else upstream[0])


def computation(activation: Callable, truncate_bptt: int | None) -> Computation:
    """The computation of all states, to be looked into."""
    return Program(activation, all_states=True, truncate_bptt=truncate_bptt, way="plain")


def upstream_gradients(run: Callable, choose: Callable) -> tuple[Tensor, dict, dict]:
    """See `backends.tensorflow`.

    JAX differentiates functions of arguments, and the states within a model are none. So a first
    run finds them, and a second one adds zeros to them, which are arguments.
    """
    value, calls = run(None)
    chosen = choose(calls)
    zeros = {
        place: jax.tree.map(jnp.zeros_like, (call.states, call.last_state))
        for place, call in enumerate(calls)
        if any(call is one for one in chosen.values())
    }

    def loss(added):
        places = count()

        def watch(*outputs):
            return jax.tree.map(jnp.add, outputs, added.get(next(places), (0, 0)))

        value, _ = run(watch)
        return value

    gradients = jax.grad(loss)(zeros)
    places = {id(call): place for place, call in enumerate(calls)}
    return value, chosen, {path: gradients[places[id(call)]] for path, call in chosen.items()}


random_state_kept = nullcontext
"""See `backends.tensorflow`."""


def value_and_gradients(loss: Callable, sources: dict) -> tuple[Tensor, Any, dict]:
    """See `backends.tensorflow`."""
    sources = jax.tree.map(jnp.asarray, sources)
    (value, other), gradients = jax.value_and_grad(loss, has_aux=True)(sources)
    return value, other, gradients


def has_numbers(tensor: Tensor) -> bool:
    """Whether an array's numbers are there to be seen."""
    return not isinstance(tensor, jax.core.Tracer)
