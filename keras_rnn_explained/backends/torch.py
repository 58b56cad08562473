"""How torch runs the equations: operation by operation, with BPTT as the gradient of the states."""

from collections.abc import Callable
from typing import Any

import torch
from keras import ops, tree

from keras_rnn_explained import execution
from keras_rnn_explained.activations import is_of_keras
from keras_rnn_explained.execution import (
    HAS_VARIABLES,
    IS_OF_ITS_OWN,
    IS_RANDOM,
    Computation,
    Execution,
    Inputs,
    Tensor,
    activated,
    reads_variables,
    swap_time_and_batch,
    unrolled_scan,
)

LOOP_MASKS_WHOLE_STEPS = False
"""See `backends.jax`."""

ERRORS = (RuntimeError, IndexError)
"""What torch raises of shapes that do not fit, besides `ValueError` and `TypeError`."""

TRACED = "a function that torch traces, as `torch.vmap` and `torch.compile` do"
"""Where tensors have no numbers."""

# What `copying` finds in a model; see `backends.tensorflow`.
VARIABLES = (torch.Tensor,)
CONTAINERS = ()
REFERENCES = ()
MODULES = (torch.nn.Module,)
COMPILED_FUNCTIONS = (torch.jit.ScriptFunction,)


class Executor(execution.Executor):
    """Runs the equations of one layer, operation by operation."""

    def __init__(
        self, activation: Callable, requested: str, truncate_bptt: int | None, unroll: bool
    ):
        super().__init__(activation, requested, truncate_bptt, unroll)
        self._obstacle_sought = is_of_keras(activation)
        self._obstacle: Execution | None = None
        self._program = Program(activation, truncate_bptt)

    def choose(self, inputs: Inputs, all_states: bool) -> Execution:
        if not self.knows_activation:
            return Execution("autodiff", IS_OF_ITS_OWN)
        if not self._obstacle_sought:
            self._obstacle = obstacle_in(self.activation, inputs.initial_state)
            # What has no numbers, as where Keras asks for shapes alone, draws no random ones.
            self._obstacle_sought = not inputs.initial_state.is_meta
        return self._obstacle or Execution("plain", "torch runs operation by operation")

    def run(self, inputs: Inputs, all_states: bool, way: str) -> tuple[Any, Tensor]:
        if way == "autodiff":
            states, _ = self._program.forward(inputs)
        else:
            states = States.apply(self._program, *inputs)
        return swap_time_and_batch(states) if all_states else None, states[-1]

    def computation(self, inputs: Inputs) -> Computation:
        return self._program


class Program(Computation):
    """The equations for one activation.

    Args:
        activation: φ, a function of a tensor.
        truncate_bptt: Over how many time steps BPTT goes back; `None` is all.
    """

    def __init__(self, activation: Callable[[Tensor], Tensor], truncate_bptt: int | None):
        super().__init__(activation, True, truncate_bptt, unrolled_scan)

    def vector_jacobian_product(self, function, arguments, *upstream):
        with torch.enable_grad():
            arguments = [a if a.requires_grad else a.detach().requires_grad_() for a in arguments]
            outputs = function(*arguments)
        # A step, say, is constant wherever it has a slope; torch would rather not be asked.
        if not any(output.requires_grad for output in tree.flatten(outputs)):
            return tuple(torch.zeros_like(argument) for argument in arguments)
        return torch.autograd.grad(
            outputs,
            arguments,
            upstream,
            create_graph=torch.is_grad_enabled(),
            materialize_grads=True,
        )


def obstacle_in(activation: Callable, state: Tensor) -> Execution | None:
    """What keeps BPTT from running an activation again, or `None`."""
    state = torch.zeros_like(state, requires_grad=False)
    generators = [torch.get_rng_state, *([torch.cuda.get_rng_state] if state.is_cuda else [])]
    outputs: list[Tensor] = []

    def run():
        outputs.append(activated(activation, state))

    with torch.random.fork_rng([state.device] if state.is_cuda else []), torch.enable_grad():
        before = [state_of() for state_of in generators]
        if reads_variables(run) or outputs[0].requires_grad:
            return Execution("autodiff", HAS_VARIABLES)
        if any(not torch.equal(a(), b) for a, b in zip(generators, before, strict=True)):
            return Execution("autodiff", IS_RANDOM)
    return None


class States(torch.autograd.Function):
    """The states, `(time, batch, units)`, as a function of `Inputs` whose gradient is BPTT."""

    generate_vmap_rule = True

    @staticmethod
    def forward(program, *inputs):
        states, _ = program.forward(Inputs(*inputs))
        return states

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.program, *inputs = inputs
        ctx.save_for_backward(*inputs, output)

    @staticmethod
    def backward(ctx, upstream):
        *inputs, states = ctx.saved_tensors
        inputs = Inputs(*inputs)
        outside = swap_time_and_batch(upstream), torch.zeros_like(upstream[-1])
        program = ctx.program
        x, kernel, recurrent_kernel, *bias, initial_state = program.gradients(
            program.local_errors, inputs, states, outside
        )
        bias = bias[0] if bias else None
        return None, x, kernel, recurrent_kernel, bias, initial_state, None, None


def computation(activation: Callable, truncate_bptt: int | None) -> Computation:
    """The computation of all states, to be looked into."""
    return Program(activation, truncate_bptt)


def upstream_gradients(run: Callable, choose: Callable) -> tuple[Tensor, dict, dict]:
    """See `backends.tensorflow`."""

    def watch(*outputs):
        # Nothing is recorded of a layer that is not trained, below which nothing is either.
        return tuple(one if one.requires_grad else one.detach().requires_grad_() for one in outputs)

    with torch.enable_grad():
        value, calls = run(watch)
    chosen = choose(calls)
    outputs = [output for call in chosen.values() for output in (call.states, call.last_state)]
    gradients: tuple = (None,) * len(outputs)
    if value.requires_grad:
        gradients = torch.autograd.grad(value, outputs, allow_unused=True)
    pairs = zip(gradients[::2], gradients[1::2], strict=True)
    return value, chosen, dict(zip(chosen, pairs, strict=True))


random_state_kept = torch.random.fork_rng
"""Keras's dropout draws from torch's global generator here."""


def value_and_gradients(loss: Callable, sources: dict) -> tuple[Tensor, Any, dict]:
    """See `backends.tensorflow`."""
    sources = {
        name: ops.convert_to_tensor(array).detach().clone().requires_grad_()
        for name, array in sources.items()
    }
    with torch.enable_grad():
        value, other = loss(sources)
    gradients = torch.autograd.grad(
        value, list(sources.values()), allow_unused=True, materialize_grads=True
    )
    return value, other, dict(zip(sources, gradients, strict=True))


def has_numbers(tensor: Tensor) -> bool:
    """Whether a tensor's numbers are there to be seen."""
    return not (
        torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    )
