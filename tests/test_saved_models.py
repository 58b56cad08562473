"""Saved models of strangers: no code in them is run, and none gets more memory than it is large."""

import base64
import json
import marshal
import pickle
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, saved_models

CODE = "__import__('pathlib').Path('hacked').touch()"
LAMBDA = base64.b64encode(marshal.dumps(compile(f"lambda x: {CODE}", "", "eval").co_consts[0]))


class Pickled:
    def __reduce__(self):
        return eval, (CODE,)


def part(module, class_name, config, registered_name=None):
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered_name,
    }


A_LAMBDA = part(
    "builtins",
    "__lambda__",
    {"code": LAMBDA.decode(), "defaults": None, "closure": None},
)
A_PICKLE = base64.b64encode(pickle.dumps(Pickled())).decode()

# What may stand in a configuration in the place of a layer, or of an activation.
LAYERS = {
    "os.system": part("os", "system", "touch hacked", "system"),
    "posix.system": part("posix", "function", "system", "system"),
    "subprocess.Popen": part("subprocess", "Popen", {"args": ["touch", "hacked"]}, "Popen"),
    "builtins.eval": part("builtins", "eval", {"source": CODE}, "eval"),
    "a module of the folder": part("stranger", "Layer", {"name": "a"}, "Layer"),
    "a module of the folder, registered": part(None, "Layer", {"name": "a"}, "stranger>Layer"),
    "a Lambda of code": part("keras.layers", "Lambda", {"name": "a", "function": A_LAMBDA}),
    "a pickled torch module": part(
        "keras.layers", "TorchModuleWrapper", {"name": "a", "module": A_PICKLE}
    ),
    "a SavedModel": part("keras.layers", "TFSMLayer", {"name": "a", "filepath": "."}),
    "a file of words": part("keras.layers", "StringLookup", {"name": "a", "vocabulary": "words"}),
    "less safety": part("keras.config", "function", "enable_unsafe_deserialization", "function"),
    "code as a function": part("keras.src.utils.python_utils", "function", "func_load", "function"),
    "this package's files": part("keras_rnn_explained.files", "written_whole", {"path": "hacked"}),
}
ACTIVATIONS = {
    "os.system": part("os", "function", "system", "system"),
    "code": A_LAMBDA,
    "a download": part("keras.utils", "function", "get_file", "function"),
    "less safety": part("keras.config", "function", "enable_unsafe_deserialization", "function"),
    "another model": part("keras.models", "function", "load_model", "function"),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model = keras.Sequential([keras.Input((6, 2)), ExplainedRNN(3, name="rnn")])
    model.compile("adam", "mse")
    model.fit(np.ones((2, 6, 2)), np.ones((2, 3)), verbose=0)
    model.save(path)
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with what a hostile file may refer to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "stranger.py").write_text(f"{CODE}\nclass Layer: pass")
    (tmp_path / "words").write_text("secret")
    return tmp_path


def changed(saved, change=None, more=None, **content):
    """The model file with a changed configuration, other content of files in it, and more files."""
    path = Path("changed.keras")
    with zipfile.ZipFile(saved) as before:
        files = {name: before.read(name) for name in before.namelist()}
    files |= {name.replace("__", "."): value for name, value in content.items()} | (more or {})
    if change is not None:
        configuration = json.loads(files["config.json"])
        change(configuration["config"]["layers"])
        files["config.json"] = json.dumps(configuration).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name, value in files.items():
            after.writestr(name, value)
    return path


def weights(saved, change):
    """The file of weights with its first array, the kernel, changed."""
    with zipfile.ZipFile(saved) as file:
        content = BytesIO(file.read("model.weights.h5"))
    with h5py.File(content, "a") as file:
        kernel = "layers/explained_rnn/vars/0"
        assert file[kernel].shape == (2, 3)
        del file[kernel]
        change(file, kernel)
    return content.getvalue()


def assert_refused(path, message=""):
    before = set(sys.modules)
    with pytest.raises(Exception, match=message):
        saved_models.load(path)
    assert not Path("hacked").exists()
    assert "stranger" not in set(sys.modules) - before


