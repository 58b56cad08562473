"""ES modules within the page that uses them: a browser loads none from a folder.

A page names its modules in its front matter, `modules: [playground/main]`, and they name each other
the same way, `import { forward } from "playground/recurrence"`. Both are files in `docs/scripts`.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from docs_build import ROOT

FOLDER = ROOT / "docs" / "scripts"
IMPORT = re.compile(r'^(?:import|export) (?:[^";=]* from )?"([^"]+)";', re.MULTILINE)
ESCAPED = {code: quote(chr(code)) for code in [*range(32), *map(ord, '"#%<>\\'), 127]}
"""What can't stand for itself in an address within a page. Base64 would be a fifth longer."""


def embedded(page: str, modules: Iterable[str]) -> str:
    """The page with `modules`, and what they import, at its end."""
    sources = {}
    waiting = list(modules)
    if not waiting:
        return page
    starts = "".join(f"import {json.dumps(name)};" for name in waiting)
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = (FOLDER / f"{name}.js").read_text(encoding="utf-8")
            waiting += IMPORT.findall(sources[name])
    addresses = {
        name: f"data:text/javascript;charset=utf-8,{source.translate(ESCAPED)}"
        for name, source in sorted(sources.items())
    }
    imports = json.dumps({"imports": addresses}, ensure_ascii=False)
    scripts = f'<script type="importmap">{imports}</script><script type="module">{starts}</script>'
    before, body, after = page.rpartition("</body>")
    return before + scripts + body + after
