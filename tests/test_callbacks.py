"""`GradientFlow`: it sees what `backpropagate` sees, writes whole rows, and changes nothing."""

import csv
import random
import warnings
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_explained import ExplainedRNN, GradientFlow, backpropagate, callbacks, training_log
from keras_rnn_explained.figures.wording import printable
from tests import hostile
from tests.limits import no_file_larger_than

RNG = np.random.default_rng(3)
X = RNG.normal(size=(12, 5, 2)).astype("float32")
Y = RNG.normal(size=(12, 1)).astype("float32")


def network(layer=ExplainedRNN, compiled=True, **options):
    keras.utils.set_random_seed(0)
    rnn = layer(3, name="rnn", **options)
    model = keras.Sequential([keras.Input((5, 2)), rnn, keras.layers.Dense(1)])
    if compiled:
        model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def train(model, *callbacks, epochs=2, **options):
    options = {"batch_size": 4, "verbose": 0, "epochs": epochs} | options
    return model.fit(X, Y, callbacks=list(callbacks), **options)


def rows(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def written(folder):
    """What is in TensorBoard's files: step and value by tag."""
    values = {}
    for path in sorted(map(str, Path(folder).glob("events*"))):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                values.setdefault(value.tag, []).append(
                    (event.step, tf.make_ndarray(value.tensor).tolist())
                )
    return values


@pytest.fixture(autouse=True)
def no_findings(monkeypatch):
    """What is found is another module's matter."""
    monkeypatch.setattr(callbacks, "findings_of", lambda gradients: [])


def texts(told):
    return [str(one.message) for one in told if one.category is UserWarning]


def finding(kind, layer="rnn"):
    return SimpleNamespace(
        kind=kind, layer=layer, message=lambda: f"{layer} is {kind}.", advice=lambda: "Rest."
    )


# --- What it writes ---------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
def test_a_row_holds_what_backpropagate_gives_for_the_weights_of_that_moment(tmp_path, activation):
    model = network(activation=activation)
    train(model, GradientFlow(X, Y, every=100, csv=tmp_path / "flow.csv"))
    first, last = rows(tmp_path / "flow.csv")
    assert (first["batch"], first["epoch"]) == ("0", "0")
    assert (last["batch"], last["epoch"], last["layer"]) == ("6", "1", "rnn")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(X) - Y))
    assert float(last["loss"]) == pytest.approx(float(loss), rel=1e-5)
    for weight, gradient in zip(
        model.layers[0].weights, tape.gradient(loss, model.layers[0].weights), strict=True
    ):
        norm = float(tf.norm(gradient))
        assert float(last[f"{weight.name}_gradient"]) == pytest.approx(norm, rel=1e-4)
    error = np.linalg.norm(backpropagate(model, X, Y).error, axis=(0, 2))
    assert float(last["first_to_last_error"]) == pytest.approx(error[0] / error[-1], rel=1e-5)
    for step, place in enumerate(training_log.PLACES):
        assert float(last[f"error_at_{place}"]) == pytest.approx(error[step], rel=1e-5)
    kernel = model.layers[0].recurrent_kernel.numpy()
    radius = max(abs(np.linalg.eigvals(kernel)))
    assert float(last["spectral_radius"]) == pytest.approx(radius, rel=1e-5)
    assert last["time_steps"] == "5"
    assert (last["saturation"] == "") == (activation == "relu")


@pytest.mark.parametrize(("activation", "bound"), [("tanh", 2.6467), ("sigmoid", 5.2933)])
def test_saturation_counts_states_that_count_and_are_near_a_bound(activation, bound):
    layer = ExplainedRNN(1, activation, recurrent_initializer="zeros", kernel_initializer="ones")
    x = np.array([[[bound + 0.01], [bound - 0.01], [-bound - 0.01], [9]]], "float32")
    mask = np.array([[True, True, True, False]])
    gradients = backpropagate(layer, x, np.ones((1, 1)), loss="mse", mask=mask)
    assert training_log.scalars_of(gradients)["saturation"] == pytest.approx(2 / 3)


