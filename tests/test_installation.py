"""What those see whose TensorFlow is missing, not whole or too old, in environments that are so."""

import subprocess
import venv
from importlib import metadata
from pathlib import Path

import pytest
import tensorflow as tf

import keras_rnn_explained
from keras_rnn_explained import installation

NEEDED = f"keras_rnn_explained needs TensorFlow {installation.LOWEST} or later, but "


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """Python with nothing installed but the package, which it sees from outside."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return folder / "bin" / "python"


def importing(python, *folders):
    """What importing the package writes to standard error, with these folders on the path."""
    package = Path(keras_rnn_explained.__file__).parent.parent
    done = subprocess.run(
        [python, "-c", "import keras_rnn_explained"],
        cwd=python.parent,
        env={"PYTHONPATH": ":".join(map(str, (*folders, package)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def installed(folder, distribution, version, code):
    """A distribution that holds the package `tensorflow`, with this code."""
    (folder / "tensorflow").mkdir(exist_ok=True)
    if code is not None:
        (folder / "tensorflow" / "__init__.py").write_text(code)
    information = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    )
    (information / "top_level.txt").write_text("tensorflow\n")


def test_the_tensorflow_that_is_there_is_returned():
    assert installation.load_tensorflow() is tf


def test_without_tensorflow_the_error_says_what_to_install(bare_python):
    assert importing(bare_python) == (
        f"ImportError: {NEEDED}it is not installed. Install it with `pip install "
        "'tensorflow>=2.18'` or, where no GPU is used, with `pip install 'tensorflow-cpu>=2.18'`, "
        "which is smaller and there for Linux and Windows on x86-64. To run on another backend of "
        "Keras, set the environment variable KERAS_BACKEND to 'jax' or 'torch'."
    )


@pytest.mark.parametrize(
    ("distribution", "replaced_by"),
    [
        ("tensorflow", "tensorflow"),
        ("tensorflow_cpu", "tensorflow-cpu"),
        ("tensorflow-cpu", "tensorflow-cpu"),
        ("tensorflow-macos", "tensorflow"),  # there is none that is new enough
    ],
)
@pytest.mark.parametrize("version", ["2.9.1", "2.17.0-rc1", "1.15.5"])
def test_an_old_tensorflow_is_to_be_replaced_by_its_like(
    bare_python, tmp_path, distribution, replaced_by, version
):
    installed(tmp_path, distribution, version, f"__version__ = '{version}'")
    assert importing(bare_python, tmp_path) == (
        f"ImportError: {NEEDED}{version} is installed. Replace it with `pip uninstall -y "
        f"{distribution.replace('_', '-')} && pip install '{replaced_by}>=2.18'`."
    )


def test_what_one_tensorflow_left_of_two_is_to_be_replaced(bare_python, tmp_path):
    installed(tmp_path, "tensorflow", "2.21.0", code=None)
    installed(tmp_path, "tensorflow-cpu", "2.21.0", code=None)
    assert importing(bare_python, tmp_path) == (
        f"ImportError: {NEEDED}{tmp_path / 'tensorflow'} is not the whole of it. Replace it with "
        "`pip uninstall -y tensorflow tensorflow-cpu && pip install 'tensorflow>=2.18'`."
    )


def test_a_folder_of_that_name_is_told_from_tensorflow(bare_python, tmp_path):
    (tmp_path / "tensorflow").mkdir()
    shown = importing(bare_python, tmp_path)
    assert f"{tmp_path / 'tensorflow'} is not the whole of it" in shown
    assert shown.endswith("Replace it with `pip install 'tensorflow>=2.18'`.")


def test_what_tensorflow_itself_lacks_is_shown_as_it_is(bare_python, tmp_path):
    installed(tmp_path, "tensorflow", "2.21.0", "import not_there")
    assert importing(bare_python, tmp_path) == ("ModuleNotFoundError: No module named 'not_there'")


@pytest.mark.parametrize(
    "version", ["2.18.0", "2.18.0-rc0", "2.100.1", "3.0.0", "2.22.0-dev20261101"]
)
def test_new_ones_are_enough(bare_python, tmp_path, version):
    installed(tmp_path, "tf-nightly", version, f"__version__ = '{version}'")
    # Then the next thing is missing.
    assert importing(bare_python, tmp_path) == "ModuleNotFoundError: No module named 'keras'"


def test_the_package_brought_no_second_tensorflow():
    # `make test-lowest` sees to this beside tensorflow-cpu, `make test` beside tensorflow.
    assert len(set(metadata.packages_distributions()["tensorflow"])) == 1
