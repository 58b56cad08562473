"""What pages show that is computed when they are built.

A module for each matter. `{{ matter.thing(arguments) }}` on a page calls its function `thing` with
the language of the page before the arguments, and puts in what it returns: Markdown or HTML.
"""