def test_tensorboard_gets_scalars_histograms_and_text(tmp_path, monkeypatch):
    monkeypatch.setattr(callbacks, "findings_of", lambda gradients: [finding("ill")])
    monkeypatch.setattr(
        training_log.TensorBoardLog, "_image_of", lambda *_: np.zeros((1, 2, 2, 4), "uint8")
    )
    flow = GradientFlow(X, Y, every=4, log_dir=tmp_path / "logs", csv=tmp_path / "flow.csv")
    with pytest.warns(UserWarning, match="rnn is ill"):
        train(network(), flow)
    values = written(tmp_path / "logs")
    for name in ("loss", *training_log.SCALARS):
        steps, scalars = zip(*values[f"rnn/{name}"], strict=True)
        assert steps == (0, 4, 6)
        expected = [float(row[name]) for row in rows(tmp_path / "flow.csv")]
        assert scalars == pytest.approx(expected, rel=1e-6)
    for name in ("states", *(f"log10_summand_norms/{p}" for p in training_log.PARAMETERS)):
        assert [step for step, _ in values[f"rnn/{name}"]] == [0, 4, 6]
    counted = sum(count for *_, count in values["rnn/states"][0][1])
    assert counted == 12 * 5 * 3
    assert values["rnn/findings"] == [(0, b"After batch 0: rnn is ill. Rest.")]
    assert [step for step, _ in values["rnn/gradient_flow"]] == [6]


def test_without_figures_all_else_is_written_and_one_warning_says_so(tmp_path, monkeypatch):
    def draw(gradients):
        raise ImportError("no matplotlib")

    monkeypatch.setattr(
        training_log.TensorBoardLog, "_image_of", lambda _, gradients: draw(gradients)
    )
    monkeypatch.setattr(callbacks, "FIRST_FIGURE", 0)
    flow = GradientFlow(X, Y, every=1, log_dir=tmp_path)
    with pytest.warns(UserWarning, match="no figures, but all else: ImportError: no mat") as told:
        train(network(), flow)
    assert len(texts(told)) == 1
    assert len(written(tmp_path)["rnn/loss"]) == 7


def test_a_model_that_has_exploded_is_written_as_nan(tmp_path):
    model = network()
    model.layers[0].recurrent_kernel.assign(np.full((3, 3), np.nan))
    flow = GradientFlow(X, Y, every=1, csv=tmp_path / "flow.csv", log_dir=tmp_path)
    flow._tensorboard.draws = False
    train(model, flow, epochs=1)
    assert [row["spectral_radius"] for row in rows(tmp_path / "flow.csv")] == ["nan"] * 4


# --- When it looks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "expected"), [(1, [0, 1, 2, 3, 4, 5, 6]), (4, [0, 4, 6]), (6, [0, 6]), (9, [0, 6])]
)
def test_it_looks_before_the_first_after_each_so_many_and_after_the_last(tmp_path, every, expected):
    train(network(), GradientFlow(X, Y, every=every, csv=tmp_path / "flow.csv"))
    assert [int(row["batch"]) for row in rows(tmp_path / "flow.csv")] == expected


def test_by_default_it_looks_when_looks_took_less_than_their_share_of_the_time(monkeypatch):
    now = 0.0
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: now)
    pace = callbacks._Pace(0.02)
    assert pace.is_due()
    pace.spent += 1
    now = 49.0
    assert not pace.is_due()
    now = 51.0
    assert pace.is_due()


