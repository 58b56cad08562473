"""Who is measured, and what each can do. The modules here import one framework each.

A peer is an object with `versions`, the packages it runs on, and `prepare(case, kind)`, which
builds what the case needs and returns a call without arguments. The call runs once, comes back when
all is computed, and returns what it computed by name, so that what is timed is what is checked. A
call that can be made in several ways is a `fastest.Fastest`.
"""

from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.cases import Case

MATHEMATICS = frozenset({"forward", "training"})
KERAS = MATHEMATICS | {"fit", "lengths_function", "lengths_fit", "lengths_eager"}


@dataclass(frozen=True)
class Peer:
    """Who is measured.

    Attributes:
        label: Its name in the report.
        factory: Where to find what makes it, `module:function`. Only its own process imports that.
        package: The package that it needs, as `pip install` knows it.
        kinds: Which calls it has.
        is_keras_layer: Whether it has Keras's dropout and mixed precision.
        longest: The most time steps that it can be asked for.
    """

    label: str
    factory: str
    package: str
    kinds: frozenset[str]
    is_keras_layer: bool = False
    longest: int = 10_000

    @property
    def is_installed(self) -> bool:
        """Whether the package that it needs is there."""
        return find_spec(self.package) is not None

    def takes(self, case: Case, kind: str) -> bool:
        """Whether it can do this."""
        special = case.dropout > 0 or case.dtype != "float32"
        return (
            kind in self.kinds
            and case.time <= self.longest
            and (self.is_keras_layer or not special)
        )


PEERS = {
    "ours": Peer("ExplainedRNN", "benchmarks.peers.keras_layers:explained", "keras", KERAS, True),
    "ours_plain": Peer(
        "ExplainedRNN, plain", "benchmarks.peers.keras_layers:explained_plain", "keras", KERAS, True
    ),
    "simple_rnn": Peer(
        "SimpleRNN", "benchmarks.peers.keras_layers:simple_rnn", "keras", KERAS, True
    ),
    "simple_rnn_unroll": Peer(
        "SimpleRNN, unroll",
        "benchmarks.peers.keras_layers:simple_rnn_unroll",
        "keras",
        MATHEMATICS | {"fit"},
        True,
        longest=1000,
    ),
    "simple_rnn_jit": Peer(
        "SimpleRNN, jit_compile",
        "benchmarks.peers.keras_layers:simple_rnn_jit",
        "keras",
        MATHEMATICS | {"fit", "lengths_function", "lengths_fit"},
        True,
    ),
    "torch": Peer(
        "PyTorch nn.RNN",
        "benchmarks.peers.pytorch:NetworkInPyTorch",
        "torch",
        MATHEMATICS | {"lengths_eager"},
    ),
    "jax": Peer(
        "JAX lax.scan",
        "benchmarks.peers.jax_scan:NetworkInJax",
        "jax",
        MATHEMATICS | {"lengths_eager"},
    ),
    "gemm": Peer(
        "GEMM floor",
        "benchmarks.peers.matrix_products:MatrixProducts",
        "tensorflow",
        MATHEMATICS,
    ),
}
