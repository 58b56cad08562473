"""Looking inside while a model trains: `GradientFlow`, a callback of Keras's."""

import os
import time
import warnings
from copy import deepcopy
from typing import Any

import keras

from keras_rnn_explained import validation
from keras_rnn_explained.bptt import Gradients, backpropagate
from keras_rnn_explained.diagnosis import findings_of
from keras_rnn_explained.figures.wording import printable
from keras_rnn_explained.finding import chosen_layers, recurrent_layers
from keras_rnn_explained.training_log import CsvLog, TensorBoardLog, numbers_of

SHARE_OF_LOOKS = 0.02
"""The part of the training time that looks may take, unless `every` says how often to look."""

SHARE_OF_FIGURES = 0.02
"""The part of the training time that drawing figures may take besides."""

FIRST_FIGURE = 0.5
"""Seconds that the first figure is taken to cost: it loads matplotlib."""


class GradientFlow(keras.callbacks.Callback):
    """Follows the gradients of a model's recurrent layers while it trains.

    Now and then `backpropagate` takes the loss of one fixed batch back through time. What it sees
    is written to TensorBoard and to a CSV file, and at the moment at which something is first found
    to be wrong with a layer, a warning says so. Looking changes nothing: weights, optimizer, states
    and seeds, and so the course of the training, are bit by bit those without it.

    **How often.** By default it looks as often as its own measured cost allows: once the time spent
    on looks is less than 2 % of the training time so far, it looks again, and draws figures within
    another 2 %. On top come one look before the first batch, which prepares, and one after the
    last. With `every`, it looks after so many batches, whatever that costs.

    **What is written** for each look and layer, under the path of the layer: the loss of the fixed
    batch; the norms of the parameters' gradients (`kernel_gradient`, …); ‖∂L/∂a_t‖ at the first
    time step by that at the last (`first_to_last_error`; far below 1 the gradient vanishes, far
    above it explodes); the share of saturated states, with |a| > 0.99 of a tanh or as near to a
    bound of another bounded activation (`saturation`); the spectral radius of the recurrent kernel;
    and ‖∂L/∂a_t‖ at 0, 25, 50, 75 and 100 % of the way through time (`error_at_25`, …). TensorBoard
    also gets histograms of the states and of the logarithms of the summands' norms, the findings as
    text, and the gradient flow as a figure. The step, in the CSV file `batch`, is the optimizer's
    count of updates, which goes on through several `fit`s.

    **Other callbacks** get the same numbers with `to_logs`: they are then in the `logs` that Keras
    hands round at the end of each epoch, as `rnn/saturation` and so on. Keras's `CSVLogger`, the
    history of `fit` and the callbacks of experiment trackers read them there. Such a callback has
    to come after this one in the list of callbacks.

    **If something goes wrong** that could have been seen before training, it is an error before the
    first batch. A look that fails later (the disk is full, say) ends the looking with a warning,
    and the training goes on.

    A `stateful` layer starts the look from the state that training has left. Dropout is off in
    all looks.

    Args:
        x: Inputs of the fixed batch, as the model takes them. Some 8 to 64 samples are enough. They
            are copied.
        y: Their targets.
        every: Look after each so many training batches; `None` is as often as costs little.
        log_dir: Folder for TensorBoard, or `None`. It needs the extra `tensorboard`, and figures
            the extra `figures`.
        csv: Path of the CSV file, or `None`. It is whole after each look, also if the run is
            killed. A layer's name that a spreadsheet would take for a formula gets a `'` before it.
        append: Whether to go on with the CSV file if it is there; otherwise each `fit` replaces it.
        to_logs: Whether to add the numbers of the latest look to Keras's `logs` of each epoch.
        layer: Which layers, as in `backpropagate`; by default all recurrent ones.
        call: Which call of a layer that is called several times in one run: 0 is the first, -1 the
            last.
        loss: As in `backpropagate`; by default the one that the model was compiled with.
        sample_weight: As in `fit`.

    Raises:
        TypeError: If `every` is no number, `csv` or `log_dir` no path, or if x, y or
            `sample_weight` is no array.
        ValueError: If `every` is not positive, if x, y and `sample_weight` do not have the same
            number of samples, at least one, or if `csv` is no place for a file. When training
            begins: as `backpropagate`.
        ImportError: If `log_dir` is given and TensorBoard is not installed.
        OSError: When training begins, if `log_dir` or `csv` can't be written.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from keras_rnn_explained import ExplainedRNN
        >>> x, y = np.ones((8, 10, 3), "float32"), np.ones((8, 1), "float32")
        >>> model = keras.Sequential(
        ...     [keras.Input((10, 3)), ExplainedRNN(4, name="rnn"), keras.layers.Dense(1)]
        ... )
        >>> model.compile("adam", "mse")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     flow = GradientFlow(x, y, every=2, csv=f"{folder}/flow.csv")
        ...     _ = model.fit(x, y, batch_size=2, verbose=0, callbacks=[flow])
        ...     with open(f"{folder}/flow.csv") as file:
        ...         [line.split(",")[:3] for line in file]
        [['batch', 'epoch', 'layer'], ['0', '0', 'rnn'], ['2', '0', 'rnn'], ['4', '0', 'rnn']]
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        *,
        every: int | None = None,
        log_dir: str | os.PathLike[str] | None = None,
        csv: str | os.PathLike[str] | None = None,
        append: bool = False,
        to_logs: bool = False,
        layer: Any = None,
        call: int = 0,
        loss: Any = None,
        sample_weight: Any = None,
    ):
        super().__init__()
        self.every = None if every is None else validation.positive_integer("every", every)
        validation.same_samples(x=x, y=y, sample_weight=sample_weight)
        self.x, self.y, self.sample_weight = deepcopy((x, y, sample_weight))
        self.to_logs = to_logs
        self.layer, self.call, self.loss = layer, call, loss
        self._csv = None if csv is None else CsvLog(csv, append)
        self._tensorboard = None if log_dir is None else TensorBoardLog(log_dir)

    # Keras runs what follows a batch in another thread, beside the next one, if it is given a
    # callback that is not in a list. What precedes a batch it never does.
    def on_train_batch_begin(self, batch, logs=None):
        if self._is_due():
            self._look()
        self._batches_begun += 1

    def on_train_begin(self, logs=None):
        found = list(recurrent_layers(self.model).values())
        self._layers = list(chosen_layers(self.model, found if self.layer is None else self.layer))
        self._found: set[tuple[str, str]] = set()
        self._batches_begun = self._epoch = 0
        self._has_looked = self._has_failed = False
        # All that can be wrong with the model and the batch comes out here, before a file changes.
        self._backpropagate()
        for log in (self._tensorboard, self._csv):
            if log is not None:
                log.start()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        # Only now is the epoch's number known, and are weights back that another callback restores.
        if not self._has_looked:
            self._tell_all(self._write(self._step(), self._backpropagate()))
            self._looks, self._figures = _Pace(SHARE_OF_LOOKS), _Pace(SHARE_OF_FIGURES)
            self._figures.spent = FIRST_FIGURE

    def on_epoch_end(self, epoch, logs=None):
        if self.to_logs and logs is not None:
            logs.update(self._numbers)

    def on_train_end(self, logs=None):
        if self._has_looked and not self._has_failed and self._step() > self._seen_at:
            self._look(is_last=True)
        if self._tensorboard is not None:
            self._tensorboard.close()

    def _is_due(self) -> bool:
        if self._has_failed:
            return False
        if self.every is None:
            return self._looks.is_due() and self._step() > self._seen_at
        return self._step() >= self._seen_at + self.every

    def _step(self) -> int:
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # in training, Keras keeps variables elsewhere on JAX
        optimizer = getattr(self.model, "optimizer", None)
        return self._batches_begun if optimizer is None else int(optimizer.iterations)

    def _look(self, is_last: bool = False) -> None:
        """One look in the midst of training, which goes on even if the look fails."""
        step, start = self._step(), time.perf_counter()
        try:
            looks = self._backpropagate()
            findings = self._write(step, looks)
            self._looks.spent += time.perf_counter() - start
            self._draw(step, looks, is_last)
        except Exception as error:
            self._has_failed = True
            warnings.warn(
                f"GradientFlow stops looking, and the training goes on, for its look after batch "
                f"{step} failed: {type(error).__name__}: {error}",
                stacklevel=2,
            )
        else:
            self._tell_all(findings)

    def _backpropagate(self) -> dict[str, Gradients]:
        return backpropagate(
            self.model,
            self.x,
            self.y,
            self.loss,
            self._layers,
            sample_weight=self.sample_weight,
            call=self.call,
        )

    def _write(self, step: int, looks: dict[str, Gradients]) -> list[str]:
        """Writes a look down. Returns what was found for the first time, in words."""
        self._has_looked, self._seen_at = True, step
        if self._csv is not None:
            self._csv.write(step, self._epoch, looks)
        if self._tensorboard is not None:
            self._tensorboard.write(step, looks)
        if self.to_logs:
            self._numbers = {
                f"{layer}/{name}": value
                for layer, gradients in looks.items()
                for name, value in numbers_of(gradients).items()
                if value is not None
            }
        texts = []
        for layer, gradients in looks.items():
            for finding in findings_of(gradients):
                if (layer, finding.kind) in self._found:
                    continue
                self._found.add((layer, finding.kind))
                told = printable(f"After batch {step}: {finding.message()} {finding.advice()}")
                texts.append(told)
                if self._tensorboard is not None:
                    self._tensorboard.tell(step, layer, told)
        return texts

    def _draw(self, step: int, looks: dict[str, Gradients], is_last: bool) -> None:
        log = self._tensorboard
        if log is not None and log.draws and (is_last or self._figures.is_due()):
            start = time.perf_counter()
            log.draw(step, looks)
            self._figures.spent += time.perf_counter() - start

    def _tell_all(self, texts: list[str]) -> None:
        # Apart from looking: who makes warnings errors wants training to end here.
        for text in texts:
            warnings.warn(text, stacklevel=2)


class _Pace:
    """Lets something be done as long as it takes no more than a share of the time."""

    def __init__(self, share: float):
        self.share = share
        self.spent = 0.0
        self.start = time.perf_counter()

    def is_due(self) -> bool:
        return self.spent <= self.share * (time.perf_counter() - self.start)
