"""From a model and data to a page: what is computed, in which order, and how it is written."""

import os
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from keras_rnn_explained import figures
from keras_rnn_explained.bptt import Gradients, backpropagate
from keras_rnn_explained.diagnosis import findings_of
from keras_rnn_explained.files import written_whole
from keras_rnn_explained.finding import chosen_layers, recurrent_layers
from keras_rnn_explained.naming import kind_of, path_of
from keras_rnn_explained.recording import recording
from keras_rnn_explained.report import page
from keras_rnn_explained.report.numbers import numbers_of
from keras_rnn_explained.report.texts import texts_in
from keras_rnn_explained.unfolding import Look, Unfolding, unfold

MOST_LAYERS = 4
"""Of how many recurrent layers there is a section at most."""

WINDOW_STEPS = 3
"""So many time steps side by side are as wide as the page."""

Progress = Callable[[float, str], Any]


def explain(
    model: Any,
    x: Any,
    y: Any = None,
    path: str | os.PathLike[str] = "report.html",
    *,
    loss: Any = None,
    layer: Any = None,
    sample_weight: Any = None,
    language: str = "en",
    title: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Writes one HTML page that explains a model on data. It opens offline; nothing is loaded.

    For each recurrent layer it shows the three parameters, every time step with the numbers that
    ran, where the gradient of each parameter came from, and what is wrong, if anything is. Nothing
    about the model changes.

    Args:
        model: A built model with an `ExplainedRNN` or a `SimpleRNN`, or such a layer alone.
        x: The model's input; for a layer alone `(batch, time, features)`. A batch of 32 is plenty.
        y: The targets, as in `fit`. Without targets and `loss`, the page has no gradients.
        path: The file to write. One of that name is replaced, once the new one is complete.
        loss: See `backpropagate`.
        layer: A layer, its name or path, or a list of these; `None` is all, of which the first four
            are shown.
        sample_weight: As in `fit`.
        language: `"en"` or `"ja"`.
        title: Heading of the page, in place of the model's name.
        progress: Called now and then with the part that is done, 0 to 1, and what comes next.

    Returns:
        The path.

    Raises:
        TypeError: If `model` is no model or layer, `path` no path, or `progress` no function.
        ValueError: As `backpropagate`, and if `language` is none of the above, or `path` does not
            end in .html or .htm.
        ImportError: If matplotlib or Jinja is not installed.
        OSError: If `path` can't be written; this is found before the work starts.

    Examples:
        >>> import tempfile
        >>> from keras_rnn_explained import ExplainedRNN
        >>> x, y = np.ones((2, 10, 3), "float32"), np.ones((2, 4), "float32")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     written = explain(ExplainedRNN(4), x, y, f"{folder}/report.html", loss="mse")
        ...     written.read_text(encoding="utf-8")[:15]
        '<!doctype html>'
    """
    texts = texts_in(language)
    path = check_path(path)
    if not (progress is None or callable(progress)):
        raise TypeError(f"`progress` must be a function or `None`, got {kind_of(progress)}.")
    figures.load_matplotlib()
    load_jinja()
    say = progress or (lambda fraction, text: None)
    found = chosen_layers(model, list(recurrent_layers(model)) if layer is None else layer)
    shown = list(found)[:MOST_LAYERS]
    say(0.0, texts["progress_run"])
    calls = _calls(model, x, shown)
    uncalled = [name for name in shown if not calls[name]]
    called = [name for name in shown if calls[name]]
    with_gradients = y is not None or loss is not None

    def looked_at(layers: list[str], call: int | None) -> dict[str, Any]:
        if with_gradients:
            return backpropagate(model, x, y, loss, layers, sample_weight=sample_weight, call=call)
        return unfold(model, x, layers, call=call)

    once = [name for name in called if calls[name] == 1]
    looks = looked_at(once, None) if once else {}
    for name in called:
        if calls[name] > 1:
            looks |= looked_at([name], 0)
    sections = []
    for place, name in enumerate(called):

        def say_of_layer(fraction: float, text: str, place: int = place) -> None:
            say(0.2 + 0.75 * (place + fraction) / len(called), text)

        sections.append(
            _section(
                looks[name], f"layer-{place}", calls[name], len(called), language, say_of_layer
            )
        )
    say(0.95, texts["progress_write"])
    html = page.render(
        texts,
        language=language,
        title=title or texts["title"].format(model=model.name),
        model=_about(model, x, list(recurrent_layers(model))),
        sections=sections,
        left_out=len(found) - len(shown),
        uncalled=uncalled,
        cell=figures.svg(figures.cell(language), prefix="cell"),
        with_gradients=with_gradients,
    )
    with written_whole(path) as unfinished:
        unfinished.write_text(html, encoding="utf-8")
    say(1.0, texts["progress_done"].format(path=path))
    return path


def load_jinja() -> Any:
    """The `jinja2` package, which makes the page.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        return import_module("jinja2")
    except ImportError as error:
        raise ImportError(
            "The page needs Jinja, which is not installed. Install it with "
            "`pip install 'keras_rnn_explained[figures]'`."
        ) from error


def check_path(path: str | os.PathLike[str]) -> Path:
    """Checks that a page can be written as `path`, before anything is computed.

    Raises:
        TypeError: If it is no path.
        ValueError: If it does not end in .html or .htm.
        OSError: If not: the folder is missing, `path` is a folder, or can't be written.
    """
    path = path_of("path", path)
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file, but {path} is a folder.")
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"`path` must end in .html, which is what is written; got {path}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"`path` must be in a folder that exists, but there is no folder {path.parent}."
        )
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise PermissionError(
            f"`path` must be in a folder that can be written to; {path.parent} can't "
            f"({error.strerror})."
        ) from error
    return path


