"""What is known of a thing, as a list of names and values that a narrow screen has room for."""

from collections.abc import Iterable


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A description list; names and values are Markdown."""
    lines = (
        f'<dt markdown="span">{name}</dt><dd markdown="span">{value}</dd>' for name, value in pairs
    )
    return f'<dl class="facts" markdown="1">{"".join(lines)}</dl>'
