"""What axe finds on a page that bars readers, those without sight or a mouse among them."""

import pytest

axe = pytest.importorskip("axe_core_python.sync_playwright")


def violations(page, context=None):
    """Each broken rule with its elements; `context` is the part of the page to look at."""
    # The elements that keep the rules are many, and would take as long again to hand over.
    options = {"resultTypes": ["violations"]}
    found = axe.Axe().run(page, context, options)["violations"]
    return [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]
