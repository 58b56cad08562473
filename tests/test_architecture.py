"""The floors of the package: imports go only downwards, and importing stays light."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import keras_rnn_explained

PACKAGE = Path(keras_rnn_explained.__file__).parent

# From the ground up. A module imports from floors below its own alone.
FLOORS = [
    {"installation"},
    {"exporting", "naming"},
    {"activations", "criteria", "datasets", "equations", "files", "tables", "terminal"},
    {"archive", "execution"},
    {"backends"},
    {"copying", "recording", "results", "simple_rnn_weights", "validation"},
    {"layer"},
    {"finding", "saved_models"},
    {"chains"},
    {"convert", "onnx_nodes", "torch_stack"},
    {"onnx_weights", "torch_weights", "unfolding"},
    {"losses"},
    {"bptt"},
    {"diagnosis"},
    {"figures", "verification"},
    {"training_log"},
    {"callbacks", "report"},
    {"demonstration", "explain_command"},
    {"cli"},
    {"__init__", "__main__"},
]
FLOOR = {module: number for number, floor in enumerate(FLOORS) for module in floor}


def imports(path):
    """The package's own modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == "keras_rnn_explained" and rest.partition(".")[0] in FLOOR:
                yield rest.partition(".")[0]


def name_of(path):
    """Of a module, without the package: `layer`, or `figures.states`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=name_of)
def test_a_module_has_a_floor_and_imports_only_from_below_it(path):
    own, _, within = name_of(path).partition(".")  # the modules of a package share a floor
    above = [
        name for name in imports(path) if FLOOR[name] >= FLOOR[own] and not (within and name == own)
    ]
    assert not above


def loaded_by(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_the_package_loads_no_plotting_and_no_other_backend():
    loaded = {name.partition(".")[0] for name in loaded_by("import keras_rnn_explained")}
    assert "keras" in loaded
    # Keras itself may load some of these where they are installed.
    added = loaded - {name.partition(".")[0] for name in loaded_by("import keras")}
    assert not added & {"matplotlib", "torch", "jax", "onnx", "pandas", "xarray"}


@pytest.mark.parametrize("folder", ["mine", "keras_rnn_explained_extras"])
def test_another_package_that_is_run_with_m_gets_the_layer(tmp_path, folder):
    package = tmp_path / folder
    package.mkdir()
    (package / "__init__.py").write_text("from keras_rnn_explained import ExplainedRNN, unfold\n")
    (package / "train.py").write_text("print('ran')\n")
    done = subprocess.run(
        [sys.executable, "-m", f"{folder}.train"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "ran\n"


def test_a_saved_model_loads_after_importing_the_package_alone(tmp_path):
    model = keras.Sequential([keras.Input((3, 2)), keras_rnn_explained.ExplainedRNN(2)])
    model.save(tmp_path / "model.keras")
    loaded_by(
        "import keras_rnn_explained, keras; "
        f"keras.models.load_model({str(tmp_path / 'model.keras')!r})"
    )


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        keras_rnn_explained.nothing  # noqa: B018


def test_public_names_are_offered_where_names_are_completed():
    assert set(keras_rnn_explained.__all__) <= set(dir(keras_rnn_explained))


def test_every_module_is_short_enough_to_read():
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, name_of(path)
