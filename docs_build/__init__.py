"""How `docs/` becomes the site."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
