"""What holds for each figure, whichever it is."""

import inspect
import re
import string
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from keras_rnn_explained import figures
from keras_rnn_explained.bptt import Flow
from keras_rnn_explained.figures import drawing
from tests.looks import gradients_like, unfolding_like, words

SMALL, LARGE = unfolding_like(1, 1, 1, 1), unfolding_like(300, 20, 1000, 2)
FLOWS = {
    SMALL: Flow(np.array([0]), np.ones((1, 1)), 1, True),
    LARGE: Flow(np.arange(968, 1000), np.tril(np.ones((1000, 1000)))[968:], 2, False),
}
DRAWN = {
    "cell": lambda u, **options: figures.cell(**options),
    "consecutive_steps": lambda u, **options: figures.consecutive_steps(**options),
    "dense_beside_recurrent": lambda u, **options: figures.dense_beside_recurrent(**options),
    "folded_and_unfolded": lambda u, **options: figures.folded_and_unfolded(
        steps=8 if u.time > 8 else u.time, **options
    ),
    "unfolded_window": figures.unfolded_window,
    "state_map": figures.state_map,
    "recurrent_spectrum": figures.recurrent_spectrum,
    "gradient_summands": lambda u, **o: figures.gradient_summands(gradients_like(u), **o),
    "gradient_flow": lambda u, **options: figures.gradient_flow(FLOWS[u], **options),
}
MODULES = [
    import_module(f"keras_rnn_explained.figures.{path.stem}")
    for path in sorted(Path(figures.__file__).parent.glob("[a-z]*.py"))
]
TABLES = [module for module in MODULES if hasattr(module, "LABELS")]

each_figure = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
each_size = pytest.mark.parametrize("look", [SMALL, LARGE], ids=["small", "large"])
each_language = pytest.mark.parametrize("language", ["en", "ja"])


def test_every_figure_is_tested_here():
    functions = {name for name in figures.__all__ if name not in ("svg", "check_path")}
    assert functions - {"load_matplotlib"} == set(DRAWN)


def test_every_figure_has_a_table_of_labels():
    assert len(TABLES) == len(DRAWN)


@pytest.mark.parametrize("module", TABLES, ids=lambda module: module.__name__.split(".")[-1])
def test_each_label_exists_in_both_languages_and_says_the_same_things(module):
    english, japanese = module.LABELS["en"], module.LABELS["ja"]
    assert set(module.LABELS) == {"en", "ja"}
    assert english.keys() == japanese.keys()
    source = inspect.getsource(module) + inspect.getsource(drawing)
    source += inspect.getsource(import_module("keras_rnn_explained.figures.charts"))
    for name in english:
        assert english[name]
        assert japanese[name]
        fields = [
            {field for _, field, *_ in string.Formatter().parse(labels[name]) if field}
            for labels in (english, japanese)
        ]
        # An ordinal is English.
        assert fields[0] - {"ordinal"} == fields[1] - {"step"} | (fields[0] & {"step"}), name


@each_figure
@each_language
@each_size
def test_it_draws_what_is_small_and_what_is_large_with_no_letter_missing(draw, language, look):
    has_font = language == "en" or len(drawing.fonts()) > 1
    with warnings.catch_warnings():
        warnings.simplefilter("error" if has_font else "ignore", UserWarning)
        figure = draw(look, language=language)
        FigureCanvasAgg(figure).draw()
    is_japanese = re.search("[぀-ヿ一-鿿]", "".join(words(figure)))
    assert bool(is_japanese) == (language == "ja")


def test_fonts_that_were_installed_after_matplotlib_first_ran_are_found(monkeypatch):
    manager, found = drawing.load_matplotlib().font_manager.fontManager, drawing.fonts()
    files = {font.fname for font in manager.ttflist if font.name in drawing.JAPANESE}
    others = [font for font in manager.ttflist if font.fname not in files]
    monkeypatch.setattr(manager, "ttflist", others)
    drawing.fonts.cache_clear()
    assert drawing.fonts() == found


@each_figure
@each_language
@each_size
def test_no_writing_leaves_the_page(draw, language, look):
    if len(drawing.fonts()) == 1:
        language = "en"
    figure = draw(look, language=language)
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    box = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    rounding = 1e-6
    assert min(box.x0, box.y0) >= -rounding
    assert box.x1 <= width + rounding
    assert box.y1 <= height + rounding


@each_figure
@pytest.mark.parametrize("language", ["de", "", None, "EN"])
def test_another_language_is_refused(draw, language):
    message = f"`language` must be 'en' or 'ja', got {language!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        draw(SMALL, language=language)


@each_figure
def test_a_path_of_another_kind_is_refused_before_anything_is_written(draw, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg or \.png.*figure\.gif"):
        draw(SMALL, path=tmp_path / "figure.gif")
    assert not list(tmp_path.iterdir())


@each_figure
def test_it_is_written_where_it_is_wanted(draw, tmp_path):
    figure = draw(SMALL, path=tmp_path / "figure.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["figure.svg"]
    assert figure.get_label() in (tmp_path / "figure.svg").read_text(encoding="utf-8")


@each_figure
def test_a_title_of_ones_own_is_what_the_figure_is_called(draw):
    figure = draw(SMALL, title="Mine")
    assert "Mine" in words(figure)
    assert figure.get_label() == "Mine"


@each_figure
def test_a_hostile_title_is_text(draw):
    title = "<script>alert(1)</script> $x^2$ & \x00\ud800 ]]>"
    element = figures.svg(draw(SMALL, title=title))
    assert "<script" not in element
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in element.replace("\n", "")
    assert "$x^2$" in element
    assert "\x00" not in element


@pytest.mark.parametrize(
    "function", ["unfolded_window", "state_map", "gradient_summands", "gradient_flow"]
)
def test_what_can_not_be_drawn_is_refused_with_what_to_do(function):
    with pytest.raises(TypeError, match=rf"got an int\..*{function}\((unfold|backpropagate)\("):
        getattr(figures, function)(1)


def test_what_has_no_recurrent_kernel_is_refused_with_what_to_do():
    with pytest.raises(TypeError, match=r"got an int\..*recurrent_spectrum\(unfold\("):
        figures.recurrent_spectrum(1)
