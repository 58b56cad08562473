"""The network that `rnn-explained demo` trains, and the page that it writes about it."""

from html import escape

from docs_build import demo


def report(language: str, here: str, title: str, link: str) -> str:
    """The page within this one, and a link to it.

    It is as large as all the rest, so it is loaded for those who open it.

    Args:
        language: Of the page.
        here: What to press to see it.
        title: What a screen reader says of it.
        link: Text of the link.
    """
    return (
        f'<details class="example"><summary>{escape(here)}</summary>\n'
        f'<iframe class="embedded" src="{demo.PAGE}" title="{escape(title)}" loading="lazy">'
        f'</iframe></details>\n<p><a href="{demo.PAGE}">{escape(link)}</a></p>'
    )


def window(language: str) -> str:
    """How many years the network reads."""
    return str(demo.WINDOW)


def epochs(language: str) -> str:
    """How often it goes through the data that it is trained on."""
    return str(demo.EPOCHS)


def error(language: str, forecast: str) -> str:
    """Root-mean-square error on the years that were not trained on.

    Args:
        language: Of the page.
        forecast: As in `Demonstration.errors`.
    """
    *_, result = demo.trained()
    return f"{result.errors[forecast]:.1f}"


def largest_gradient_difference(language: str) -> str:
    """How far the gradients of the two layers are apart, relative to their size."""
    *_, result = demo.trained()
    largest = max(each.relative for each in result.differences if "gradient" in each.what)
    digits, exponent = f"{largest:.0e}".split("e")
    return f"{digits}·10<sup>{int(exponent)}</sup>"
