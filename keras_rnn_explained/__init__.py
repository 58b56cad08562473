"""A simple recurrent layer for Keras in which nothing is hidden."""

import sys
from pathlib import PurePath

__all__ = ["ExplainedRNN", "Unfolding", "unfold"]

# Importing the package makes the layer known to Keras, so that saved models can be loaded. Only the
# command `rnn-explained` waits: it reads its arguments before it starts TensorFlow.
_program = PurePath(sys.argv[0]).stem if sys.argv else ""
if _program not in ("rnn-explained", "-m"):  # "-m" stands there while Python looks for __main__.py
    from keras_rnn_explained.layer import ExplainedRNN
    from keras_rnn_explained.unfolding import Unfolding, unfold
