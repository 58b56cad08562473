"""ES modules within the page that uses them: a browser loads none from a folder.

A page names its modules in its front matter, `modules: [playground/main]`, and they name each other
the same way, `import { forward } from "playground/recurrence"`. Both are files in `docs/scripts`.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable

from docs_build import ROOT

FOLDER = ROOT / "docs" / "scripts"
IMPORT = re.compile(r'^(?:import|export) (?:[^";=]* from )?"([^"]+)";', re.MULTILINE)


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
        name: f"data:text/javascript;charset=utf-8;base64,{b64encode(source.encode()).decode()}"
        for name, source in sorted(sources.items())
    }
    scripts = (
        f'<script type="importmap">{json.dumps({"imports": addresses})}</script>'
        f'<script type="module">{starts}</script>'
    )
    before, body, after = page.rpartition("</body>")
    return before + scripts + body + after
