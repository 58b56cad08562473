"""What a user gets: the source archive, the wheel, what pip learns from it, and that it works."""

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import keras_rnn_explained
from keras_rnn_explained import installation

requirements = pytest.importorskip("packaging.requirements")
utils = pytest.importorskip("packaging.utils")
yaml = pytest.importorskip("yaml")

PACKAGE = Path(keras_rnn_explained.__file__).parent
ROOT = PACKAGE.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STEM = f"keras_rnn_explained-{PROJECT['version']}"


def run(*command, **keywords):
    """What a command prints; the test fails with it if the command does."""
    done = subprocess.run(
        [*map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **keywords,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


# TensorFlow, of which the user has one or chooses one


def required(distribution, extras=(), seen=None):
    """The names of all that pip installs with a distribution, as far as it is installed here."""
    seen = set() if seen is None else seen
    if distribution == "keras-rnn-explained":
        optional = PROJECT["optional-dependencies"]
        lines = [*PROJECT["dependencies"], *(line for extra in extras for line in optional[extra])]
    else:
        try:
            lines = metadata.requires(distribution) or ()
        except metadata.PackageNotFoundError:
            lines = ()
    for requirement in map(requirements.Requirement, lines):
        name = utils.canonicalize_name(requirement.name)
        wanted = requirement.marker is None or any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
        )
        if wanted and (name, *sorted(requirement.extras)) not in seen:
            seen.add((name, *sorted(requirement.extras)))
            if name not in ("tensorflow", "tensorflow-cpu"):
                required(name, requirement.extras, seen)
    return {name for name, *_ in seen}


@pytest.mark.parametrize("extra", ["", *PROJECT["optional-dependencies"]])
def test_no_tensorflow_is_installed_but_the_one_that_is_named(extra):
    named = {extra} & {"tensorflow", "tensorflow-cpu"}
    names = required("keras-rnn-explained", [extra] if extra else ())
    assert {"keras", "numpy", "rich"} <= names
    assert {name for name in names if name.startswith(("tensorflow", "tf-"))} == named


@pytest.mark.parametrize("extra", ["tensorflow", "tensorflow-cpu"])
def test_the_lowest_tensorflow_is_the_same_everywhere(extra):
    assert PROJECT["optional-dependencies"][extra] == [f"{extra}>={installation.LOWEST}"]


# What stands in two files


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for key, value in {
        "title": PROJECT["name"],
        "version": PROJECT["version"],
        "abstract": PROJECT["description"],
        "license": PROJECT["license"],
        "authors": PROJECT["authors"],
        "keywords": PROJECT["keywords"],
    }.items():
        assert citation[key] == value


# The archives


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """The folder with the source archive, and the wheel that was built from it."""
    for tool in ("build", "hatchling"):
        pytest.importorskip(tool)
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    assert {path.name for path in folder.iterdir()} == {
        f"{STEM}.tar.gz",
        f"{STEM}-py3-none-any.whl",
    }
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    return dist / f"{STEM}-py3-none-any.whl"


@pytest.mark.slow
def test_the_source_archive_and_the_folder_give_the_same_wheel(wheel, tmp_path):
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path, ROOT)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert f"{STEM}.dist-info/licenses/LICENSE" in archive.namelist()
    files = {path for path in PACKAGE.rglob("*") if path.is_file()}
    own = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert names == own
    assert {Path(name).suffix for name in own} >= {".csv", ".txt", ".html", ".css", ".js", ".typed"}


@pytest.mark.slow
def test_the_source_archive_has_what_tests_and_documentation_need(dist):
    with tarfile.open(dist / f"{STEM}.tar.gz") as archive:
        names = {name.removeprefix(f"{STEM}/") for name in archive.getnames()}
    assert {name.partition("/")[0] for name in names} == {
        *(".ci", ".gitignore", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE"),
        *(
            "Makefile",
            "PKG-INFO",
            "README.md",
            "SECURITY.md",
            "benchmarks",
            "constraints.txt",
            "docs",
        ),
        *("docs_build", "examples", "keras_rnn_explained", "mkdocs.ja.yml", "mkdocs.yml"),
        *("mkdocs_hooks.py", "pyproject.toml", "tests"),
    }
    assert {"tests/test_packaging.py", "docs/en/start.md", "docs/ja/start.md", ".ci/run"} <= names


@pytest.mark.slow
def test_the_tools_of_those_who_publish_find_nothing(dist, wheel):
    for tool in ("twine", "check_wheel_contents"):
        pytest.importorskip(tool)
    run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir())
    run(sys.executable, "-m", "check_wheel_contents", wheel)


@pytest.mark.slow
def test_what_is_installed_from_the_wheel_works(wheel, tmp_path):
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", wheel)
    # All else is taken from where the tests run. An editable installation there is not seen: the
    # files that show the way to it are not read in a folder that is put on the path like this.
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (site / "others.pth").write_text("\n".join(sys.path[1:]))
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "PYTHONSAFEPATH")
    }

    def at_work(*command):
        return run(*command, cwd=tmp_path, env=environment)

    command = python.with_name("rnn-explained")
    assert "demo" in at_work(command, "--help")
    assert at_work(command, "--version") == f"rnn-explained {PROJECT['version']}\n"
    program = f"""
from pathlib import Path
import keras
import numpy as np
import keras_rnn_explained
from keras_rnn_explained import ExplainedRNN, datasets, explain
folder = Path(keras_rnn_explained.__file__).parent
assert folder == Path({str(site)!r}, "keras_rnn_explained"), folder
assert (folder / "py.typed").is_file()
assert not set(folder.parent.iterdir()) & {{
    folder.with_name(name) for name in ("tests", "docs", "docs_build", "benchmarks")
}}
datasets.load_series("sunspots")
datasets.load_series("co2")
datasets.load_text()
model = keras.Sequential([keras.Input((3, 2)), ExplainedRNN(2), keras.layers.Dense(1)])
model.compile("sgd", "mse")
explain(model, np.ones((4, 3, 2), "float32"), np.ones((4, 1), "float32"), "report.html")
"""
    at_work(python, "-c", program)
    assert (tmp_path / "report.html").stat().st_size > 50_000
