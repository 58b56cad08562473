"""What MkDocs calls while it builds the site. Each piece of work is a module of `docs_build`."""

import warnings

from mkdocs.structure.files import File

import benchmarks  # noqa: F401  (found from here; pages read its results)
from docs_build import (
    accessibility,
    demo,
    japanese,
    languages,
    mathematics,
    notebooks,
    scripts,
    search,
    stylesheets,
)
from docs_build.on_pages import playground

# Keras reads TensorFlow's variables into NumPy in a way that NumPy 2 warns of.
warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)


def on_files(files, config):
    """When it knows what there is."""
    notebooks.begin()
    notebooks.add_downloads(files, config)
    demo.add_page(files, config)
    picture = playground.picture(config.theme["language"])
    files.append(File.generated(config, playground.PICTURE, content=picture))


def on_page_content(html, page, config, files):
    """When its text is HTML."""
    html = mathematics.formulae_in(html)
    return japanese.joined(html) if config.theme["language"] == "ja" else html


def on_page_context(context, page, config, nav):
    """When it is about to be put into the theme."""
    return context | {"languages": languages.same_page(page, config.theme["language"])}


def on_post_page(output, page, config):
    """When all of it is there."""
    name = {"en": "Search", "ja": "検索"}[config.theme["language"]]
    output = stylesheets.needed(accessibility.named(output, name))
    return scripts.embedded(output, page.meta.get("modules", []))


def on_post_build(config):
    """When all of the language is there."""
    search.mend(config.site_dir)
    languages.build_the_others(config)
