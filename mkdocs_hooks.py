"""A hook of the documentation."""


def on_page_content(html, page, config, files):
    """Shows the code on the page of the equations, which elsewhere has to be unfolded."""
    if page.file.src_uri != "equations.md":
        return html
    folded = '<details class="mkdocstrings-source"'
    return html.replace(folded, folded.replace("details", "details open"))
