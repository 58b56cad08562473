"""The oracle: a simple RNN and its BPTT as NumPy float64 loops over single sequences and steps.

Written from the formulae alone, one vector at a time, and without anything of the package. Arrays
are batch first, as users have them.
"""

import numpy as np

ACTIVATIONS = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "linear": (lambda z: z, np.ones_like),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.exp(np.minimum(z, 0))),
}


def forward(x, kernel, recurrent_kernel, bias, initial_state, activation, mask=None, dropout=None):
    """Pre-activations and states, each (batch, time, units)."""
    phi, _ = ACTIVATIONS[activation]
    batch, time, _ = x.shape
    units = len(recurrent_kernel)
    pre_activations = np.zeros((batch, time, units))
    states = np.zeros((batch, time, units))
    for n in range(batch):
        state = np.array(initial_state[n], float)
        for t in range(time):
            before = state if dropout is None else state * dropout[n]
            for u in range(units):
                pre_activations[n, t, u] = (
                    np.dot(x[n, t], kernel[:, u])
                    + np.dot(before, recurrent_kernel[:, u])
                    + (0 if bias is None else bias[u])
                )
            if mask is None or mask[n, t]:
                state = phi(pre_activations[n, t])
            states[n, t] = state
    return pre_activations, states


def bptt(
    x,
    kernel,
    recurrent_kernel,
    bias,
    initial_state,
    activation,
    upstream,
    mask=None,
    dropout=None,
    truncate=None,
):
    """Gradients of Σ upstream·states by name, one loss term (n, s) at a time.

    The term of time step s is followed back through time on its own, until the first time step or
    until it has seen `truncate` time steps: the sum over s that BPTT never writes out.
    """
    _, slope = ACTIVATIONS[activation]
    pre_activations, states = forward(
        x, kernel, recurrent_kernel, bias, initial_state, activation, mask, dropout
    )
    batch, time, _ = x.shape
    result = {
        "x": np.zeros_like(x, float),
        "kernel": np.zeros_like(kernel, float),
        "recurrent_kernel": np.zeros_like(recurrent_kernel, float),
        "bias": np.zeros(len(recurrent_kernel)),
        "initial_state": np.zeros_like(initial_state, float),
    }
    for n in range(batch):
        keep = 1 if dropout is None else dropout[n]
        for s in range(time):
            error = np.array(upstream[n, s], float)
            first = 0 if truncate is None else max(0, s - truncate + 1)
            for t in range(s, first - 1, -1):
                if mask is not None and not mask[n, t]:
                    continue  # a_t is a_{t−1}: the error passes as it is
                local_error = error * slope(pre_activations[n, t])
                before = (states[n, t - 1] if t > 0 else initial_state[n]) * keep
                result["x"][n, t] += kernel @ local_error
                result["kernel"] += np.outer(x[n, t], local_error)
                result["recurrent_kernel"] += np.outer(before, local_error)
                result["bias"] += local_error
                error = keep * (recurrent_kernel @ local_error)
            if truncate is None or s + 1 < truncate:
                result["initial_state"][n] += error
    return result
