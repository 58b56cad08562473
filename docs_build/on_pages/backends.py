"""What the package says on a backend that it does not run on, and how fast it is on the others."""

from unittest import mock

import keras

from benchmarks import backends
from docs_build.numbers import rounded
from keras_rnn_explained import ExplainedRNN

NAMES = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}

TEXTS = {
    "en": {"backend": "backend", "device": "device"},
    "ja": {"backend": "バックエンド", "device": "デバイス"},
}


def speed(language: str) -> str:
    """Milliseconds of a training step of `SimpleRNN` and ours, by shape, on what was measured."""
    texts, shapes = TEXTS[language], [str(case) for case in backends.CASES]
    rows = [
        [
            f"{NAMES[one['backend']]} {one['versions'][one['backend']]}",
            one["device"],
            *(
                f"{rounded(one['milliseconds'][shape]['simple_rnn'])} → "
                f"{rounded(one['milliseconds'][shape]['ours'])}"
                for shape in shapes
            ),
        ]
        for one in backends.results()
    ]
    head = [texts["backend"], texts["device"], *shapes]
    lines = [head, [":--", ":--", *["--:"] * len(shapes)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def refusal(language: str, backend: str) -> str:
    """The error that the layer gives where Keras runs on this backend."""
    with mock.patch.object(keras.backend, "backend", return_value=backend):
        try:
            ExplainedRNN(16)
        except RuntimeError as error:
            return f"```text\nRuntimeError: {error}\n```"
    raise AssertionError(f"the layer does not refuse {backend}")
