"""The equations of a simple recurrent network, each written once.

`recurrence` is the forward pass; `local_errors` and `parameter_gradients` are back-propagation
through time (BPTT). The layer trains with these functions, and whatever looks inside the layer
calls them too.

Arrays are **time-major** here, `(time, batch, ...)`: index 0 is the first time step. What a
function says of one time step, `(batch, ...)`, it also does to all time steps at once, because a
matrix product acts on the last axis only.

| symbol | meaning | name | shape |
|---|---|---|---|
| x_t | input | `x` | (time, batch, features) |
| W_ax | kernel | `kernel` | (features, units) |
| W_aa | recurrent kernel | `recurrent_kernel` | (units, units) |
| b_a | bias, or `None` | `bias` | (units,) |
| â_t | pre-activation | `pre_activation` | (time, batch, units) |
| a_t | hidden state; a_0 is `initial_state` | `states` | (time, batch, units) |
| φ | activation | `activation` | |
| g_t | upstream gradient: ∂L/∂a_t from outside the layer | `upstream` | (time, batch, units) |
| e_t | error: the whole ∂L/∂a_t | `error` | (time, batch, units) |
| d_t | local error: ∂L/∂â_t | `local_error` | (time, batch, units) |
| m_t | mask: `False` where a time step is to be skipped, or `None` | `mask` | (time, batch, 1) |
| r | recurrent dropout mask, one for all time steps, or `None` | `dropout_mask` | (batch, units) |

The kernels are the transposes of the matrices that stand to the left of a column vector in the
usual notation: Keras writes x_t·kernel for W_ax x_t.

Sources: J. L. Elman, "Finding Structure in Time", Cognitive Science 14 (1990), for the recurrence;
P. J. Werbos, "Backpropagation Through Time: What It Does and How to Do It", Proceedings of the IEEE
78 (1990), for BPTT; R. J. Williams and J. Peng, "An Efficient Gradient-Based Algorithm for On-Line
Training of Recurrent Network Trajectories", Neural Computation 2 (1990), for its truncation.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import activations, ops

Tensor = Any  # of whichever backend Keras runs on


class ParameterGradients(NamedTuple):
    """∂L/∂ each parameter, in the parameter's own shape."""

    kernel: Tensor
    recurrent_kernel: Tensor
    bias: Tensor


# φ'(â_t), written with a_t = φ(â_t): the forward pass need not keep the pre-activations.
DERIVATIVE_FROM_STATE = {
    activations.linear: ops.ones_like,
    activations.relu: lambda state: ops.cast(state > 0, state.dtype),
    activations.sigmoid: lambda state: state * (1 - state),
    activations.tanh: lambda state: 1 - state * state,
}


def derivative_from_state(activation: Callable) -> Callable | None:
    """φ' as a function of a_t, or `None` for an activation whose φ' needs â_t."""
    known = (derivative for φ, derivative in DERIVATIVE_FROM_STATE.items() if φ is activation)
    return next(known, None)


def project_inputs(x: Tensor, kernel: Tensor) -> Tensor:
    """x_t·W_ax. No time step needs another one, so all are one matrix product."""
    return ops.matmul(x, kernel)


def project_states(
    previous_states: Tensor, recurrent_kernel: Tensor, dropout_mask: Tensor | None = None
) -> Tensor:
    """(r ⊙ a_{t−1})·W_aa."""
    return ops.matmul(_drop(previous_states, dropout_mask), recurrent_kernel)


def pre_activation(
    input_projection: Tensor, bias: Tensor | None, recurrent_projection: Tensor
) -> Tensor:
    """â_t = x_t·W_ax + b_a + (r ⊙ a_{t−1})·W_aa, from these three terms."""
    biased = input_projection if bias is None else input_projection + bias
    return biased + recurrent_projection


def recurrence(
    x: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None,
    initial_state: Tensor,
    *,
    activation: Callable,
    mask: Tensor | None = None,
    dropout_mask: Tensor | None = None,
    scan: Callable = ops.scan,
) -> Tensor:
    """The forward pass: the hidden states of all time steps.

    From a_0, at each time step t = 1 … T:

        â_t = x_t·W_ax + b_a + (r ⊙ a_{t−1})·W_aa
        a_t = φ(â_t)                              or, with a mask, a_{t−1} where m_t is False
    """

    def step(previous_state, now):
        recurrent_projection = project_states(previous_state, recurrent_kernel, dropout_mask)
        # The bias here, not for all time steps before: that would be one more array of them all.
        state = activation(pre_activation(now["input_projection"], bias, recurrent_projection))
        if mask is not None:
            state = ops.where(now["mask"], state, previous_state)
        return state, state

    steps = _present(input_projection=project_inputs(x, kernel), mask=mask)
    _, states = scan(step, initial_state, steps)
    return states


def states_before(states: Tensor, initial_state: Tensor) -> Tensor:
    """a_{t−1} for each t: the states, one time step later."""
    return ops.concatenate([initial_state[None], states[:-1]])


