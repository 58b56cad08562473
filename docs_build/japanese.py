"""Japanese as it is set: a line break in the source of a page is no space."""

import re

_WIDE = r"[\u3000-\u30ff\u3400-\u9fff\uff01-\uff60]"
BREAK = re.compile(rf"(?<={_WIDE})[ \t]*\n[ \t]*(?={_WIDE})")
CODE = re.compile(r"(<pre.*?</pre>)", re.DOTALL)


def joined(html: str) -> str:
    """The page without the spaces that line breaks leave between Japanese characters."""
    return "".join(
        part if place % 2 else BREAK.sub("", part) for place, part in enumerate(CODE.split(html))
    )
