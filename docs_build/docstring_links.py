"""Names in a docstring lead to where they are documented, as in "See `unfold`"."""

import re

import griffe

from docs_build.translations import documented, found_at, package

NAME = re.compile(r"(?<![`\[\w])`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?)`(?![`\]])")


class Linked(griffe.Extension):
    """Makes links of the names of documented objects, where they are not code to be run."""

    def on_object(self, *, obj, loader, **kwargs):
        if obj.docstring is not None and obj.path in documented():
            lines = obj.docstring.value.splitlines()
            obj.docstring.value = "\n".join(
                line if line.lstrip().startswith((">>>", "...")) else linked(line, obj)
                for line in lines
            )


def linked(text: str, one: griffe.Object) -> str:
    """A text of the docstring of an object, with links to what others of its names are."""
    return NAME.sub(lambda found: _link(found[1], one) or found[0], text)


def _link(name: str, one: griffe.Object) -> str | None:
    """A link to what a name means where `one` is documented, if that is documented elsewhere."""
    if name in {parameter.name for parameter in getattr(one, "parameters", ())}:
        return None
    around = [one, one.parent or one, one.module, package(), package()["figures"]]
    for scope in dict.fromkeys(each.path for each in around):
        try:
            meant = found_at(f"{scope}.{name}")
        except (KeyError, griffe.AliasResolutionError):
            continue
        # A word that is a module's name, too, is an extra or a folder.
        if meant.path in documented() and meant.path != one.path and not meant.is_module:
            return f"[`{name}`][{meant.path}]"
    return None
