"""A simple recurrent layer for Keras in which nothing is hidden."""

from keras_rnn_explained.layer import ExplainedRNN

__all__ = ["ExplainedRNN"]
