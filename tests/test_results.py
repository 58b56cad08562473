"""What looks saved is what is loaded, and a file that is something else is told."""

import json
import shutil
import zipfile
from dataclasses import fields, replace
from io import BytesIO

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_explained import ExplainedRNN, Gradients, Unfolding, backpropagate, figures, unfold
from keras_rnn_explained.archive import VERSION
from keras_rnn_explained.diagnosis import findings_of
from tests.looks import gradients_like, unfolding_like

BATCH, TIME, FEATURES, UNITS = 3, 6, 2, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, TIME, FEATURES))
MASKS = {
    "none": None,
    "by step": RANDOM.random((BATCH, TIME)) < 0.7,
    "by unit": RANDOM.random((BATCH, TIME, UNITS)) < 0.7,
}
OPTIONS = st.fixed_dictionaries(
    {
        "activation": st.sampled_from(["tanh", "relu", "gelu", "softmax", None]),
        "dtype": st.sampled_from(["float64", "float32", "mixed_float16", "mixed_bfloat16"]),
        "use_bias": st.booleans(),
        "return_sequences": st.booleans(),
        "go_backwards": st.booleans(),
        "dropout": st.sampled_from([0.0, 0.5]),
        "recurrent_dropout": st.sampled_from([0.0, 0.5]),
        "truncate_bptt": st.sampled_from([None, 2]),
        "name": st.sampled_from(["rnn", "層", 'a "name"', "a\\b"]),
    }
)


def looked(mask="none", **options):
    if mask == "by unit":  # Keras's losses know no such mask of the outputs
        options["return_sequences"] = False
    layer = ExplainedRNN(UNITS, **{"name": "rnn", "seed": 1, **options})
    y = np.ones((BATCH, TIME, UNITS) if layer.return_sequences else (BATCH, UNITS))
    return backpropagate(layer, X, y, "mse", mask=MASKS[mask], training=True)


def assert_equal(one, other):
    """All public fields are the same, bit by bit."""
    assert type(one) is type(other)
    for item in fields(one):
        before, after = getattr(one, item.name), getattr(other, item.name)
        if isinstance(before, np.ndarray):
            assert (before.dtype, before.shape) == (after.dtype, after.shape)
            assert before.tobytes() == after.tobytes()
        elif isinstance(before, Unfolding):
            assert_equal(before, after)
        elif not item.name.startswith("_"):
            assert (type(before), before) == (type(after), after)


@settings(max_examples=10)
@given(OPTIONS, st.sampled_from(list(MASKS)))
def test_what_is_loaded_is_what_was_saved_and_goes_on_as_it_would(tmp_path_factory, options, mask):
    path = tmp_path_factory.mktemp("kept") / "look.npz"
    gradients = looked(mask, **options)
    gradients.save(path)
    loaded = Gradients.load(path)
    assert_equal(gradients, loaded)
    assert repr(loaded) == repr(gradients)
    assert loaded._repr_html_() == gradients._repr_html_()
    assert loaded.spectral_radius == gradients.spectral_radius
    for name in gradients.arrays().keys() & {"kernel", "recurrent_kernel", "bias"}:
        assert np.array_equal(gradients.summand_norms(name), loaded.summand_norms(name))
        assert np.array_equal(list(gradients.summands(name)), list(loaded.summands(name)))
    assert np.array_equal(gradients.flow().size, loaded.flow().size)
    assert np.array_equal(gradients.jacobian(4, 1, 2), loaded.jacobian(4, 1, 2))

    gradients.unfolding.save(path)
    assert_equal(gradients.unfolding, Unfolding.load(path))
    assert [file.name for file in path.parent.iterdir()] == ["look.npz"]


def test_figures_and_findings_are_the_same(tmp_path):
    gradients = looked("by step", truncate_bptt=2)
    gradients.save(tmp_path / "look.npz")
    loaded = Gradients.load(tmp_path / "look.npz")
    for draw in (
        figures.gradient_flow,
        figures.gradient_summands,
        figures.recurrent_spectrum,
        lambda look: figures.state_map(look.unfolding),
        lambda look: figures.unfolded_window(look.unfolding),
    ):
        assert figures.svg(draw(loaded)) == figures.svg(draw(gradients))
    messages, loaded_messages = (
        [finding.message() for finding in findings_of(look)] for look in (gradients, loaded)
    )
    assert loaded_messages == messages


