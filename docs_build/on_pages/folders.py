"""Folders for what the code on a page writes, gone when the build is."""

from functools import cache
from tempfile import TemporaryDirectory

_kept = []


@cache
def scratch(language: str, name: str) -> str:
    """An empty folder, the same one for all code of a page.

    Args:
        language: Of the page.
        name: Of the page.
    """
    _kept.append(TemporaryDirectory(prefix=f"{name}-{language}-"))
    return _kept[-1].name