def test_by_default_it_looks_at_the_start_at_the_end_and_no_more_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(callbacks, "SHARE_OF_LOOKS", 1e-9)
    train(network(), GradientFlow(X, Y, csv=tmp_path / "flow.csv"))
    # Batch 1: what has cost nothing yet is due.
    assert [int(row["batch"]) for row in rows(tmp_path / "flow.csv")] == [0, 1, 6]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_other_callbacks_find_the_numbers_in_the_logs_of_each_epoch(tmp_path, activation):
    flow = GradientFlow(X, Y, every=3, csv=tmp_path / "flow.csv", to_logs=True)
    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    history = train(network(activation=activation), flow, logger, epochs=3).history
    looks = rows(tmp_path / "flow.csv")[:-1]  # the one after the last batch is after the last epoch
    logged = rows(tmp_path / "log.csv")
    names = {*training_log.SCALARS, "loss"} - ({"saturation"} if activation == "relu" else set())
    columns = {name for name in logged[0] if not name.startswith("val_")}  # these Keras adds
    assert columns == {"epoch", "loss", *(f"rnn/{name}" for name in names)}
    for name in names:
        seen = [float(look[name]) for look in looks]
        assert [float(row[f"rnn/{name}"]) for row in logged] == history[f"rnn/{name}"] == seen


def test_by_default_the_logs_are_left_alone(tmp_path):
    flow = GradientFlow(X, Y, csv=tmp_path / "flow.csv")
    assert [*train(network(), flow).history] == ["loss"]


def test_a_second_fit_goes_on_counting_and_replaces_or_appends(tmp_path):
    model, path = network(), tmp_path / "flow.csv"
    train(model, GradientFlow(X, Y, every=9, csv=path))
    train(model, GradientFlow(X, Y, every=9, csv=path, append=True), initial_epoch=1)
    assert [(row["batch"], row["epoch"]) for row in rows(path)] == [
        ("0", "0"), ("6", "1"), ("6", "1"), ("9", "1"),
    ]  # fmt: skip
    train(model, GradientFlow(X, Y, every=9, csv=path), epochs=1)
    assert [row["batch"] for row in rows(path)] == ["9", "12"]


@pytest.mark.parametrize("first", ["flow", "backup"])
def test_a_run_that_goes_on_is_looked_at_where_it_goes_on(tmp_path, first):
    """Whether Keras brings the weights back before or after `GradientFlow` begins."""

    def run(path, epochs):
        given = {
            "flow": GradientFlow(X, Y, every=99, csv=path),
            "backup": keras.callbacks.BackupAndRestore(tmp_path / "kept", delete_checkpoint=False),
        }
        callbacks = [given.pop(first), *given.values()]
        train(network(), *callbacks, epochs=epochs, shuffle=False)
        return rows(path)

    *_, last = run(tmp_path / "before.csv", 2)
    resumed, *_ = run(tmp_path / "after.csv", 3)
    assert resumed["batch"] == last["batch"] == "6"
    assert resumed["loss"] == last["loss"]


def test_several_batches_in_one_execution_and_a_generator_are_counted_right(tmp_path):
    model = network(compiled=False)
    model.compile("sgd", "mse", steps_per_execution=2)
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(3).repeat(2)
    flow = GradientFlow(X, Y, every=3, csv=tmp_path / "flow.csv")
    model.fit(data, verbose=0, callbacks=flow)  # not in a list: Keras takes another way then
    assert [int(row["batch"]) for row in rows(tmp_path / "flow.csv")] == [0, 4, 8]


# --- It changes nothing -----------------------------------------------------------------------


