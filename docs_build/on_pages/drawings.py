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
    # By keyboard, too, a reader gets to the end of one that is wider than the window.
    width = f"--width: {72 * figure.get_figwidth():.0f}pt"
    start = f'<figure class="drawn" style="{width}" tabindex="0" markdown="1">'
    return f"{start}{figures.svg(figure, name=name)}\n{below}</figure>"