def pass_back(
    error: Tensor,
    kept: Tensor,
    transposed_recurrent_kernel: Tensor,
    *,
    activation_backward: Callable,
    mask: Tensor | None = None,
    dropout_mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """BPTT through one time step: what reaches a_{t−1} of e_t, and the local error d_t.

    d_t = e_t ⊙ φ'(â_t)                       or, with a mask, 0 where m_t is False
    ∂a_t/∂a_{t−1} takes e_t to r ⊙ (d_t·W_aaᵀ)     and, with a mask, + e_t where m_t is False
    """
    through = error if mask is None else ops.where(mask, error, 0)
    local_error = activation_backward(through, kept)
    if mask is not None:
        # A time step that is skipped got no error, but 0 times a slope that is not finite is NaN.
        local_error = ops.where(ops.any(mask, axis=-1, keepdims=True), local_error, 0)
    passed_back = _drop(ops.matmul(local_error, transposed_recurrent_kernel), dropout_mask)
    if mask is not None:
        passed_back = passed_back + ops.where(mask, 0, error)
    return passed_back, local_error


def local_errors(
    kept: Tensor,
    recurrent_kernel: Tensor,
    upstream: Tensor | None,
    final_upstream: Tensor,
    *,
    activation_backward: Callable,
    mask: Tensor | None = None,
    dropout_mask: Tensor | None = None,
    truncate: int | None = None,
    whole: bool = False,
    scan: Callable = ops.scan,
) -> tuple[Tensor, Tensor]:
    """BPTT, backwards through the time steps: d_t of every time step, and ∂L/∂a_0.

        e_t = g_t + r ⊙ (d_{t+1}·W_aaᵀ)           and, with a mask, + e_{t+1} where m_{t+1} is False
        d_t = e_t ⊙ φ'(â_t)                       or, with a mask, 0 where m_t is False

    `final_upstream`, `(batch, units)`, is the upstream gradient of the state after the last time
    step; it is what the first step of this loop gets from "later". `upstream` is `None` when the
    loss sees that state alone. `activation_backward(e_t, kept_t)` is e_t ⊙ φ'(â_t), where `kept`
    holds the states or the pre-activations. With `whole`, e_t is returned in place of d_t.

    With `truncate` = k, e_t counts the upstream gradients of the k time steps t … t+k−1 alone.
    Repeating the first equation k − 1 times, for all time steps at once, starting from e_t = g_t,
    gives just that.
    """
    transposed_recurrent_kernel = ops.transpose(recurrent_kernel)

    def back(error, now):
        return pass_back(
            error,
            now["kept"],
            transposed_recurrent_kernel,
            activation_backward=activation_backward,
            mask=now.get("mask"),
            dropout_mask=dropout_mask,
        )

    def step(from_later, now):
        error = from_later + now["upstream"] if "upstream" in now else from_later
        passed_back, local_error = back(error, now)
        return passed_back, error if whole else local_error

    steps = _present(kept=kept, upstream=upstream, mask=mask)
    if truncate is None:
        initial_state_gradient, local_error = scan(step, final_upstream, steps, reverse=True)
        return local_error, initial_state_gradient

    last = final_upstream[None]
    before_last = ops.zeros_like(kept)[1:]
    all_upstream = ops.concatenate([before_last, last])
    if upstream is not None:
        all_upstream = all_upstream + upstream

    def one_step_further(errors, _):
        passed_back, _ = back(errors[1], steps)
        later = ops.concatenate([passed_back[1:], ops.zeros_like(last)])
        return (passed_back[0], all_upstream + later), None

    nothing_yet = ops.zeros_like(final_upstream)
    errors, _ = scan(one_step_further, (nothing_yet, all_upstream), length=truncate - 1)
    _, local_error = back(errors[1], steps)
    return errors[1] if whole else local_error, errors[0]


def parameter_gradients(
    x: Tensor,
    states: Tensor,
    initial_state: Tensor,
    local_error: Tensor,
    dropout_mask: Tensor | None = None,
) -> ParameterGradients:
    """One parameter, many time steps: each gradient is a sum over t.

    It is one over the sequences of the batch, too:

        ∂L/∂W_ax = Σ_t x_tᵀ·d_t
        ∂L/∂W_aa = Σ_t (r ⊙ a_{t−1})ᵀ·d_t
        ∂L/∂b_a  = Σ_t d_t
    """
    # a_0 apart from a_1 … a_{T−1}: to put it in front of them would be to copy them all.
    first, later = initial_state[None], states[:-1]
    return ParameterGradients(
        kernel=_sum_over_time(x, local_error),
        recurrent_kernel=_sum_over_time(_drop(first, dropout_mask), local_error[:1])
        + _sum_over_time(_drop(later, dropout_mask), local_error[1:]),
        bias=ops.sum(local_error, axis=(0, 1)),
    )


def summands(left: Tensor, local_error: Tensor) -> Tensor:
    """left_tᵀ·d_t for each t apart: the summands of a kernel's gradient, `(time, rows, units)`.

    `left` is x for the kernel, and r ⊙ a_{t−1} for the recurrent kernel.
    """
    return ops.matmul(ops.swapaxes(left, -1, -2), local_error)


def input_gradient(local_error: Tensor, kernel: Tensor) -> Tensor:
    """∂L/∂x_t = d_t·W_axᵀ, for all time steps at once."""
    return ops.matmul(local_error, ops.transpose(kernel))


def _sum_over_time(left, local_error):
    """Σ_t left_tᵀ·d_t: with time and batch laid out as rows, the sum is one matrix product."""
    rows = ops.reshape(left, (-1, left.shape[-1]))
    return ops.matmul(ops.transpose(rows), ops.reshape(local_error, (-1, local_error.shape[-1])))


def _drop(states, dropout_mask):
    return states if dropout_mask is None else states * dropout_mask


def _present(**per_time_step):
    """What a loop reads at each time step; what a call does not use is left out."""
    return {name: array for name, array in per_time_step.items() if array is not None}
