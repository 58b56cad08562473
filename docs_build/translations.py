"""Docstrings in other languages than that of the code.

`docs/translations/<language>/*.yml` holds them: by the path of the object, the docstring and the
digest of the one that it translates. `python -m docs_build.translations` says which are missing and
which are of a docstring that has changed since; with `--confirm PATH ...` it writes down that the
translations of these objects are of the docstrings as they are now.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import griffe
import yaml

from docs_build import ROOT

FOLDER = ROOT / "docs" / "translations"
PACKAGE = "keras_rnn_explained"
DIRECTIVE = re.compile(r"^::: (\S+)\n((?: +\S.*\n|\n(?= ))*)", re.MULTILINE)
"""How a page shows an object: its path, and the options."""


class Translation(NamedTuple):
    """A docstring in another language, and the digest of the docstring that it translates."""

    of: str
    text: str


class Translated(griffe.Extension):
    """Gives objects the docstrings of a language; those without a translation keep their own."""

    def __init__(self, language: str):
        self.translations = translations(language)

    def on_object(self, *, obj, loader, **kwargs):
        if obj.docstring is not None and obj.path in self.translations:
            obj.docstring.value = self.translations[obj.path].text


def translations(language: str) -> dict[str, Translation]:
    """All of a language, by the path of the object."""
    return {
        path: Translation(str(entry["of"]), entry["text"].rstrip())
        for file in sorted((FOLDER / language).glob("*.yml"))
        for path, entry in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    }


def digest(docstring: griffe.Docstring | None) -> str:
    """What changes when the docstring does. Never digits alone, which YAML takes for a number."""
    return "d" + sha256((docstring.value if docstring else "").encode()).hexdigest()[:9]


@cache
def package() -> Any:
    """The package as griffe reads it, with the docstrings of the code."""
    loader = griffe.GriffeLoader(search_paths=[ROOT])
    found = loader.load(PACKAGE)
    loader.resolve_aliases()
    return found


def found_at(path: str) -> griffe.Object:
    """The object at a path, where it is defined.

    Raises:
        KeyError: If there is none.
    """
    parts = path.split(".")[1:]
    one = package()[".".join(parts)] if parts else package()
    return one.final_target if one.is_alias else one


@cache
def documented(language: str = "en") -> dict[str, griffe.Object]:
    """What the pages of a language show, by the path where it is defined."""
    return {
        one.path: one
        for page in sorted((ROOT / "docs" / language).rglob("*.md"))
        for path, options in DIRECTIVE.findall(page.read_text(encoding="utf-8"))
        for one in _shown(found_at(path), _members(options))
    }


def problems(language: str) -> list[str]:
    """What is to be done so that each documented object has a translation of its docstring."""
    of_language, shown = translations(language), documented()
    told = []
    for path, one in shown.items():
        if path not in of_language:
            told.append(f"{path} has no translation; write one, of: {digest(one.docstring)}")
        elif of_language[path].of != digest(one.docstring):
            told.append(
                f"{path} has changed since it was translated; mend the translation, then "
                f"`python -m docs_build.translations --confirm {path}`"
            )
    return told + [f"{path} is on no page; delete it" for path in of_language if path not in shown]


def confirm(language: str, paths: list[str]) -> None:
    """Writes down that translations are of the docstrings as they are now."""
    for file in (FOLDER / language).glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        for path in paths:
            now = digest(found_at(path).docstring)
            text = re.sub(rf"^({re.escape(path)}:\n  of: ).*", rf"\g<1>{now}", text, flags=re.M)
        file.write_text(text, encoding="utf-8")


def _members(options: str) -> Any:
    """The `members` among the options: a list, `False` for none, `None` for all public ones."""
    return ((yaml.safe_load(options) or {}).get("options") or {}).get("members")


def _shown(one: Any, members: Any) -> Iterator[griffe.Object]:
    """An object and its members, as far as they have a docstring."""
    if one.docstring is not None:
        yield one
    if members is None:
        members = [name for name in one.members if not name.startswith("_")]
    for name in members or ():
        if not one.members[name].is_alias:
            yield from _shown(one.members[name], None)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m docs_build.translations")
    arguments.add_argument("--language", default="ja")
    arguments.add_argument("--confirm", nargs="+", default=[], metavar="PATH")
    given = arguments.parse_args()
    confirm(given.language, given.confirm)
    left = problems(given.language)
    print(*left, sep="\n")
    sys.exit(bool(left))
