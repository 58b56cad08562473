"""The site in two languages: two configurations, two trees of the same pages, one build."""

from pathlib import Path
from posixpath import join, normpath

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.utils import get_relative_url

from docs_build import ROOT

LANGUAGES = {"en": "English", "ja": "日本語"}

FIRST = "en"
"""Its pages are at the root of the site; those of every other language in a folder of its name."""


def build_the_others(config):
    """Builds the other languages once the first one is built."""
    if config.theme["language"] != FIRST:
        return
    for language in LANGUAGES:
        if language != FIRST:
            file = str(ROOT / f"mkdocs.{language}.yml")
            site = str(Path(config.site_dir) / language)
            address = f"{config.site_url}{language}/" if config.site_url else None
            build(load_config(file, site_dir=site, strict=config.strict, site_url=address))


def same_page(page, language):
    """Where a page of `language` is in each language, as seen from that page."""
    to_root = get_relative_url(".", page.url) + ("" if language == FIRST else "/..")
    return [
        {
            "name": name,
            "lang": other,
            "link": normpath(join(to_root, "" if other == FIRST else other, page.url)),
        }
        for other, name in LANGUAGES.items()
    ]
