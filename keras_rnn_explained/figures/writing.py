"""Figures as files, and as SVG to put into a page."""

import hashlib
import os
import re
import warnings
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any
from xml.etree import ElementTree  # nosec B405

from keras_rnn_explained.figures.drawing import (
    GREY,
    GROUND,
    INK,
    JAPANESE,
    LATIN,
    LIGHT,
    PAPER,
    load_matplotlib,
)
from keras_rnn_explained.figures.wording import printable
from keras_rnn_explained.files import written_whole
from keras_rnn_explained.naming import kind_of, path_of

SUFFIXES = (".svg", ".png")
"""What a figure can be written as."""

# By role: the colour on a light page and that on a dark one.
TURNING = {
    "ink": (INK, "#ECECEC"),
    "grey": (GREY, "#ABABAB"),
    "light": (LIGHT, "#4A4A4A"),
    "paper": (PAPER, "#262626"),
    "ground": (GROUND, "#181818"),
}

FAMILIES = ", ".join(repr(name) for name in (LATIN, "Verdana", *JAPANESE)) + ", sans-serif"

_ONE_AT_A_TIME = Lock()
"""Matplotlib's settings and Python's filters of warnings are those of all threads."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"


def check_path(path: str | os.PathLike[str]) -> None:
    """Checks that a figure can be written as `path`.

    Raises:
        TypeError: If it is no path.
        ValueError: If the suffix is not one of `SUFFIXES`.
    """
    if path_of("path", path).suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"`path` must end in {' or '.join(SUFFIXES)}, which says what to write; got {path!s}."
        )


def svg(figure: Any, name: str | None = None, prefix: str | None = None) -> str:
    """A figure as an `<svg>` element to put into an HTML page.

    Its text stays text and its background is that of the page. Ink, greys and paper are CSS custom
    properties that a page may set, as for dark readers; the names and the colours without them are

        --figure-ink #1A1A1A       --figure-grey #5F5F5F      --figure-light #C9C9C9
        --figure-paper #F5F5F5     --figure-ground #FFFFFF

    There are no style sheets or attributes in it, so a strict content security policy lets it
    through; heat maps are PNG images in `data:` addresses, which the policy must allow
    (`img-src data:`).

    Args:
        figure: What one of the figures' functions gives back, or any `matplotlib.figure.Figure`.
        name: What a screen reader calls it; by default the figure's title.
        prefix: What the ids in it begin with; by default, a digest of the figure and its name.

    Raises:
        TypeError: If `figure` is no matplotlib figure.
        ValueError: If `prefix` is not letters, digits and hyphens, a letter first.

    Examples:
        >>> from keras_rnn_explained.figures import cell
        >>> element = svg(cell(), name="The cell")
        >>> element.startswith("<svg") and "<title" in element
        True
        >>> "var(--figure-ink, #1A1A1A)" in element
        True
    """
    matplotlib = load_matplotlib()
    if not isinstance(figure, matplotlib.figure.Figure):
        raise TypeError(f"`figure` must be a matplotlib figure, got {kind_of(figure)}.")
    if prefix is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", str(prefix)):
        raise ValueError(
            f"`prefix` must be letters, digits and hyphens, a letter first; got {prefix!r}."
        )
    root = _tree(matplotlib, figure, transparent=True)
    _name(root, figure.get_label() if name is None else name)
    if prefix is None:
        prefix = "figure-" + hashlib.sha256(ElementTree.tostring(root)).hexdigest()[:10]
    _identify(root, prefix)
    _shorten(root)
    for element in root.iter():
        for attribute in ("fill", "stroke"):
            for role, (light, _) in TURNING.items():
                if element.get(attribute, "").upper() == light:
                    element.set(attribute, f"var(--figure-{role}, {light})")
    return ElementTree.tostring(root, encoding="unicode")


def finished(figure: Any, path: str | os.PathLike[str] | None) -> Any:
    """The figure, once it is written, if there is a `path`."""
    if path is not None:
        write(figure, Path(path))
    return figure


def write(figure: Any, path: Path) -> None:
    """Writes a figure, whole or not at all.

    Raises:
        OSError: If `path` can't be written.
    """
    with written_whole(path) as unfinished, unfinished.open("wb") as file:
        if path.suffix.lower() == ".svg":
            file.write(_svg_file(load_matplotlib(), figure))
        else:
            figure.savefig(file, format="png", dpi=160)


def _svg_file(matplotlib: Any, figure: Any) -> bytes:
    """A whole SVG file.

    It has plain colours, which any program reads, and a style sheet by which a browser turns them
    round for readers who prefer dark pages.
    """
    root = _tree(matplotlib, figure, transparent=False)
    _name(root, figure.get_label())
    _identify(root, "figure")
    _shorten(root)
    rules = "".join(
        f'[{attribute}="{light.lower()}"]{{{attribute}:{dark}}}'
        for light, dark in TURNING.values()
        for attribute in ("fill", "stroke")
    )
    style = ElementTree.Element("style")
    style.text = f"@media (prefers-color-scheme:dark){{{rules}}}"
    root.insert(1, style)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _tree(matplotlib: Any, figure: Any, transparent: bool) -> ElementTree.Element:
    """Matplotlib's SVG, in attributes that need neither style sheets nor names of their own."""
    # Text stays text, and the same figure gives the same file: fixed ids, no date.
    settings = {"svg.fonttype": "none", "svg.hashsalt": "keras_rnn_explained"}
    empty = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    file = BytesIO()
    with _ONE_AT_A_TIME, matplotlib.rc_context(settings), warnings.catch_warnings():
        # The reader's browser has fonts of its own.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(file, format="svg", metadata=empty, transparent=transparent)
    # It reads what matplotlib wrote just now, and nothing of a stranger's.
    root = ElementTree.fromstring(file.getvalue())  # noqa: S314  # nosec B314
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        element.tail = None
        if element.tag != "text":
            element.text = element.text and element.text.strip()
        for declaration in element.attrib.pop("style", "").split(";"):
            attribute, _, value = declaration.partition(":")
            if value and attribute.strip() != "font-family":
                element.set(attribute.strip(), value.strip())
        if f"{{{_XLINK}}}href" in element.attrib:
            element.set("xlink:href", element.attrib.pop(f"{{{_XLINK}}}href"))
    for parent in list(root.iter()):
        for child in list(parent):
            # Matplotlib's only style sheet speaks of "*", which in a page would be everything.
            if child.tag in ("style", "metadata") or (child.tag == "defs" and not len(child)):
                parent.remove(child)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == "defs" and not len(child):
                parent.remove(child)
    root.attrib.update(
        {
            "xmlns": _SVG,
            "xmlns:xlink": _XLINK,
            "stroke-linejoin": "round",
            "stroke-linecap": "butt",
            "font-family": FAMILIES,
        }
    )
    return root


