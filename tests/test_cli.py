"""The command line as its users meet it: a process of its own, its output and its exit status."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

import keras_rnn_explained
from keras_rnn_explained import cli, equations, explain_command, report, terminal, verification
from keras_rnn_explained.backends import tensorflow as on_tensorflow
from keras_rnn_explained.cli import main
from keras_rnn_explained.figures import writing

COMMAND = [sys.executable, "-m", "keras_rnn_explained"]
PACKAGE = Path(keras_rnn_explained.__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}  # found from any folder
ENVIRONMENT.pop("TF_CPP_MIN_LOG_LEVEL", None)  # the command is to be quiet by itself


def run(*arguments, folder=None):
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def complaints(error_output):
    """What the command wrote to standard error; TensorFlow is not to write there at all."""
    assert "Traceback" not in error_output
    return error_output.splitlines()


def number_after(text, output):
    return re.search(rf"{re.escape(text)}\s+([\d.e+-]+)", output)[1]


# demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    arguments = ("demo", "--units", "3", "--epochs", "2", "--window", "13")
    return run(*arguments, folder=folder), folder


def test_the_demo_ends_well_and_complains_of_nothing(demo):
    done, _ = demo
    assert done.returncode == 0
    assert complaints(done.stderr) == []


def test_the_demo_shows_the_three_parameters_and_the_two_of_a_dense_layer(demo):
    done, _ = demo
    rows = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "ExplainedRNN W_ax kernel (1, 3) 3" in rows
    assert "W_aa recurrent_kernel (3, 3) 9" in rows
    assert "b_a bias (3,) 3" in rows
    assert "3 * (1 + 3 + 1) 15" in rows
    assert "3 * (1 + 1) 6" in rows


@pytest.mark.parametrize(
    "what",
    [
        "initial weights",
        "outputs",
        "gradient of kernel",
        "gradient of recurrent kernel",
        "gradient of bias",
        "gradient of Dense's kernel",
        "gradient of Dense's bias",
        "losses of epochs 1 to 2",
    ],
)
def test_the_demo_shows_that_the_networks_agree(demo, what):
    done, _ = demo
    row = re.search(rf"{re.escape(what)} +(\S+) +(\S+) +agrees", done.stdout)
    assert float(row[1]) <= float(row[2])


def test_the_demo_shows_how_far_final_weights_drifted_without_judging(demo):
    done, _ = demo
    assert re.search(r"final weights +\d\.\de[+-]\d\d +- +only shown", done.stdout)


def test_the_demo_sets_the_forecast_beside_naive_ones_and_gives_times(demo):
    done, _ = demo
    assert number_after("ExplainedRNN  ", done.stdout) == number_after("SimpleRNN  ", done.stdout)
    # These do not depend on the network. The last value is worth 31.9 on 1932 to 2008.
    assert float(number_after("the last value", done.stdout)) == 31.9
    assert float(number_after("the number 11 years before", done.stdout)) == 35.9
    for layer in ("ExplainedRNN", "SimpleRNN"):
        assert re.search(rf"Training with {layer}: \d+\.\d s for 2 epochs", done.stdout)


def test_the_demo_draws_the_trained_layer_and_says_where(demo):
    done, folder = demo
    assert "Figure: rnn-explained-demo.svg" in done.stdout
    assert {path.name for path in folder.iterdir()} == {
        "rnn-explained-demo.svg",
        "rnn-explained-demo.html",
    }
    svg = (folder / "rnn-explained-demo.svg").read_text(encoding="utf-8")
    assert "time step 13" in svg
    assert "One set of parameters, used at every time step: 15 numbers" in svg


def test_the_demo_ends_with_a_page_about_the_trained_network(demo):
    done, folder = demo
    assert "Page: rnn-explained-demo.html" in done.stdout
    page = (folder / "rnn-explained-demo.html").read_text(encoding="utf-8")
    assert "1·3 + 3² + 3 = 15" in page


def test_the_demo_says_what_to_try_next(demo):
    done, _ = demo
    typed = re.findall(
        r"^Next: (\S*rnn-explained|python -m keras_rnn_explained) (.+?)   ", done.stdout, re.M
    )
    assert [arguments for _, arguments in typed] == [
        "verify",
        "demo --units 3",
        "demo --dataset co2",
    ]


def test_the_demo_of_co2_forecasts_changes_and_says_why(tmp_path, capsys):
    output = tmp_path / "co2.png"
    arguments = "demo --dataset co2 --units 2 --epochs 1 --window 5"
    assert main([*arguments.split(), "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert "changes go in and a change comes out" in shown
    assert "ppm" in shown
    assert "12 months before" not in shown  # the window is too short to hold it
    assert "1 epoch," in shown
    assert output.read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_demo(tmp_path, capsys):
    shown = []
    for name in ("a.svg", "b.svg"):
        output = tmp_path / name
        assert main(["demo", "--units", "2", "--epochs", "1", "--output", str(output)]) == 0
        shown.append(capsys.readouterr().out.split("Training with")[0])
    assert shown[0] == shown[1]
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_without_matplotlib_the_demo_goes_without_a_figure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["demo", "--units", "1", "--epochs", "1"]) == 0
    assert "pip install 'keras_rnn_explained[figures]'" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_a_figure_that_is_asked_for_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["demo", "--output", str(tmp_path / "a.svg")]) == 2
    assert "pip install 'keras_rnn_explained[figures]'" in capsys.readouterr().err


@pytest.fixture
def wrong_equations(monkeypatch):
    """A recurrence that is off by a thousandth, in programs that do not outlive the test."""
    right = equations.project_states
    monkeypatch.setattr(on_tensorflow, "_shared_programs", {})
    monkeypatch.setattr(equations, "project_states", lambda *a, **k: right(*a, **k) * 1.001)


def test_a_demo_whose_networks_differ_says_so_and_exits_with_1(tmp_path, wrong_equations, capsys):
    output = tmp_path / "a.svg"
    assert main(["demo", "--units", "2", "--epochs", "1", "--output", str(output)]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"outputs +\d\.\de-0\d +1e-05 +DIFFERS", shown)
    assert "do NOT agree" in shown


# verify


def test_verify_shows_what_agrees_and_how_well():
    done = run("verify", "--cases", "4", "--seed", "3")
    assert done.returncode == 0
    assert complaints(done.stderr) == []
    assert "SimpleRNN on tensorflow: 4 random cases" in done.stdout
    row = re.search(r"gradient of kernel +(\d+) +(\S+) +(\S+)", done.stdout)
    assert int(row[1]) >= 4
    assert float(row[2]) <= 1e-5
    assert float(row[3]) <= 1e-12
    assert "Everything agrees." in done.stdout


def test_verify_of_wrong_equations_exits_with_1_and_says_how_to_see_it_again(
    wrong_equations, capsys
):
    assert main(["verify", "--cases", "3", "--seed", "11"]) == 1
    shown = capsys.readouterr().out
    assert "did not agree" in shown
    assert "Everything agrees" not in shown
    command = re.search(r"rnn-explained (verify --cases 1 --seed \d+)\n +(.+)", shown)
    assert re.match(r"outputs \(float(32|64)\): relative difference \S+, tolerance", command[2])
    assert main(command[1].split()) == 1
    assert command[2] in capsys.readouterr().out


def test_verify_of_many_failures_shows_the_first_and_counts_the_others(monkeypatch, capsys):
    failures = tuple(
        verification.Failure(seed, f"gradient {number}", "float32", 1.0)
        for seed in range(12)
        for number in range(5)
    )
    report = verification.Report(12, 0, (), failures)
    monkeypatch.setattr(verification, "verify", lambda *args, **keywords: report)
    assert main(["verify", "--cases", "12"]) == 1
    shown = capsys.readouterr().out
    assert "12 cases of 12 did not agree" in shown
    assert shown.count("and 2 more") == 11
    assert "gradient 2" in shown
    assert "gradient 3" not in shown
    assert "--seed 9" in shown
    assert "--seed 10" not in shown


# What can't be done


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("demo --units 0", "--units: must be a whole number, at least 1, got '0'"),
        ("demo --units x", "--units: must be a whole number, at least 1, got 'x'"),
        ("demo --epochs 0", "--epochs: must be a whole number, at least 1, got '0'"),
        ("demo --window 2.5", "--window: must be a whole number, at least 1, got '2.5'"),
        ("demo --window 500", "--window: must be at most 216 for sunspots"),
        ("demo --dataset co2 --window 500", "--window: must be at most 378 for co2"),
        ("demo --seed -1", "--seed: must be a whole number, between 0 and 4294967295, got '-1'"),
        ("demo --dataset moon", "--dataset: invalid choice: 'moon' (choose from"),
        ("demo --output missing/a.svg", "--output: there is no folder missing. Make it first."),
        ("demo --output a.gif", "must end in .svg or .png, which says what to write; got a.gif"),
        ("demo --output .", "--output: must be a file, but . is a folder"),
        ("demo --colour", "--colour. `rnn-explained demo --help` lists what there is."),
        ("--colour", "--colour. `rnn-explained --help` lists what there is."),
        ("verify --cases 0", "--cases: must be a whole number, at least 1, got '0'"),
        ("verify --seed -3", "--seed: must be a whole number, at least 0, got '-3'"),
        ("sing", "invalid choice: 'sing'"),
    ],
)
def test_what_can_not_be_done_is_one_line_that_says_what_can(
    arguments, complaint, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments.split()) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("rnn-explained: error: ")
    assert complaint in shown.err
    assert not list(tmp_path.iterdir())


def test_the_kinds_of_files_are_those_that_are_written():
    assert writing.SUFFIXES == cli.FIGURES
    for suffix in explain_command.PAGES:
        report.check_path(f"page{suffix}")


def test_a_file_of_another_kind_is_refused_before_keras_starts():
    code = (
        "import sys; sys.argv[0] = 'rnn-explained'; from keras_rnn_explained import cli; "
        "print(cli.main(['demo', '--output', 'x.pdf']), 'keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "2 False\n"


def test_an_error_is_the_exit_status_of_the_process_too():
    done = run("demo", "--units", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(complaints(done.stderr)) == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder root can't write to")
def test_a_folder_that_can_not_be_written_to_is_found_before_training(capsys):
    assert main(["demo", "--output", "/proc/a.svg"]) == 2
    assert "can't write into the folder /proc" in capsys.readouterr().err


def test_a_figure_that_can_not_be_written_after_all_is_one_line(tmp_path, monkeypatch, capsys):
    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(writing, "write", full)
    output = str(tmp_path / "a.svg")
    assert main(["demo", "--units", "1", "--epochs", "1", "--output", output]) == 2
    complaint = capsys.readouterr().err
    assert complaint == (
        "rnn-explained: error: the figure could not be written: no space left on device\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_with_130_and_one_line_and_leaves_nothing(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "demo", "--epochs", "100000"],
        cwd=tmp_path,
        env={**ENVIRONMENT, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them, and so the command, ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        process.stdout.readline()  # the demo has begun
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert complaints(errors) == ["rnn-explained: interrupted; no file was left half written."]
    assert not list(tmp_path.iterdir())


def test_ctrl_c_that_python_drops_is_raised_again_by_the_next_update():
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with terminal.progress_bars(Console()) as progress:
            task = progress.add_task("steps", now="")
            progress.update(task, completed=1)
            with contextlib.suppress(KeyboardInterrupt):  # as a destructor does
                signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                progress.update(task, completed=2)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_tensorflow_a_command_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert main(["verify"]) == 2
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 1
    assert "`pip install 'tensorflow>=" in shown


# Help and version


@pytest.mark.parametrize("command", ["demo", "verify --cases 1", "explain model.keras data.npz"])
def test_a_backend_that_the_package_does_not_run_on_is_one_line(tmp_path, command):
    model = keras.Sequential([keras.Input((4, 2)), keras.layers.SimpleRNN(2)])
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=np.ones((3, 4, 2)), y=np.ones((3, 2)))
    done = subprocess.run(
        [*COMMAND, *command.split()],
        cwd=tmp_path,
        env=ENVIRONMENT | {"KERAS_BACKEND": "numpy"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (complaint,) = complaints(done.stderr)
    assert "but Keras runs on 'numpy'. Set the environment variable KERAS_BACKEND" in complaint


WITHOUT_NETWORK = """
import socket
import sys

