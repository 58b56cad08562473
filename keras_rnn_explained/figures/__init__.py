"""Drawings of a recurrent layer and of what it did. They need matplotlib, the extra `figures`.

Every function gives back the `matplotlib.figure.Figure`, writes it where it is given a path, and
labels it in English or Japanese. `svg` turns a figure into a string to put into a page.
"""

from keras_rnn_explained.figures.beside import dense_beside_recurrent
from keras_rnn_explained.figures.cells import cell
from keras_rnn_explained.figures.consecutive import consecutive_steps
from keras_rnn_explained.figures.drawing import load_matplotlib
from keras_rnn_explained.figures.flows import gradient_flow
from keras_rnn_explained.figures.folded import folded_and_unfolded
from keras_rnn_explained.figures.spectra import recurrent_spectrum
from keras_rnn_explained.figures.states import state_map
from keras_rnn_explained.figures.summands import gradient_summands
from keras_rnn_explained.figures.window import unfolded_window
from keras_rnn_explained.figures.writing import check_path, svg

__all__ = [
    "cell",
    "check_path",
    "consecutive_steps",
    "dense_beside_recurrent",
    "folded_and_unfolded",
    "gradient_flow",
    "gradient_summands",
    "load_matplotlib",
    "recurrent_spectrum",
    "state_map",
    "svg",
    "unfolded_window",
]
