"""What the package says on a backend that it does not run on."""

from unittest import mock

import keras

from keras_rnn_explained import ExplainedRNN


def refusal(language: str, backend: str) -> str:
    """The error that the layer gives where Keras runs on this backend."""
    with mock.patch.object(keras.backend, "backend", return_value=backend):
        try:
            ExplainedRNN(16)
        except RuntimeError as error:
            return f"```text\nRuntimeError: {error}\n```"
    raise AssertionError(f"the layer does not refuse {backend}")
