"""Notebooks as pages: their text, their code and what came out of it."""

import re
from html import escape

from nbformat import NotebookNode

from docs_build import notebooks

TEXTS = {
    "en": """
This page is a notebook, and what it shows was computed when this site was built.
[Download it](NAME.ipynb){ download="NAME.ipynb" } to run and change it. It needs no network. In the
repository's folder, where it is too:

```bash
pip install '.[notebooks,tensorflow]'
jupyter lab examples/notebooks/en/NAME.ipynb
```
""",
    "ja": """
このページはノートブックです。結果は、このサイトを作るときに実行して得たものです。
手元で動かしたり変えたりするには、[ダウンロード](NAME.ipynb){ download="NAME.ipynb" }してください。
ネットワーク接続は要りません。同じものがリポジトリにも入っているので、そのフォルダで次のようにも実行できます。

```bash
pip install '.[notebooks,tensorflow]'
jupyter lab examples/notebooks/ja/NAME.ipynb
```
""",
}
LONGEST = 90
"""Of a line that is not wrapped."""
WIDTH = re.compile(r'<svg\b[^>]*? width="([\d.]+)pt"')


def shown(language: str, name: str) -> str:
    """A notebook as a page: how to get it stands below its title."""
    first, *others = notebooks.executed(name)[language].cells
    about = TEXTS[language].replace("NAME", name)
    return "\n\n".join([_shown(first), about, *map(_shown, others)])


def _shown(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        # The cell's own id, which is the same in both languages.
        return re.sub(r"\A(#+ .+)", rf"\1 {{#{cell.id}}}", cell.source)
    code = f"````python\n{cell.source}\n````"
    return "\n\n".join([code, *map(output, cell.outputs)])


def output(one: NotebookNode) -> str:
    """What came out of a cell, as Markdown with HTML in it.

    Raises:
        ValueError: If it is a warning, which is no result.
    """
    if one.output_type == "stream":
        if one.name == "stderr":
            raise ValueError(f"a notebook warns: {one.text}")
        return _text(one.text)
    data = one.data
    if "image/svg+xml" in data:
        found = WIDTH.search(data["image/svg+xml"])
        style = f' style="--width: {float(found[1]):.0f}pt"' if found else ""
        return f'<figure class="drawn"{style} tabindex="0">{data["image/svg+xml"]}</figure>'
    if "text/html" in data:
        return f'<div class="notebook-output" tabindex="0">{data["text/html"]}</div>'
    return _text(data["text/plain"])


def _text(text: str) -> str:
    lines = text.rstrip().splitlines()
    code = escape("\n".join(lines), quote=False)
    block = f'<div class="language-text highlight"><pre><code>{code}</code></pre></div>'
    # Sentences are wrapped, columns are not.
    return f'<div class="wrapped">{block}</div>' if max(map(len, lines)) > LONGEST else block