def test_a_model_is_loaded_as_keras_loads_it(saved):
    model, other = saved_models.load(saved), keras.models.load_model(saved)
    for one, two in zip(model.weights, other.weights, strict=True):
        assert np.array_equal(one, two)
    assert model.optimizer.iterations == 1
    assert not saved_models.load(saved, compile=False).compiled


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_what_stands_in_the_place_of_a_layer_is_not_run(saved, folder, layer):
    assert_refused(changed(saved, lambda layers: layers.insert(1, layer)))


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_what_stands_in_the_place_of_an_activation_is_not_run(saved, folder, activation):
    def change(layers):
        layers[1]["config"]["activation"] = activation

    assert_refused(changed(saved, change))


def test_more_units_than_the_file_has_weights_for_are_refused_before_they_are_made(saved, folder):
    def change(layers):
        layers[1]["config"]["units"] = 2**20

    assert_refused(changed(saved, change), "its layers ask for 4,194,316.0 MiB, but it holds only")


def test_an_array_that_is_larger_inside_than_the_file_is_refused_before_it_is_read(saved, folder):
    def change(file, kernel):
        file.create_dataset(
            kernel, shape=(2**20, 2**20), dtype="f4", chunks=(2**10, 2**10), compression="gzip"
        )

    path = changed(saved, model__weights__h5=weights(saved, change))
    assert path.stat().st_size < 2**16
    assert_refused(path, "its arrays ask for 4,194,304.0 MiB, but it holds only")


@pytest.mark.parametrize("how", ["link", "storage", "layout"])
def test_weights_are_not_taken_from_other_files(saved, folder, how):
    with h5py.File("other.h5", "w") as file:
        file["secret"] = np.ones((2, 3), "float32")

    def change(file, kernel):
        if how == "link":
            file[kernel] = h5py.ExternalLink(str(folder / "other.h5"), "secret")
        elif how == "storage":
            file.create_dataset(kernel, (2, 3), "f4", external=[(str(folder / "words"), 0, 24)])
        else:
            layout = h5py.VirtualLayout((2, 3), "f4")
            layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "secret", (2, 3))
            file.create_virtual_dataset(kernel, layout)

    assert_refused(changed(saved, model__weights__h5=weights(saved, change)), "Not allowed|not")


def test_files_with_paths_out_of_the_archive_are_written_nowhere(saved, folder):
    inside = folder / "a" / "b"
    inside.mkdir(parents=True)
    names = ("../../hacked", "assets/../../../hacked", str(folder / "hacked"), "assets/ok.txt")
    path = changed(saved, more=dict.fromkeys(names, b"text")).rename(inside / "model.keras")
    before = sorted(folder.rglob("*"))
    with pytest.warns(UserWarning, match="Skipping invalid path"):
        saved_models.load(path)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "content",
    [
        {"config__json": b"{"},
        {"config__json": b"[" * 10**5},
        {"config__json": b'{"class_name": "Sequential"}'},
        {"model__weights__h5": b""},
        {"model__weights__h5": b"\x89HDF\r\n\x1a\n" + bytes(1000)},
        {"model__weights__h5": pickle.dumps(Pickled())},
    ],
)
def test_a_broken_file_is_an_error_and_no_crash(saved, folder, content):
    assert_refused(changed(saved, **content))


def layers_of_many_kinds():
    layers = keras.layers
    yield [layers.BatchNormalization(), layers.Bidirectional(ExplainedRNN(3, dropout=0.5))]
    yield [layers.TimeDistributed(layers.Dense(3)), layers.LSTM(3), layers.GaussianNoise(0.1)]
    yield [layers.RNN([layers.SimpleRNNCell(3), layers.GRUCell(2)], return_sequences=True)]
    yield [layers.SpectralNormalization(layers.Dense(3)), layers.Conv1D(2, 3)]
    yield [layers.Normalization(mean=1.0, variance=2.0), ExplainedRNN(2, dtype="mixed_float16")]
    yield [
        layers.SimpleRNN(2, stateful=True, return_sequences=True),
        ExplainedRNN(2, stateful=True),
    ]
    yield [keras.Sequential([ExplainedRNN(2, return_sequences=True), layers.SimpleRNN(3)])]


@pytest.mark.parametrize("layers", [*layers_of_many_kinds()])
def test_models_that_keras_saved_are_loaded(layers, folder):
    model = keras.Sequential([keras.Input(batch_shape=(2, 6, 4)), *layers])
    model.compile("adam", "mse")
    model.save("model.keras")
    loaded = saved_models.load(Path("model.keras"))
    for one, two in zip(model.weights, loaded.weights, strict=True):
        assert np.array_equal(one, two)
