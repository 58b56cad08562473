"""What has to come out: the last state, the loss and its gradients, in NumPy and float64.

Written apart from `keras_rnn_explained.equations`, which it judges.
"""

import numpy as np

from benchmarks.cases import Case, data

Numbers = dict[str, np.ndarray]


def forward(case: Case) -> Numbers:
    """The last state."""
    return {"output": _states(case)[-1]}


def training(case: Case) -> Numbers:
    """The loss, which is the mean of the squared last state, and its gradients."""
    given = data(case)
    x, recurrent_kernel = given.x.astype("float64"), given.recurrent_kernel.astype("float64")
    counts, states = given.mask, _states(case)
    kernel_gradient = np.zeros_like(given.kernel, "float64")
    recurrent_kernel_gradient = np.zeros_like(recurrent_kernel)
    bias_gradient = np.zeros(case.units)
    error = 2 * states[-1] / states[-1].size
    for t in reversed(range(case.time)):
        state, previous = states[t + 1], states[t]
        slope = 1 - state**2 if case.activation == "tanh" else state > 0
        now = counts[:, t, None]
        local_error = np.where(now, error * slope, 0)
        kernel_gradient += x[:, t].T @ local_error
        recurrent_kernel_gradient += previous.T @ local_error
        bias_gradient += local_error.sum(0)
        error = np.where(now, local_error @ recurrent_kernel.T, error)
    return {
        "loss": np.mean(states[-1] ** 2),
        "kernel": kernel_gradient,
        "recurrent_kernel": recurrent_kernel_gradient,
        "bias": bias_gradient,
    }


def _states(case):
    """The states, `(time + 1, batch, units)`, with zeros before the first time step."""
    given = data(case)
    x = given.x.astype("float64")
    kernel, recurrent_kernel, bias = (p.astype("float64") for p in given.parameters)
    activation = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}[case.activation]
    states = [np.zeros((case.batch, case.units))]
    for t in range(case.time):
        new = activation(x[:, t] @ kernel + states[-1] @ recurrent_kernel + bias)
        states.append(np.where(given.mask[:, t, None], new, states[-1]))
    return np.stack(states)
