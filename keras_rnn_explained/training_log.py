"""What is written of a look at a model in training: numbers, to CSV and to TensorBoard."""

import errno
import os
import re
import warnings
from collections.abc import Mapping
from csv import DictWriter, reader
from html import escape
from io import BytesIO, StringIO
from typing import Any

import numpy as np

from keras_rnn_explained.bptt import PARAMETERS, Gradients
from keras_rnn_explained.diagnosis import BOUNDS, SATURATED
from keras_rnn_explained.files import written_whole
from keras_rnn_explained.installation import load_tensorflow
from keras_rnn_explained.naming import path_of, without_frame

PLACES = (0, 25, 50, 75, 100)
"""Where along time the error's norm is written: in percent of the way from first to last step."""

SCALARS = (
    *(f"{parameter}_gradient" for parameter in PARAMETERS),
    "first_to_last_error",
    "saturation",
    "spectral_radius",
    *(f"error_at_{place}" for place in PLACES),
)

COLUMNS = ("batch", "epoch", "layer", "loss", *SCALARS, "time_steps")

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def scalars_of(gradients: Gradients) -> dict[str, float | None]:
    """The numbers of a look at one layer.

    Args:
        gradients: Of `backpropagate`.

    Returns:
        By name, in the order of `SCALARS`: the norm of each parameter's gradient (`None` without a
        bias); ‖∂L/∂a_t‖ at the first time step by that at the last; the share of states, masked
        time steps aside, that are saturated (`None` unless the activation is bounded, as tanh and
        sigmoid are); the spectral radius of the recurrent kernel; ‖∂L/∂a_t‖ at the time steps of
        `PLACES`. Norms are over batch and units.

    Examples:
        >>> from keras_rnn_explained import ExplainedRNN, backpropagate
        >>> layer = ExplainedRNN(4, activation="relu")
        >>> x, y = np.ones((2, 10, 3), "float32"), np.ones((2, 4), "float32")
        >>> scalars = scalars_of(backpropagate(layer, x, y, loss="mse"))
        >>> scalars["saturation"], round(scalars["spectral_radius"], 3)
        (None, 1.0)
    """
    parameters = {name: getattr(gradients, name) for name in PARAMETERS}
    error = _norm(gradients.error, axis=(0, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        first_to_last = float(error[0] / error[-1])
    values = (
        *(None if array is None else float(_norm(array)) for array in parameters.values()),
        first_to_last,
        _saturation(gradients.unfolding),
        gradients.spectral_radius,
        *(float(error[round(place / 100 * (len(error) - 1))]) for place in PLACES),
    )
    return dict(zip(SCALARS, values, strict=True))


def numbers_of(gradients: Gradients) -> dict[str, float | None]:
    """The loss, and what `scalars_of` gives."""
    return {"loss": gradients.loss, **scalars_of(gradients)}


def _norm(array, axis=None):
    array = np.asarray(array, "float64")
    return np.sqrt(np.sum(np.square(array), axis=axis))


def _saturation(unfolding) -> float | None:
    if unfolding.activation not in BOUNDS:
        return None
    low, high = BOUNDS[unfolding.activation]
    near = SATURATED * (high - low)
    at_bound = (unfolding.state > high - near) | (unfolding.state < low + near)
    if unfolding.mask is not None:
        mask = unfolding.mask if unfolding.mask.ndim == 3 else unfolding.mask[..., None]
        at_bound = at_bound[np.broadcast_to(mask, at_bound.shape)]
    return float(at_bound.mean()) if at_bound.size else None


class CsvLog:
    """A CSV file with one row for each look and layer, whole after each of them.

    Args:
        path: The file.
        append: Whether to go on with a file that is there instead of replacing it.

    Raises:
        ValueError: If `path` is no file, or in no folder.
    """

    def __init__(self, path: str | os.PathLike[str], append: bool):
        self.path = path_of("csv", path)
        self.append = append
        if self.path.is_dir():
            raise ValueError(f"`csv` must be the path of a file, got the folder {str(path)!r}.")
        if self.path.exists() and not self.path.is_file():
            raise ValueError(
                f"`csv` must be the path of a file, got the device or pipe {str(path)!r}."
            )
        if not self.path.parent.is_dir():
            raise ValueError(
                f"`csv` {str(path)!r} can't be written, for there is no folder "
                f"{str(self.path.parent)!r}. Create it first."
            )

    def start(self) -> None:
        """Makes the file ready for rows.

        Raises:
            OSError: If it can't be written.
            ValueError: If a file to append to has other columns.
        """
        if self.append and self.path.exists() and self.path.stat().st_size:
            with self.path.open(newline="", encoding="utf-8", errors="replace") as file:
                header = next(reader(file))
            if header != list(COLUMNS):
                raise ValueError(
                    f"`csv` {str(self.path)!r} has the columns {', '.join(header)}, so rows of "
                    f"{', '.join(COLUMNS)} can't be appended. Choose another file."
                )
            if not self.path.read_bytes().endswith(b"\n"):
                self._append("\n")
            return
        with written_whole(self.path) as unfinished:
            unfinished.write_text(_lines([], header=True), encoding="utf-8", newline="")

    def write(self, batch: int, epoch: int, looks: Mapping[str, Gradients]) -> None:
        """Appends a row for each layer.

        Args:
            batch: How many batches were trained on before.
            epoch: Number of the epoch.
            looks: Gradients by path of the layer.

        Raises:
            OSError: If it can't be written; the file then is as it was.
        """
        rows = [
            {
                "batch": batch,
                "epoch": epoch,
                # A spreadsheet would compute what starts like a formula.
                "layer": f"'{layer}" if layer.startswith(FORMULA_SIGNS) else layer,
                **numbers_of(gradients),
                "time_steps": gradients.unfolding.time,
            }
            for layer, gradients in looks.items()
        ]
        self._append(_lines(rows))

    def _append(self, text: str) -> None:
        # Past Python's buffer, in one piece: a run that is killed leaves whole rows. Opened each
        # time, for nothing tells a callback that training was interrupted.
        data = text.encode("utf-8", "backslashreplace")
        with self.path.open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            written = file.write(data)
            if written != len(data):
                file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))


