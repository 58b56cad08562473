"""The notebooks of `examples/notebooks`: how they are kept, and what comes out when they run.

A notebook is there in each language, with the same cells by the same ids, and is kept without
outputs. It runs once for all languages: most cells of code are the same in both. One whose words
differ, such as the title of a figure, runs in each language, so it must bear being run twice.

`python -m docs_build.notebooks` leaves in the files what is written by hand, and nothing else.
"""

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from mkdocs.structure.files import File
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from docs_build import ROOT
from docs_build.languages import LANGUAGES
from keras_rnn_explained.files import written_whole

FOLDER = ROOT / "examples" / "notebooks"
NAMES = sorted(path.stem for path in (FOLDER / "en").glob("*.ipynb"))

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 120
"""So long may a cell take, on whatever machine."""

PRELUDE = """
import keras_rnn_explained  # TensorFlow says here what it has to say
import matplotlib.pyplot as plt
from keras_rnn_explained.figures import svg
from keras_rnn_explained.figures.drawing import INK
from matplotlib.figure import Figure

def name_of(figure):
    return figure.get_label() or figure.axes[0].get_title()

inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
plt.rcParams.update({**dict.fromkeys(inked, INK), "legend.frameon": False})
get_ipython().run_line_magic("config", "InlineBackend.figure_formats = set()")
Figure._repr_svg_ = lambda figure: svg(figure, name=name_of(figure))
"""
"""Runs before a notebook: figures become part of a page, and turn with its colours."""

_RUNS = ThreadPoolExecutor(1)


def path_of(language: str, name: str) -> Path:
    """Where a notebook is."""
    return FOLDER / language / f"{name}.ipynb"


def read(language: str, name: str) -> NotebookNode:
    """A notebook as it is kept."""
    return nbformat.read(path_of(language, name), as_version=4)


def as_kept(notebook: NotebookNode) -> str:
    """The text of a notebook's file: cells and their ids, without outputs and settings."""
    cells = [
        NotebookNode(cell, metadata={})
        if cell.cell_type != "code"
        else new_code_cell(cell.source, id=cell.id)
        for cell in notebook.cells
    ]
    return nbformat.writes(new_notebook(metadata=METADATA, cells=cells)) + "\n"


def begin() -> None:
    """Begins to run all notebooks, one after the other, beside whatever else is done."""
    for name in NAMES:
        _begun(name, *_texts(name))


def executed(name: str) -> dict[str, NotebookNode]:
    """A notebook with its outputs, by language.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    return dict(zip(LANGUAGES, _begun(name, *_texts(name)).result(), strict=True))


def run_together(notebooks: list[NotebookNode]) -> list[NotebookNode]:
    """Runs notebooks that have the same cells in several languages, and gives them their outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: If a cell fails.
    """
    rows = [
        row
        for row in zip(*(notebook.cells for notebook in notebooks), strict=True)
        if row[0].cell_type == "code"
    ]
    ran = [{cell.source: new_code_cell(cell.source) for cell in row} for row in rows]
    together = [new_code_cell(PRELUDE), *(cell for row in ran for cell in row.values())]
    _run(new_notebook(cells=together))
    for row, by_source in zip(rows, ran, strict=True):
        for cell in row:
            cell.outputs = by_source[cell.source].outputs
    return notebooks


def add_downloads(files, config):
    """Puts the notebooks beside the pages that show them."""
    for name in NAMES:
        text = path_of(config.theme["language"], name).read_text(encoding="utf-8")
        files.append(File.generated(config, f"notebooks/{name}.ipynb", content=text))


def _texts(name: str) -> list[str]:
    return [path_of(language, name).read_text(encoding="utf-8") for language in LANGUAGES]


@cache  # by what is in the files, for they may change while the site is served
def _begun(name: str, *texts: str) -> Future:
    return _RUNS.submit(run_together, [nbformat.reads(text, as_version=4) for text in texts])


def _run(notebook: NotebookNode) -> None:
    """Runs a notebook in a process of its own, in an empty folder."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
    )
    # This very Python, whatever kernels its user has.
    kernel = client.create_kernel_manager().kernel_spec
    assert kernel is not None, "ipykernel is not installed"
    kernel.argv[0] = sys.executable
    with TemporaryDirectory() as folder:
        settings = {
            "IPYTHONDIR": folder,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        client.execute(cwd=folder, env=os.environ | settings)


def main() -> None:
    """Writes all notebooks as they are kept."""
    for language in LANGUAGES:
        for name in NAMES:
            text = as_kept(read(language, name))
            with written_whole(path_of(language, name)) as unfinished:
                unfinished.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