@pytest.mark.parametrize("loss", [np.nan, -np.inf, 1e-300])
def test_a_loss_that_is_no_usual_number_is_kept(tmp_path, loss):
    unfolding = unfolding_like()
    replace(gradients_like(unfolding), loss=loss).save(tmp_path / "look.npz")
    assert Gradients.load(tmp_path / "look.npz").loss == pytest.approx(loss, abs=0, nan_ok=True)


def own(x):
    return keras.ops.sin(x)


def test_an_activation_of_ones_own_is_to_be_given_or_registered(tmp_path):
    path = tmp_path / "look.npz"
    gradients = looked(activation=own)
    gradients.save(path)
    loaded = Gradients.load(path)
    assert_equal(gradients, loaded)
    assert len(list(loaded.summands("kernel"))) == TIME
    with pytest.raises(ValueError, match=r"'own'.*`Gradients.load\(path, activation=...\)`"):
        loaded.flow()
    given = Gradients.load(path, activation=own)
    assert np.array_equal(given.flow().size, gradients.flow().size)
    with pytest.raises(ValueError, match="owl"):
        Gradients.load(path, activation="owl")

    with keras.saving.custom_object_scope({"own": own}):
        gradients.save(path)
        assert np.array_equal(Gradients.load(path).flow().size, gradients.flow().size)
    with pytest.raises(ValueError, match="'own'"):
        Gradients.load(path).flow()


def test_a_function_that_is_only_called_like_one_of_keras_is_not_taken_for_it(tmp_path):
    def tanh(x):
        return keras.ops.sin(x)

    path = tmp_path / "look.npz"
    looked(activation=tanh).save(path)
    with pytest.raises(ValueError, match="The activation 'tanh' of these gradients"):
        Gradients.load(path).flow()


def test_an_activation_that_is_a_layer_is_kept_by_name_alone(tmp_path):
    path = tmp_path / "look.npz"
    gradients = looked(activation=keras.layers.LeakyReLU())
    gradients.save(path)
    given = Gradients.load(path, activation=keras.layers.LeakyReLU())
    assert np.array_equal(given.flow().size, gradients.flow().size)


def test_numpy_alone_reads_the_file(tmp_path):
    gradients = looked()
    gradients.save(tmp_path / "look.npz")
    with np.load(tmp_path / "look.npz") as file:
        assert np.array_equal(file["local_error"], gradients.local_error)
        assert np.array_equal(file["unfolding.state"], gradients.unfolding.state)
        assert "mask" not in file


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "look.npz"
    gradients_like(unfolding_like()).save(path)
    return path


def changed(path, about=None, **arrays):
    """The file with other arrays, `None` for one that is left out, and other things said of it."""
    with np.load(path) as file:
        kept = dict(file)
    said = json.loads(str(kept["about"])) | (about or {})
    for name, array in arrays.items():
        kept.pop(name.replace("__", "."))
        if array is not None:
            kept[name.replace("__", ".")] = array
    np.savez(path, **kept | {"about": np.array(json.dumps(said))})
    return path


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"about": {"version": VERSION + 1}},
            r"is in version 2 of the format, of a newer .* up to 1",
        ),
        ({"about": {"kind": "Unfolding"}}, r"holds Unfolding, which `Unfolding.load` reads"),
        ({"about": {"format": "other"}}, r"holds 'upstream', .* and not such a result"),
        ({"about": {"values": {}}}, r"is damaged: it lacks 'unfolding'"),
        ({"about": {"dtypes": {}}}, r"is damaged: it lacks 'unfolding.x'"),
        ({"about": {"version": None}}, r"can't be read"),
        ({"error": None}, r"is damaged: it lacks 'error'. Pass a file that `Gradients.save` wrote"),
        ({"unfolding__state": None}, r"is damaged: it lacks 'unfolding.state'"),
        ({"error": np.zeros((1, 2, 3))}, r"can't be read"),
        ({"error": np.zeros((1, 2, 3), "float32")}, r"'error' of shape \(1, 2, 3\) does not fit"),
        ({"error": np.zeros((2, 6), "float32")}, r"'error' of shape \(2, 6\) does not fit"),
        ({"error": np.zeros((2, 6, 3, 1), "float32")}, r"'error' of shape .* does not fit"),
        ({"recurrent_kernel": np.zeros((2, 3))}, r"'recurrent_kernel' of shape .* does not fit"),
        ({"error": np.array([{}], dtype=object)}, r"can't be read"),
    ],
)
def test_a_file_that_was_changed_is_told(saved, how, message):
    with pytest.raises(ValueError, match=message):
        Gradients.load(changed(saved, **how))


