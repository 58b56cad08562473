"""One self-contained HTML page about a model on data. It needs the extra `figures`."""

from keras_rnn_explained.report.explaining import check_path, explain, load_jinja

__all__ = ["check_path", "explain", "load_jinja"]
