"""The page as a file: what it holds, what it may load, and when it is not written."""

import base64
import contextlib
import hashlib
import json
import re
import string
import sys
import zipfile
from io import BytesIO

import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, backpropagate, explain_command
from keras_rnn_explained.cli import main
from keras_rnn_explained.figures.wording import decimals
from keras_rnn_explained.report import explain
from keras_rnn_explained.report.numbers import MOST_NUMBERS, MOST_STEPS, numbers_of
from keras_rnn_explained.report.page import island
from keras_rnn_explained.report.texts import TEXTS, texts_in
from keras_rnn_explained.terminal import MisuseError
from keras_rnn_explained.unfolding import unfold

SEQUENCES = np.zeros((2, 6, 2), "float32")
X = np.random.default_rng(0).normal(size=(2, 6, 2)).astype("float32")
Y = np.random.default_rng(1).normal(size=(2, 3)).astype("float32")


def layer(**options):
    return ExplainedRNN(3, name="rnn", **options)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A layer and what its page says."""
    rnn = layer()
    path = explain(rnn, X, Y, tmp_path_factory.mktemp("page") / "a.html", loss="mse")
    return rnn, path.read_text(encoding="utf-8")


def data_in(html):
    found = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    return [json.loads(text) for text in found]


def test_the_numbers_of_each_time_step_are_those_that_ran(made):
    rnn, html = made
    (data,) = data_in(html)
    u = unfold(rnn, X)
    assert data["steps"] == list(range(6))
    assert data["samples"] == [0, 1]
    for sample in range(2):
        for step in range(6):
            terms = u.input_projection, u.recurrent_projection, u.pre_activation, u.state
            expected = [
                *u.x[sample, step],
                *np.stack([term[sample, step] for term in terms], axis=1).ravel(),
            ]
            assert data["numbers"][sample][step].split() == [decimals(v) for v in expected]
    assert data["bias"] == [decimals(value) for value in u.bias]


def test_parameters_are_counted_and_the_count_written_out(made):
    _, html = made
    assert "features·units + units² + units = 2·3 + 3² + 3 = 18" in html
    assert "<code>recurrent_kernel</code>" in html


def test_the_gradients_and_the_loss_are_there(made):
    rnn, html = made
    gradients = backpropagate(rnn, X, Y, "mse")
    assert f"The loss on this data is {decimals(gradients.loss)}." in html
    for name in ("kernel", "recurrent_kernel", "bias"):
        assert f">{decimals(np.linalg.norm(getattr(gradients, name)))}</td>" in html


def test_what_runs_and_styles_is_what_the_policy_names_and_nothing_is_inline(made):
    _, html = made
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"<[^>]* (style|on\w+)=", html)
    assert not re.search(r'(src|href)="(?!#|data:)', html)


def test_ids_are_there_once(made):
    ids = re.findall(r'\bid="([^"]+)"', made[1])
    assert len(ids) == len(set(ids))


def test_both_languages_say_the_same_with_the_same_names_filled_in():
    english, japanese = TEXTS["en"], TEXTS["ja"]
    assert english.keys() == japanese.keys()
    for key, text in english.items():
        names = [
            {name for _, name, *_ in string.Formatter().parse(t) if name}
            for t in (text, japanese[key])
        ]
        assert names[0] == names[1], key
        assert re.search("[぀-ヿ一-鿿]", japanese[key]) or key in ("written_out_plain",), key


def test_the_page_is_in_the_language_asked_for(tmp_path):
    html = explain(layer(), X, Y, tmp_path / "a.html", loss="mse", language="ja").read_text("utf-8")
    assert '<html lang="ja">' in html
    assert "診断結果" in html
    for text in TEXTS["en"].values():
        assert len(text) < 25 or text not in html


def test_another_language_is_an_error_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match="'en' or 'ja', got 'tlh'"):
        explain(layer(), X, Y, tmp_path / "a.html", language="tlh")


def test_without_targets_there_are_no_gradients_and_the_page_says_so(tmp_path):
    html = explain(layer(use_bias=False), X, path=tmp_path / "a.html").read_text("utf-8")
    assert TEXTS["en"]["no_gradients"] in html
    assert TEXTS["en"]["no_finding"] not in html
    assert "features·units + units² = 2·3 + 3² = 15" in html


def test_a_simple_rnn_is_explained_and_left_as_it_was(tmp_path):
    model = keras.Sequential([keras.Input((6, 2)), keras.layers.SimpleRNN(3, name="simple")])
    before = model.get_weights()
    html = explain(model, X, Y, tmp_path / "a.html", loss="mse").read_text("utf-8")
    assert "Layer simple" in html
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert type(model.layers[0]) is keras.layers.SimpleRNN


def test_of_many_recurrent_layers_the_first_four_have_a_section(tmp_path):
    layers = [ExplainedRNN(2, return_sequences=True, name=f"rnn-{n}") for n in range(6)]
    model = keras.Sequential([keras.Input((6, 2)), *layers])
    html = explain(model, X, SEQUENCES, tmp_path / "a.html", loss="mse").read_text("utf-8")
    assert len(data_in(html)) == 4
    assert "The model has 2 more recurrent layers." in html


def test_a_layer_called_twice_is_shown_at_its_first_call(tmp_path):
    inputs = keras.Input((6, 2))
    shared = ExplainedRNN(2, return_sequences=True, name="shared")
    model = keras.Model(inputs, shared(shared(inputs)))
    html = explain(model, X, SEQUENCES, tmp_path / "a.html", loss="mse").read_text("utf-8")
    assert "calls this layer 2 times" in html


def test_masked_time_steps_are_told_apart():
    mask = np.array([[True] * 6, [True, True, False, False, True, True]])
    numbers = numbers_of(unfold(layer(), X, mask=mask))
    assert numbers.masked == [[], [2, 3]]


def test_long_sequences_and_many_units_are_summarised():
    x = np.zeros((40, 2500, 20), "float32")
    unfolding = unfold(ExplainedRNN(12), x)
    for layers in (1, 4):
        numbers = numbers_of(unfolding, layers)
        assert len(numbers.steps) == MOST_STEPS
        assert (numbers.steps[0], numbers.steps[-1]) == (0, 2499)
        assert numbers.units == numbers.features == 8
        assert layers * len(numbers.samples) * MOST_STEPS * 40 <= MOST_NUMBERS


def test_json_in_the_page_ends_no_script():
    u = unfold(layer(), X)
    u = type(u)(**{**vars(u), "activation": "</script><!--&\u2028"})
    text = island({"numbers": numbers_of(u), "unfolding": u, "maps": []}, texts_in("en"))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text)["activation"] == "</script><!--&\u2028"


def test_progress_goes_from_0_to_1(tmp_path):
    told = []
    explain(layer(), X, Y, tmp_path / "a.html", loss="mse", progress=lambda *now: told.append(now))
    fractions = [fraction for fraction, _ in told]
    assert (fractions[0], fractions[-1]) == (0, 1)
    assert fractions == sorted(fractions)
    assert all(text for _, text in told)


@pytest.mark.parametrize(
    ("place", "error"),
    [("missing/a.html", FileNotFoundError), (".", IsADirectoryError), ("a.keras", ValueError)],
)
def test_a_path_that_can_not_be_written_is_found_before_the_model_runs(tmp_path, place, error):
    with pytest.raises(error, match="`path` must"):
        explain(None, X, Y, tmp_path / place)


def test_a_page_that_fails_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    path.write_text("before")
    with pytest.raises(ValueError, match="does not fit"):
        explain(layer(), X, np.zeros((2, 7)), path, loss="mse")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("package", ["jinja2", "matplotlib.figure"])
def test_a_package_that_is_not_there_comes_with_how_to_install_it(tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'keras_rnn_explained\[figures\]'"):
        explain(layer(), X, Y, tmp_path / "a.html", loss="mse")


# The command


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    model = keras.Sequential([keras.Input((6, 2)), layer(), keras.layers.Dense(1)])
    model.compile(loss="mse")
    model.save(folder / "model.keras")
    y = Y[:, :1]
    np.savez(folder / "data.npz", x=X, y=y, sample_weight=np.ones(2))
    np.savez(folder / "no_y.npz", x=X)
    np.savez(folder / "more.npz", x=X, y=y, z=y)
    np.savez(folder / "objects.npz", x=X, y=np.array([object()]))
    np.savez(folder / "words.npz", x=X, y=np.array(["a"]))
    np.savez(folder / "narrow.npz", x=X[..., :1], y=y)
    np.savez(folder / "short_y.npz", x=X, y=np.zeros((3, 1)))
    np.save(folder / "one.npy", X)
    np.savez_compressed(folder / "bomb.npz", x=np.zeros(2**22, "int8"), y=y)
    with zipfile.ZipFile(folder / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("model.weights.h5", bytes(2**22))
    hostile = keras.layers.Lambda(lambda x: open("hacked", "w").close() or x, output_shape=(6, 2))
    keras.Sequential([keras.Input((6, 2)), layer(return_sequences=True), hostile]).save(
        folder / "lambda.keras"
    )
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    (folder / "text.keras").write_text("no model")
    return folder


def test_the_command_writes_the_page(files, tmp_path, capsys):
    output = tmp_path / "a.html"
    arguments = f"explain {files}/model.keras {files}/data.npz -o {output} --language ja"
    assert main([*arguments.split(), "--title", "<b>題</b>", "--layer", "rnn"]) == 0
    assert str(output) in capsys.readouterr().out.replace("\n", "")
    html = output.read_text(encoding="utf-8")
    assert "<h1>&lt;b&gt;題&lt;/b&gt;</h1>" in html


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("model.keras no_y.npz", "has no array 'y'; expected are 'x', 'y'"),
        ("model.keras more.npz", "has an array it may not have, 'z'"),
        ("model.keras objects.npz", "is no .npz file of arrays"),
        ("model.keras words.npz", "'y' in words.npz must hold numbers, got <U1"),
        ("model.keras one.npy", "is no .npz file of arrays"),
        ("model.keras broken.npz", "is no .npz file of arrays"),
        ("model.keras missing.npz", "there is no data file missing.npz"),
        ("model.keras narrow.npz", "the page can't be made"),
        ("model.keras short_y.npz", "the page can't be made"),
        ("text.keras data.npz", "text.keras is no .keras file"),
        ("lambda.keras data.npz", "lambda.keras can't be loaded as a Keras model"),
        ("model.keras bomb.npz", "bomb.npz holds 4.0 MiB, and no more than 1.0 MiB are read"),
        ("bomb.keras data.npz", "bomb.keras holds 4.0 MiB, and no more than 1.0 MiB are read"),
        ("data.npz model.keras", "the model comes first, then the data"),
        ("model.keras data.npz -o model.keras", "would replace model.keras"),
        ("model.keras data.npz -o data.npz", "would replace data.npz"),
        ("model.keras data.npz -o page.pdf", "--output: must end in .html or .htm"),
        ("missing.keras data.npz", "there is no model file missing.keras"),
        ("model.keras data.npz --layer lstm", "'lstm' is no recurrent layer"),
        ("model.keras data.npz --loss nothing", "the page can't be made"),
        ("model.keras data.npz --language fr", "invalid choice: 'fr'"),
        ("model.keras data.npz -o missing/a.html", "there is no folder missing"),
        ("model.keras", "required: data"),
    ],
)
def test_what_the_command_can_not_do_is_one_line(files, arguments, complaint, monkeypatch, capsys):
    monkeypatch.chdir(files)
    monkeypatch.setattr(explain_command, "MOST_BYTES", 2**20)
    before = {path: path.read_bytes() for path in files.iterdir()}
    assert main(["explain", *arguments.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("rnn-explained: error: ")
    assert len(shown.err.splitlines()) == 1
    assert complaint in shown.err
    assert "\x1b" not in shown.err
    assert {path: path.read_bytes() for path in files.iterdir()} == before


def write_shape(path, shape):
    """An .npz file whose arrays have a shape and nothing else."""
    header = BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path, "w") as file:
        for name in ("x.npy", "y.npy"):
            file.writestr(name, header.getvalue())


@pytest.mark.parametrize("shape", [(2**40,), (2**62,), (2**70,), (-1,), (2**32, 2**32)])
def test_a_shape_that_the_memory_does_not_hold_is_one_line(files, tmp_path, shape, capsys):
    write_shape(tmp_path / "data.npz", shape)
    assert main(["explain", str(files / "model.keras"), str(tmp_path / "data.npz")]) == 2
    assert "data.npz is no .npz file of arrays: " in capsys.readouterr().err


def test_a_broken_data_file_is_one_line(files, tmp_path, capsys):
    whole, path = (files / "data.npz").read_bytes(), tmp_path / "data.npz"
    random = np.random.default_rng(0)
    for _ in range(1000):
        broken = bytearray(whole[: random.integers(len(whole))])
        broken = bytearray(whole) if random.random() < 0.7 else broken
        for place in random.integers(len(broken), size=random.integers(1, 5)) if broken else ():
            broken[place] = random.integers(256)
        path.write_bytes(broken)
        with contextlib.suppress(MisuseError):
            explain_command.read_arrays(path)


HOSTILE = "[/b][red]\x1b]0;title\x07\x1b[2J\n\r\x9b31m\u202e\u2066層"


@pytest.mark.parametrize("place", ["layer", "model", "data", "output", "not UTF-8"])
def test_nothing_in_a_name_steers_the_terminal(files, tmp_path, place, monkeypatch, capfd):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as a terminal has it, with bars
    names = {"layer": "rnn", "model": "m.keras", "data": "d.npz", "output": "a.html"}
    hostile = HOSTILE.replace("/", "\u2215") if place != "not UTF-8" else "\udcff\udcfe"
    name = names.get(place, "a.html")
    names["output" if place == "not UTF-8" else place] = f"{hostile}{name}"
    model = keras.Sequential([keras.Input((6, 2)), ExplainedRNN(3, name=names["layer"])])
    model.save(tmp_path / "m.keras")
    (tmp_path / "m.keras").rename(tmp_path / names["model"])
    np.savez(tmp_path / "d.npz", x=X, y=Y)
    (tmp_path / "d.npz").rename(tmp_path / names["data"])
    given = [str(tmp_path / names[one]) for one in ("model", "data")]
    output = tmp_path / names["output"]
    assert main(["explain", *given, "-o", str(output), "--loss", "mse"]) == 0
    assert output.exists()
    # And as part of a complaint.
    assert main(["explain", *given, "-o", str(output), "--layer", names["layer"] + "x"]) == 2
    assert main(["explain", f"{hostile}.keras", given[1]]) == 2
    shown = capfd.readouterr()
    assert len(shown.err.splitlines()[-1]) > 20
    for text in (shown.out, shown.err):
        # What bars and colours are made of is all that steers.
        left = re.sub(r"\x1b\[[?\d;]*[ABDKhlm]", "", text)
        assert not re.search(
            "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", left
        )
        assert "\x1b[2J" not in text
    assert "\\u202e" in shown.err or place == "not UTF-8"