def everything(model, history):
    return [
        *history.history["loss"],
        *(variable.numpy().tolist() for variable in model.variables + model.optimizer.variables),
        *(layer.states[0].numpy().tolist() for layer in model.layers if hasattr(layer, "states")
          and layer.states),
        random.random(),
        np.random.random(),
        float(tf.random.uniform(())),
        float(keras.random.uniform(())),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "stateful", "eagerly"),
    [
        (ExplainedRNN, False, False),
        (ExplainedRNN, True, True),
        (keras.layers.SimpleRNN, True, False),
    ],
)
def test_the_training_is_the_same_bit_by_bit(tmp_path, layer, stateful, eagerly):
    def trained(*given):
        keras.utils.set_random_seed(0)
        inputs = keras.Input(batch_shape=(4, 5, 2))
        rnn = layer(3, stateful=stateful, dropout=0.3, recurrent_dropout=0.3)
        outputs = keras.layers.Dense(1)(keras.layers.BatchNormalization()(rnn(inputs)))
        model = keras.Model(inputs, keras.layers.Dropout(0.2)(outputs))
        model.compile("adam", "mse", metrics=["mae"], run_eagerly=eagerly)
        return everything(model, train(model, *given, validation_data=(X[:4], Y[:4])))

    flow = GradientFlow(X[:4], Y[:4], every=1, csv=tmp_path / "flow.csv", log_dir=tmp_path)
    flow._tensorboard.draws = False
    assert trained(flow) == trained()
    assert len(rows(tmp_path / "flow.csv")) == 7


def test_looking_again_traces_no_graph_anew(tmp_path):
    model = network()
    flow = GradientFlow(X, Y, every=1, csv=tmp_path / "flow.csv")
    train(model, flow, epochs=1)
    before = len(tf.compat.v1.get_default_graph().get_operations())
    traced = []
    original = tf.__internal__.FuncGraph.__init__

    def noted(self, *args, **keywords):
        traced.append(args)
        original(self, *args, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf.__internal__.FuncGraph, "__init__", noted)
        for _ in range(3):
            flow._look()
    assert len(rows(tmp_path / "flow.csv")) == 4 + 3
    assert not traced
    assert len(tf.compat.v1.get_default_graph().get_operations()) == before


# --- Findings ---------------------------------------------------------------------------------


def test_a_finding_is_told_when_it_first_appears_and_not_again(monkeypatch):
    looks = iter([[], [finding("ill")], [finding("ill"), finding("worse")], [], [finding("ill")]])
    monkeypatch.setattr(callbacks, "findings_of", lambda gradients: next(looks, []))
    with pytest.warns(UserWarning, match="rnn is") as told:
        train(network(), GradientFlow(X, Y, every=1))
    assert texts(told) == [
        "After batch 1: rnn is ill. Rest.",
        "After batch 2: rnn is worse. Rest.",
    ]


def test_who_makes_warnings_errors_ends_the_training_at_a_finding(monkeypatch):
    monkeypatch.setattr(callbacks, "findings_of", lambda gradients: [finding("ill")])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with pytest.raises(UserWarning, match="rnn is ill"):
            train(network(), GradientFlow(X, Y, every=1))


# --- Which layers -----------------------------------------------------------------------------


