"""Figures, drawn by the package itself."""

from typing import Any

from keras_rnn_explained import figures


def shown(language: str, drawing: Any, name: str, caption: str = "") -> str:
    """A figure as part of a page.

    Args:
        language: Of the page.
        drawing: A figure, or the name of a function of `keras_rnn_explained.figures` that needs no
            more than the language.
        name: What a screen reader says of it.
        caption: Below it, in Markdown.
    """
    figure = getattr(figures, drawing)(language) if isinstance(drawing, str) else drawing
    below = f'<figcaption markdown="span">{caption}</figcaption>' if caption else ""
    return f'<figure class="drawn" markdown="1">{figures.svg(figure, name=name)}\n{below}</figure>'
