"""Style sheets that only some pages use."""

import re

USED_WITH = {
    "_mkdocstrings.css": 'class="doc ',
    "reference.css": 'class="doc ',
    "calculators.css": "class='calculator'",
}
"""What a page has that is styled by a sheet."""


def needed(page: str) -> str:
    """The page without the style sheets that it does not use."""
    for sheet, mark in USED_WITH.items():
        if mark not in page:
            page = re.sub(rf'<link rel="stylesheet" href="[^"]*/{re.escape(sheet)}">\s*', "", page)
    return page