def test_all_layers_are_looked_at_by_path_or_those_chosen(tmp_path):
    def stack():
        inner = keras.Sequential(
            [keras.Input((5, 2)), ExplainedRNN(3, name="rnn", return_sequences=True)], name="deep"
        )
        model = keras.Sequential([inner, ExplainedRNN(2, name="rnn"), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    path = tmp_path / "flow.csv"
    train(stack(), GradientFlow(X, Y, every=9, csv=path))
    assert [row["layer"] for row in rows(path)] == ["deep/rnn", "rnn"] * 2
    train(stack(), GradientFlow(X, Y, every=9, csv=path, layer="deep/rnn"))
    assert [row["layer"] for row in rows(path)] == ["deep/rnn"] * 2


@pytest.mark.parametrize("call", [0, -1])
def test_of_a_shared_layer_the_first_call_is_looked_at_or_the_one_that_was_asked_for(
    tmp_path, call
):
    inputs = keras.Input((5, 2))
    rnn = ExplainedRNN(2, name="shared", return_sequences=True)
    model = keras.Model(inputs, keras.layers.Dense(1)(rnn(rnn(inputs))[:, -1]))
    model.compile("sgd", "mse")
    train(model, GradientFlow(X, Y, every=9, csv=tmp_path / "flow.csv", call=call))
    expected = np.linalg.norm(backpropagate(model, X, Y, call=call).kernel)
    assert float(rows(tmp_path / "flow.csv")[-1]["kernel_gradient"]) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", 'a",b\n=2', "<b>", "ü層", "-x", "\ttab"])
def test_hostile_names_stay_one_harmless_field(tmp_path, name):
    looks = {name: backpropagate(network(), X, Y)}
    table = training_log.CsvLog(tmp_path / "flow.csv", append=False)
    board = training_log.TensorBoardLog(tmp_path)
    for log in (table, board):
        log.start()
    table.write(0, 0, looks)
    board.write(0, looks)
    board.close()
    (row,) = rows(tmp_path / "flow.csv")
    assert row["layer"] == (f"'{name}" if name[0] in "=@-\t" else name)
    assert f"{name}/loss" in written(tmp_path)


def test_hostile_names_are_shown_by_tensorboard_as_they_are():
    plugin = pytest.importorskip("tensorboard.plugin_util")
    for text in hostile.TEXTS:
        named = f"After batch 3: layer {text} is ill."
        page = plugin.markdown_to_safe_html(training_log._in_markdown(printable(named)))
        root = ElementTree.fromstring(page.replace("&nbsp;", " "))
        assert (root.tag, len(root)) == ("p", 0)
        assert "".join(root.itertext()).split() == printable(named).split()


def test_a_warning_of_a_hostile_name_steers_no_terminal(monkeypatch):
    ill = finding("ill", layer="\x1b[2J\u202ernn")
    monkeypatch.setattr(callbacks, "findings_of", lambda gradients: [ill])
    with pytest.warns(UserWarning, match=r"After batch 0: �\[2J�rnn is ill"):
        train(network(), GradientFlow(X, Y, every=9), epochs=1)


def test_a_fixed_batch_may_be_lists(tmp_path):
    for kind, (x, y) in {"arrays": (X, Y), "lists": (X.tolist(), Y.tolist())}.items():
        train(network(), GradientFlow(x, y, every=3, csv=tmp_path / kind), epochs=1)
    assert rows(tmp_path / "lists") == rows(tmp_path / "arrays")


# --- What goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"every": 0}, ValueError, "`every` must be a positive integer, got 0"),
        ({"every": 1.5}, ValueError, "`every` must be a positive integer"),
        ({"every": "often"}, TypeError, "`every` must be a positive integer"),
        ({"x": X[:0], "y": Y[:0]}, ValueError, "at least one sequence"),
        ({"y": Y[:3]}, ValueError, r"same samples.*`y` \(3, 1\)"),
        ({"sample_weight": np.ones(5)}, ValueError, "same samples"),
        ({"x": "x"}, TypeError, "`x` must be an array of numbers"),
        ({"x": [[[1, 2]] * 7, [[1, 2]] * 5], "y": Y[:2]}, ValueError, "different lengths. Pad"),
        ({"csv": "."}, ValueError, "got the folder"),
        ({"csv": "/dev/null"}, ValueError, "got the device or pipe '/dev/null'"),
        ({"csv": "nowhere/flow.csv"}, ValueError, "no folder 'nowhere'"),
    ],
)
def test_bad_arguments_are_refused_at_once(given, error, message):
    with pytest.raises(error, match=message):
        GradientFlow(**{"x": X, "y": Y} | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"layer": "other"}, "'other' is no recurrent layer"),
        ({"y": np.ones((12, 7, 2))}, "does not fit"),
        ({"x": X[..., :1]}, "features"),
        ({"loss": "nonsense"}, "nonsense"),
        ({"call": 1}, "`call` must be 0 to 0"),
    ],
)
def test_what_does_not_fit_the_model_is_refused_before_training_and_no_file_changes(
    tmp_path, given, message
):
    (tmp_path / "flow.csv").write_text("mine")
    model = network()
    with pytest.raises(ValueError, match=message):
        train(model, GradientFlow(**{"x": X, "y": Y, "csv": tmp_path / "flow.csv"} | given))
    assert (tmp_path / "flow.csv").read_text() == "mine"
    assert int(model.optimizer.iterations) == 0