def refuse(*args, **keywords):
    raise SystemExit(f"asked for the network: {args}")

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = refuse

import keras
import numpy as np
from keras_rnn_explained.cli import _parser, main

model = keras.Sequential([keras.Input((4, 2)), keras.layers.SimpleRNN(2), keras.layers.Dense(1)])
model.save("model.keras")
np.savez("data.npz", x=np.ones((3, 4, 2)), y=np.ones((3, 1)))
given = {
    "demo": ["--units", "2", "--epochs", "1", "--window", "13"],
    "verify": ["--cases", "1"],
    "explain": ["model.keras", "data.npz", "--loss", "mse"],
}
(commands,) = (action.choices for action in _parser()._actions if isinstance(action.choices, dict))
assert set(given) == set(commands), "each command belongs here"
for command, arguments in given.items():
    assert main([command, *arguments]) == 0, command
"""


def test_no_command_asks_for_the_network(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NETWORK],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_without_a_command_there_is_help(capsys):
    assert main([]) == 0
    assert "demo" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["demo", "verify"])
def test_help_gives_the_defaults(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([command, "--help"])
    assert exit_.value.code == 0
    assert "(default: 0)" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert re.fullmatch(
        r"rnn-explained (\d+\.\d+\.\d+\S*|\(not installed\))\n", capsys.readouterr().out
    )


def test_a_package_that_is_not_installed_has_no_version_and_says_so(monkeypatch, capsys):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == "rnn-explained (not installed)\n"


def test_what_to_type_next_is_there_to_be_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    beside = Path(sys.executable).with_name("rnn-explained")
    arguments = ["demo", "--epochs", "1", "--output", str(tmp_path / "a.svg")]
    assert main(arguments) == 0
    command = re.search(r"Next: (\S+) verify", capsys.readouterr().out)[1]
    assert Path.cwd() / command == beside
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert main(arguments) == 0
    assert "Next: python -m keras_rnn_explained verify" in capsys.readouterr().out


def test_help_and_wrong_arguments_do_not_wait_for_tensorflow():
    program = f"""
import importlib.util, sys
# The package without its __init__, so that only what the command line itself imports counts.
spec = importlib.util.spec_from_loader("keras_rnn_explained", None, is_package=True)
spec.submodule_search_locations.append({str(PACKAGE)!r})
sys.modules["keras_rnn_explained"] = importlib.util.module_from_spec(spec)
from keras_rnn_explained.cli import main
assert main([]) == 0
assert main(["demo", "--units", "0"]) == 2
assert not {{"tensorflow", "keras", "matplotlib"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