def _lines(rows, header=False) -> str:
    text = StringIO()
    writer = DictWriter(text, COLUMNS, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _in_markdown(text: str) -> str:
    """A text so that Markdown shows it, links and pictures from elsewhere included, as it is."""
    return re.sub(r"([\\`*_\[\]])", r"\\\1", escape(" ".join(text.split()), quote=False))


class TensorBoardLog:
    """TensorBoard's files of the looks. Names begin with the path of the layer.

    TensorFlow writes them, whatever Keras runs on.

    Args:
        log_dir: The folder; it is made where there is none.

    Raises:
        ImportError: If TensorBoard or TensorFlow is not installed.
    """

    def __init__(self, log_dir: str | os.PathLike[str]):
        path_of("log_dir", log_dir)
        self.log_dir = os.fspath(log_dir)
        self.draws = True
        self._writer: Any = None
        try:
            import tensorboard.summary.v2  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "`log_dir` needs TensorBoard, which is not installed. Install it with "
                "`pip install 'keras_rnn_explained[tensorboard]'`, or give `csv` alone."
            ) from error
        self._tf = load_tensorflow()

    def start(self) -> None:
        """Begins a file.

        Raises:
            OSError: If it can't be written.
        """
        self.close()
        try:
            self._writer = self._tf.summary.create_file_writer(self.log_dir)
        except self._tf.errors.OpError as error:
            told = without_frame(error.message)
            raise OSError(f"`log_dir` {self.log_dir!r} can't be written: {told}") from None

    def write(self, batch: int, looks: Mapping[str, Gradients]) -> None:
        """Writes scalars, and histograms of the states and of the summands' norms.

        Args:
            batch: How many batches were trained on before.
            looks: Gradients by path of the layer.
        """
        with self._writer.as_default(step=batch):
            for layer, gradients in looks.items():
                for name, value in numbers_of(gradients).items():
                    if value is not None:
                        self._tf.summary.scalar(f"{layer}/{name}", value)
                self._histogram(f"{layer}/states", gradients.unfolding.state)
                for parameter in PARAMETERS:
                    if getattr(gradients, parameter) is not None:
                        norms = gradients.summand_norms(parameter)
                        # They are of many orders, in which equal buckets would show the largest.
                        orders = np.log10(norms, where=norms > 0, out=np.full(len(norms), np.nan))
                        self._histogram(f"{layer}/log10_summand_norms/{parameter}", orders)
        self._writer.flush()

    def draw(self, batch: int, looks: Mapping[str, Gradients]) -> None:
        """Draws the gradient flow. If that can't be done, a warning says so and no more is drawn.

        Args:
            batch: How many batches were trained on before.
            looks: Gradients by path of the layer.
        """
        try:
            images = {layer: self._image_of(gradients) for layer, gradients in looks.items()}
        except Exception as error:
            self.draws = False
            warnings.warn(
                f"GradientFlow writes no figures, but all else: {type(error).__name__}: {error}",
                stacklevel=2,
            )
            return
        with self._writer.as_default(step=batch):
            for layer, image in images.items():
                self._tf.summary.image(f"{layer}/gradient_flow", image)
        self._writer.flush()

    def tell(self, batch: int, layer: str, text: str) -> None:
        """Writes a text.

        Args:
            batch: How many batches were trained on before.
            layer: Path of the layer that it is about.
            text: The text. It is shown as it is, although TensorBoard reads Markdown.
        """
        with self._writer.as_default(step=batch):
            self._tf.summary.text(f"{layer}/findings", _in_markdown(text))
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _histogram(self, name, values):
        finite = values[np.isfinite(values)]
        if finite.size:
            self._tf.summary.histogram(name, finite)

    def _image_of(self, gradients):
        """The figure of the gradient flow as pixels, `(1, height, width, 4)`."""
        from keras_rnn_explained import figures

        png = BytesIO()
        figures.gradient_flow(gradients).savefig(png, format="png")
        return self._tf.io.decode_png(png.getvalue(), channels=4)[None]
