"""What `rnn-explained demo` trains, and the page that it writes: a file of the site."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mkdocs.structure.files import File

from keras_rnn_explained import demonstration, explain

DATASET, WINDOW, EPOCHS = "sunspots", 22, 60  # as the command has them by default
SAMPLES = 32
PAGE = "report.html"


@cache  # both languages show the same network
def trained():
    """The series, its windows, and what came out of training on them."""
    series, data = demonstration.prepare(DATASET, WINDOW)
    return series, data, demonstration.demonstrate(DATASET, data, epochs=EPOCHS)


@cache
def written(language: str) -> str:
    """The page in a language."""
    series, data, result = trained()
    x, y = data.x_test[-SAMPLES:], data.y_test[-SAMPLES:]
    with TemporaryDirectory() as folder:
        path = Path(folder, PAGE)
        explain(result.model, x, y, path, language=language, title=series.title)
        return path.read_text(encoding="utf-8")


def add_page(files, config):
    """Puts the page beside those of the site."""
    files.append(File.generated(config, PAGE, content=written(config.theme["language"])))
