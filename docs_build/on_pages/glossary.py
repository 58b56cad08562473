"""The terms of all pages, read from `docs/glossary.yml`."""

from functools import cache
from typing import Any

import yaml

from docs_build import ROOT

FILE = ROOT / "docs" / "glossary.yml"

TEXTS = {
    "en": {"other": "Japanese: {}", "lang": "ja", "not": "Elsewhere also: {}"},
    "ja": {"other": "英語: {}", "lang": "en", "not": "ほかの呼び方: {}"},
}


def terms(language: str, group: str) -> str:
    """The terms of a group, each with its symbol, what it means, and what else it is called."""
    (found,) = (one for one in groups() if one["id"] == group)
    entries = "".join(_entry(language, term) for term in found["terms"])
    return f'<dl class="facts" markdown="1">{entries}</dl>'


@cache
def groups() -> tuple[dict[str, Any], ...]:
    """What is in the file."""
    return tuple(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def _entry(language, term):
    texts = TEXTS[language]
    symbol = f" ${term['symbol']}$" if "symbol" in term else ""
    other = f'<span lang="{texts["lang"]}">{term[texts["lang"]]}</span>'
    more = [texts["other"].format(other)]
    if banned := term.get("not", {}).get(language):
        more.append(texts["not"].format(", ".join(banned)))
    told = f"{term['meaning'][language]}<br><small>{'<br>'.join(more)}</small>"
    return (
        f'<dt id="{term["id"]}" markdown="span">**{term[language]}**{symbol}</dt>'
        f'<dd markdown="span">{told}</dd>'
    )
