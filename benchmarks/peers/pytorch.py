"""PyTorch: `torch.nn.RNN`, eagerly, as its users run it."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.cases import Case, data
from benchmarks.peers.fastest import Fastest

Call = Callable[[], dict[str, Any]]


class NetworkInPyTorch:
    """`nn.RNN`, with a pack of sequences where there is a mask.

    Its two biases, of which each time step adds both, are the bias of the case and zero. Where a
    time step is little work, one thread can be faster than all; the fastest counts.
    """

    versions = {"torch": torch.__version__}  # noqa: RUF012

    def prepare(self, case: Case, kind: str) -> Fastest:
        """The call that the kind names."""
        call = getattr(self, kind)(case)
        counts = sorted({int(os.environ["OMP_NUM_THREADS"]), 1}, reverse=True)
        return Fastest(
            {f"threads: {count}": partial(_with_threads, count, call) for count in counts}
        )

    def network(self, case: Case) -> torch.nn.RNN:
        """The network with the weights of the case."""
        given = data(case)
        network = torch.nn.RNN(
            case.features, case.units, nonlinearity=case.activation, batch_first=True
        )
        with torch.no_grad():
            network.get_parameter("weight_ih_l0").copy_(torch.from_numpy(given.kernel.T))
            network.get_parameter("weight_hh_l0").copy_(torch.from_numpy(given.recurrent_kernel.T))
            network.get_parameter("bias_ih_l0").copy_(torch.from_numpy(given.bias))
            network.get_parameter("bias_hh_l0").zero_()
        return network

    def forward(self, case: Case) -> Call:
        """Inference."""
        network, x = self.network(case), _inputs(case)

        def call():
            with torch.inference_mode():
                return {"output": network(x())[1][0]}

        return call

    def training(self, case: Case) -> Call:
        """Loss and gradients."""
        network, x = self.network(case), _inputs(case)

        def call():
            loss, kernel, recurrent_kernel, bias = _step(network, x())
            return {
                "loss": loss,
                "kernel": kernel.T,
                "recurrent_kernel": recurrent_kernel.T,
                "bias": bias,
            }

        return call

    def lengths_eager(self, case: Case) -> Call:
        """Training steps of many lengths."""
        network, x = self.network(case), torch.from_numpy(data(case).x)

        def call():
            total = 0.0
            for length in case.different_lengths:
                total += _step(network, x[:, :length].contiguous())[0].item()
            return {"loss": np.array(total)}

        return call


def _with_threads(count, call):
    torch.set_num_threads(count)
    return call()


def _inputs(case):
    given = data(case)
    x, lengths = torch.from_numpy(given.x), torch.from_numpy(given.lengths)
    if not case.masked:
        return lambda: x
    return lambda: pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)


def _step(network, x):
    """The loss and the gradients of all parameters but the second bias, which has the first's."""
    loss = network(x)[1][0].square().mean()
    gradients = torch.autograd.grad(loss, list(network.parameters()))
    return (loss.detach(), *gradients[:3])