def test_a_model_without_a_recurrent_layer_is_refused():
    model = keras.Sequential([keras.Input((5, 2)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no ExplainedRNN or SimpleRNN"):
        train(model, GradientFlow(X, Y))


def test_a_log_dir_that_cant_be_written_is_refused_before_training(tmp_path):
    (tmp_path / "file").touch()
    model = network()
    with pytest.raises(OSError, match=r"`log_dir` .* can't be written"):
        train(model, GradientFlow(X, Y, log_dir=tmp_path / "file" / "logs"))
    assert int(model.optimizer.iterations) == 0


def test_without_tensorboard_a_log_dir_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.summary.v2", None)
    with pytest.raises(ImportError, match=r"keras_rnn_explained\[tensorboard\]"):
        GradientFlow(X, Y, log_dir=tmp_path)


def test_a_csv_file_that_does_not_fit_on_the_disk_leaves_what_was_there(tmp_path):
    path = tmp_path / "flow.csv"
    path.write_text("mine")
    with no_file_larger_than(10), pytest.raises(OSError, match=r"too large: '.*flow.csv'"):
        train(network(), GradientFlow(X, Y, csv=path))
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_other_columns_is_not_appended_to(tmp_path):
    (tmp_path / "flow.csv").write_text("epoch,loss\n0,1\n")
    with pytest.raises(ValueError, match="has the columns epoch, loss"):
        train(network(), GradientFlow(X, Y, csv=tmp_path / "flow.csv", append=True))


def test_a_file_that_ends_within_a_row_gets_the_next_row_on_a_line_of_its_own(tmp_path):
    path = tmp_path / "flow.csv"
    path.write_text(",".join(training_log.COLUMNS) + "\n1,2,rn")
    train(network(), GradientFlow(X, Y, every=9, csv=path, append=True))
    assert [row["layer"] for row in rows(path)] == ["rn", "rnn", "rnn"]


def test_a_look_that_fails_in_training_ends_the_looking_and_not_the_training(tmp_path, monkeypatch):
    path = tmp_path / "flow.csv"
    model = network()
    flow = GradientFlow(X, Y, every=1, csv=path)

    def fill_the_disk(batch, logs):
        if int(model.optimizer.iterations) == 2:
            monkeypatch.setattr(flow._csv, "path", Path("/dev/full"))

    fill = keras.callbacks.LambdaCallback(on_train_batch_end=fill_the_disk)
    with pytest.warns(UserWarning, match="stops looking.*batch 2 failed: OSError.*space") as told:
        history = train(model, flow, fill)
    monkeypatch.undo()
    assert len(texts(told)) == 1
    assert int(model.optimizer.iterations) == 6
    assert len(history.history["loss"]) == 2
    assert [row["batch"] for row in rows(path)] == ["0", "1"]


def test_a_row_that_was_written_in_part_is_taken_back(tmp_path, monkeypatch):
    path = tmp_path / "flow.csv"
    log = training_log.CsvLog(path, append=False)
    log.start()
    before = path.read_bytes()
    original = Path.open

    class Nearly:
        """A disk with room for 3 bytes more."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, data):
            return self.file.write(data[:3])

        def __getattr__(self, name):
            return getattr(self.file, name)

    monkeypatch.setattr(Path, "open", lambda *a, **k: Nearly(original(*a, **k)))
    with pytest.raises(OSError, match="space"):
        log.write(0, 0, {"rnn": backpropagate(network(), X, Y)})
    monkeypatch.undo()
    assert path.read_bytes() == before