def _shorten(root: ElementTree.Element) -> None:
    """Leaves out what can't be seen: groups, and digits beyond a hundredth of a point."""
    for parent in reversed(list(root.iter())):
        parent[:] = [
            element
            for child in parent
            for element in ([child] if child.tag != "g" or child.attrib else child)
        ]
    for element in root.iter():
        for attribute in ("d", "x", "y"):
            if attribute in element.attrib:
                short = re.sub(r"-?\d+\.\d+", _rounded, element.attrib[attribute])
                element.set(attribute, " ".join(short.split()))
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _name(root: ElementTree.Element, name: str) -> None:
    """Says what the picture is of, to those who can't see it."""
    title = ElementTree.Element("title", {"id": "title"})
    title.text = printable(name)
    root.insert(0, title)
    root.attrib.update({"role": "img", "aria-labelledby": "title"})


def _identify(root: ElementTree.Element, prefix: str) -> None:
    """Leaves the ids that something refers to, and sets them apart from those of other figures."""
    used: list[str] = []
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute == "xlink:href" and value.startswith("#"):
                used.append(value[1:])
            used += re.findall(r"url\(#([^)]+)\)", value)
    known = {one: f"{prefix}-{number}" for number, one in enumerate(dict.fromkeys(used))}
    known["title"] = f"{prefix}-title"
    for element in root.iter():
        for attribute, value in list(element.attrib.items()):
            if attribute == "id":
                del element.attrib["id"]
                if value in known:
                    element.set("id", known[value])
            elif attribute == "aria-labelledby":
                element.set(attribute, known[value])
            elif attribute == "xlink:href" and value.startswith("#"):
                element.set(attribute, f"#{known[value[1:]]}")
            elif "url(#" in value:
                element.set(attribute, f"url(#{known[value[len('url(#') : -1]]})")