def write_array(path):
    with path.open("wb") as file:
        np.save(file, X)


def write_array_and_archive(path):
    """A file that is an archive from its end and an array from its beginning."""
    write_array(path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("about.npy", b"")


def write_bomb(path):
    """A small file that would fill the memory."""
    np.savez_compressed(path, about=np.array("{}"), x=np.zeros(2**24, "int8"))


def write_too_large_a_shape(path):
    header = BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)}
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("about.npy", header.getvalue())


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (lambda path: np.savez(path, x=X, y=X), r"look.npz holds 'x', 'y', and not such a result"),
        (lambda path: np.savez(path), r"holds nothing, and not such"),
        (lambda path: np.savez(path, about=X), r"can't be read; it is no .npz file of numbers"),
        (lambda path: np.savez(path, about=np.array("[]")), r"not such a result"),
        (write_array, r"can't be read"),
        (write_array_and_archive, r"can't be read"),
        (write_bomb, r"can't be read; it is no .npz file of numbers, or damaged, or does not fit"),
        (write_too_large_a_shape, r"can't be read"),
        (lambda path: path.write_text("text"), r"can't be read"),
        (lambda path: path.write_bytes(b""), r"can't be read"),
    ],
)
def test_a_file_of_another_origin_is_told(tmp_path, written, message):
    path = tmp_path / "look.npz"
    written(path)
    with pytest.raises(ValueError, match=message) as error:
        Unfolding.load(path)
    assert "Pass a file that `Unfolding.save` wrote." in str(error.value)


@settings(max_examples=150)
@given(data=st.data())
def test_a_broken_file_is_told_or_gives_what_was_saved(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "broken.npz"
    unfolding = unfolding_like()
    unfolding.save(path)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    if data.draw(st.booleans(), label="whether it is cut off"):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255), label="flipped bits")
    path.write_bytes(content)
    try:
        loaded = Unfolding.load(path)
    except ValueError as error:
        loaded = str(error)
    if isinstance(loaded, str):
        assert str(path) in loaded
    else:
        assert_equal(unfolding, loaded)


def test_a_path_that_can_not_be_is_told_and_leaves_what_was_there(tmp_path):
    unfolding = unfolding_like()
    with pytest.raises(ValueError, match=r"`path` must end in .npz, got .*look.txt"):
        unfolding.save(tmp_path / "look.txt")
    with pytest.raises(FileNotFoundError, match="`path` must be in a folder that exists"):
        unfolding.save(tmp_path / "none" / "look.npz")
    with pytest.raises(FileNotFoundError, match=r"look.npz"):
        Unfolding.load(tmp_path / "look.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        unfolding.save(tmp_path / "folder.npz")
    with pytest.raises(IsADirectoryError):
        Unfolding.load(tmp_path / "folder.npz")
    shutil.rmtree(tmp_path / "folder.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_and_a_path_may_be_text(tmp_path):
    path = str(tmp_path / "look.npz")
    unfold(ExplainedRNN(2), X.astype("float32")).save(path)
    unfolding_like().save(path)
    assert Unfolding.load(path).units == 3
