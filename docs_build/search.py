"""What the theme's search lacks: that it finds each word whatever else is on the pages.

The search is lunr, which joins alike ends of words and tells them by a text of letters and numbers.
Two ends may have the same text, as 1 then 23 and 12 then 3 have: some words are then not found, or
the search breaks off (issue 503 of lunr.js). A comma after each number keeps them apart.
"""

from pathlib import Path

JOINED, APART = "e=e+s+o.id}return e}", 'e=e+s+o.id+","}return e}'


def mend(site: str) -> None:
    """Mends the search of a site that is built.

    Raises:
        ValueError: If the search is not the one that this module knows.
    """
    for file in _scripts(site):
        script = file.read_text(encoding="utf-8")
        if script.count(JOINED) != 1:
            raise ValueError(
                f"{file} was expected to have the code {JOINED!r} once, but has it "
                f"{script.count(JOINED)} times: the theme has another search now. See whether it "
                "still needs `docs_build/search.py`."
            )
        file.write_text(script.replace(JOINED, APART), encoding="utf-8")


def _scripts(site):
    scripts = list(Path(site).glob("assets/javascripts/workers/search.*.min.js"))
    if not scripts:
        raise ValueError(f"{site} was expected to have the script of the search, but has none.")
    return scripts