def _calls(model: Any, x: Any, names: list[str]) -> dict[str, int]:
    """How often the model calls each of its layers in one run."""
    look = Look(model, x, names)
    with keras.StatelessScope(), recording() as calls:
        look.run(training=False)
    return {name: sum(call.layer is layer for call in calls) for name, layer in look.layers.items()}


def _section(
    look: Any, prefix: str, calls: int, layers: int, language: str, say: Progress
) -> dict[str, Any]:
    """What the page says of one layer."""
    texts = texts_in(language)
    gradients = look if isinstance(look, Gradients) else None
    u: Unfolding = look.unfolding if isinstance(look, Gradients) else look
    name = {"layer": u.layer}
    say(0.0, texts["progress_steps"].format(**name))
    numbers = numbers_of(u, layers)
    maps = []
    for sample in numbers.samples:
        figure = figures.state_map(u, sample, language)
        maps.append(
            {
                "svg": figures.svg(figure, prefix=f"{prefix}-map-{sample}"),
                "frame": page.frame(figure),
            }
        )
    window = figures.unfolded_window(u, steps=WINDOW_STEPS, language=language)
    section = {
        "prefix": prefix,
        "unfolding": u,
        "calls": calls,
        "numbers": numbers,
        "maps": maps,
        "window": figures.svg(window, prefix=f"{prefix}-window"),
        "spectrum": figures.svg(
            figures.recurrent_spectrum(look, language), prefix=f"{prefix}-spectrum"
        ),
        "gradients": gradients,
        "findings": None,
    }
    if gradients is not None:
        say(0.3, texts["progress_summands"].format(**name))
        summands = figures.gradient_summands(gradients, language)
        section["summands"] = figures.svg(summands, prefix=f"{prefix}-summands")
        say(0.5, texts["progress_flow"].format(**name))
        flow = figures.gradient_flow(gradients.flow(), language)
        section["flow"] = figures.svg(flow, prefix=f"{prefix}-flow")
        section["norms"] = [
            (parameter, float(np.linalg.norm(np.asarray(gradient, "float64"))))
            for parameter, gradient in _parameters(gradients)
        ]
        say(0.8, texts["progress_findings"].format(**name))
        section["findings"] = [
            {
                "message": finding.message(language),
                "advice": finding.advice(language),
                "source": finding.source,
            }
            for finding in findings_of(gradients)
        ]
    return section


def _parameters(gradients: Gradients) -> Iterator[tuple[str, Any]]:
    for name in ("kernel", "recurrent_kernel", "bias"):
        if getattr(gradients, name) is not None:
            yield name, getattr(gradients, name)


def _about(model: Any, x: Any, recurrent: list[str]) -> page.About:
    shapes = [tuple(np.shape(array)) for array in tree.flatten(x)]
    return page.About.of(model, shapes, recurrent)
