"""Folders for what the code on a page writes, gone when the build is."""

from functools import cache
from tempfile import TemporaryDirectory


def scratch(language: str, name: str) -> str:
    """An empty folder, the same one for all code of a page.

    Args:
        language: Of the page.
        name: Of the page.
    """
    return _of(name, language).name


@cache
def _of(name: str, language: str) -> TemporaryDirectory:
    return TemporaryDirectory(prefix=f"{name}-{language}-")
