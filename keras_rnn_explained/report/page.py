"""The page itself: template, style and script put together, and everything from users escaped."""

import base64
import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import Any

from keras_rnn_explained.figures.wording import decimals, printable
from keras_rnn_explained.finding import descendants

MOST_ROWS = 60
"""So many layers of a model are listed at most."""


@dataclass(frozen=True)
class About:
    """What a model is.

    Attributes:
        name: Its name.
        kind: Its class.
        layers: Path, class and number of weights of its layers, and whether each is recurrent.
        left_out: How many more there are.
        weights: How many numbers all of its weights are.
        shapes: Of its inputs.
    """

    name: str
    kind: str
    layers: list[tuple[str, str, int, bool]]
    left_out: int
    weights: int
    shapes: list[str]

    @classmethod
    def of(cls, model: Any, shapes: list[tuple[int, ...]], recurrent: list[str]) -> "About":
        """Of a Keras model or layer."""
        layers = [
            (path, type(layer).__name__, _count(layer), path in recurrent)
            for path, layer in (list(descendants(model)) or [(model.name, model)])
        ]
        return cls(
            name=model.name,
            kind=type(model).__name__,
            layers=layers[:MOST_ROWS],
            left_out=max(0, len(layers) - MOST_ROWS),
            weights=_count(model),
            shapes=[" × ".join(map(str, shape)) for shape in shapes],
        )


def render(texts: dict[str, str], language: str, **content: Any) -> str:
    """The page as a string."""
    style, script = _file("page.css"), _file("page.js")
    template = _environment().get_template("page.html")
    return printable(
        template.render(
            t=texts,
            language=language,
            style=style,
            script=script,
            style_hash=_hash(style),
            script_hash=_hash(script),
            **content,
        )
    )


def frame(figure: Any) -> dict[str, float]:
    """Where in a heat map's SVG its axes stand, in its own units, and which times they span."""
    axes = next(axes for axes in figure.axes if axes.images)
    width, height = (72 * size for size in figure.get_size_inches())
    place = axes.get_position()
    first, last = axes.get_xlim()
    return {
        "left": round(place.x0 * width, 2),
        "right": round(place.x1 * width, 2),
        "top": round((1 - place.y1) * height, 2),
        "bottom": round((1 - place.y0) * height, 2),
        "first": float(first),
        "last": float(last),
    }


def island(section: dict[str, Any], texts: dict[str, str]) -> str:
    """A layer's numbers for the script, as JSON that no HTML parser takes for anything else."""
    numbers, u = section["numbers"], section["unfolding"]
    data = {
        "time": u.time,
        "steps": numbers.steps,
        "samples": numbers.samples,
        "units": numbers.units,
        "features": numbers.features,
        "numbers": numbers.packed(),
        "bias": numbers.bias,
        "masked": numbers.masked,
        "frames": [each["frame"] for each in section["maps"]],
        "activation": u.activation,
        "texts": {
            name.removeprefix("live_"): text
            for name, text in texts.items()
            if name.startswith("live_")
        },
    }
    return _harmless(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _harmless(text: str) -> str:
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


@cache
def _environment() -> Any:
    jinja2 = import_module("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["decimals"] = decimals
    environment.globals["island"] = island
    return environment


@cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _count(layer: Any) -> int:
    return sum(math.prod(weight.shape) for weight in layer.weights)
