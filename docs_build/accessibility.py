"""What the theme lacks for those who hear a page instead of seeing it."""

SEARCH = 'class="md-search" data-md-component="search" role="dialog"'


def named(page: str, search: str) -> str:
    """The page with a name for its search, which is a dialog."""
    return page.replace(SEARCH, f'{SEARCH} aria-label="{search}"')
