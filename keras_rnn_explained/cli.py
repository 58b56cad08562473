"""The command `rnn-explained`.

`demo` trains `ExplainedRNN` and `SimpleRNN` side by side on real data and sets them against each
other; `verify` tries random cases. Keras and TensorFlow take seconds to import, so the commands
import them, and help, version and wrong arguments do not wait for them.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

PROGRAM = "rnn-explained"
DISAGREES, MISUSED, INTERRUPTED = 1, 2, 130

DEFAULT_FIGURE = "rnn-explained-demo.svg"
DATASETS = ("sunspots", "co2")


class MisuseError(Exception):
    """What the user asked for can't be done; the message says what can."""


def main(argv: list[str] | None = None) -> int:
    """Runs the command line.

    Args:
        argv: The arguments; those of the process by default.

    Returns:
        The exit status: 0 if all is well, 1 if the two layers do not agree, 2 for a request that
        can't be met, 130 after Ctrl-C.

    Examples:
        >>> main(["demo", "--units", "0"])
        2
    """
    # No markup and no highlighting: what is printed is what was written.
    console = Console(markup=False, highlight=False)
    try:
        arguments = _parser().parse_args(argv)
        if arguments.command is None:
            _parser().print_help()
            return 0
        return arguments.run(arguments, console)
    except MisuseError as error:
        print(f"{PROGRAM}: error: {error}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        print(f"{PROGRAM}: interrupted; nothing was written.", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise MisuseError(f"{message}. `{self.prog} --help` lists what there is.")


def _parser() -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        description="A simple recurrent layer for Keras in which nothing is hidden: see it work.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="{demo,verify}")

    demo = commands.add_parser(
        "demo",
        help="train on real data, beside SimpleRNN, and draw what happened",
        description="Trains ExplainedRNN and keras.layers.SimpleRNN on the same real series, shows "
        "that they agree and draws the trained layer with the numbers that ran.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    demo.add_argument("--dataset", choices=DATASETS, default="sunspots", help="the series")
    demo.add_argument("--units", type=_whole(1), default=16, help="size of the hidden state")
    demo.add_argument("--epochs", type=_whole(1), default=60, help="passes through the data")
    demo.add_argument("--window", type=_whole(1), default=22, help="time steps the network sees")
    demo.add_argument(
        "--seed", type=_whole(0, 2**32 - 1), default=0, help="of weights and order of the data"
    )
    demo.add_argument(
        "--output",
        type=Path,
        default=argparse.SUPPRESS,
        help=f"the figure, .svg or .png (default: {DEFAULT_FIGURE})",
    )
    demo.set_defaults(run=_demo)

    verify = commands.add_parser(
        "verify",
        help="compare with SimpleRNN on random cases",
        description="Draws random options, weights, inputs and masks, and compares weights, "
        "outputs, states and gradients of ExplainedRNN with those of keras.layers.SimpleRNN.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    verify.add_argument("--cases", type=_whole(1), default=100, help="how many")
    verify.add_argument("--seed", type=_whole(0), default=0, help="of the first; the next has +1")
    verify.set_defaults(run=_verify)
    return parser


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an argument that is a whole number."""
    expected = f"at least {least}" if most is None else f"between {least} and {most}"

    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"must be a whole number, {expected}, got {text!r}")
        return number

    return whole


def _version() -> str:
    try:
        return metadata.version("keras_rnn_explained")
    except metadata.PackageNotFoundError:
        return "(not installed)"


@contextmanager
def _quiet_start() -> Iterator[None]:
    """For the imports that start TensorFlow, without what it logs to standard error meanwhile.

    Some of its lines no setting keeps back, as they come before its logging is set up.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as log:
        standard_error = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
            import tensorflow as tf

            tf.get_logger().setLevel("CRITICAL")
        except Exception:
            log.seek(0)
            os.write(standard_error, log.read())  # then they may tell what went wrong
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)


class _InterruptibleProgress(Progress):
    """Progress that ends at Ctrl-C.

    Python drops a `KeyboardInterrupt` raised in a destructor or in a callback from C, and tracing
    and training have many: the next update raises it again.
    """

    interrupted = False

    def start(self) -> None:
        self._handler_before = signal.getsignal(signal.SIGINT)
        if self._handler_before is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)
        super().start()

    def stop(self) -> None:
        super().stop()
        if signal.getsignal(signal.SIGINT) == self._interrupt:
            signal.signal(signal.SIGINT, self._handler_before)

    def update(self, *args: Any, **keywords: Any) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        super().update(*args, **keywords)

    def _interrupt(self, *_: Any) -> None:
        self.interrupted = True
        raise KeyboardInterrupt


def _progress(console: Console) -> Progress:
    # Where nobody watches, as in a file, it would only be noise.
    return _InterruptibleProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


# verify


def _verify(arguments: argparse.Namespace, console: Console) -> int:
    with _quiet_start():
        from keras_rnn_explained import verification

    start = time.perf_counter()
    with _progress(console) as progress:
        task = progress.add_task("random cases", total=arguments.cases, now="")
        report = verification.verify(
            arguments.cases, arguments.seed, lambda done: progress.update(task, completed=done)
        )
    seconds = time.perf_counter() - start

    dtypes = list(verification.TOLERANCE)
    console.print(
        f"ExplainedRNN against keras.layers.SimpleRNN: {_many(report.cases, 'random case')}, "
        f"{seconds:.0f} s.",
        soft_wrap=True,
    )
    table = _table("Largest relative differences", "", right=("comparisons", *dtypes))
    for agreement in report.agreements:
        largest = (agreement.largest.get(dtype) for dtype in dtypes)
        table.add_row(
            agreement.what,
            f"{sum(agreement.comparisons.values()):,}",
            *("-" if difference is None else f"{difference:.1e}" for difference in largest),
        )
    table.add_section()
    tolerances = (f"{tolerance:.0e}" for tolerance in verification.TOLERANCE.values())
    table.add_row("tolerance", "", *tolerances)
    console.print(table)
    if report.agrees:
        console.print("Everything agrees.")
        return 0

    failed = list(dict.fromkeys(failure.seed for failure in report.failures))
    console.print(f"{_many(len(failed), 'case')} of {report.cases} did not agree:")
    for seed in failed[:10]:
        here = [failure for failure in report.failures if failure.seed == seed]
        console.print(f"  {here[0].command}", soft_wrap=True)
        for failure in here[:3]:
            console.print(f"    {failure}", soft_wrap=True)
        if len(here) > 3:
            console.print(f"    and {len(here) - 3} more")
    if len(failed) > 10:
        console.print(f"  and {len(failed) - 10} more")
    return DISAGREES


# demo


def _demo(arguments: argparse.Namespace, console: Console) -> int:
    asked_for = getattr(arguments, "output", None)
    output = asked_for or Path(DEFAULT_FIGURE)
    _check_folder(output)
    with _quiet_start():
        from keras_rnn_explained import demonstration, figures
        from keras_rnn_explained.unfolding import unfold

    no_figure = None
    try:
        figures.check_path(output)
        figures.load_matplotlib()
    except ValueError as error:
        raise MisuseError(f"argument --output: {error}") from error
    except ImportError as error:
        if asked_for is not None:
            raise MisuseError(f"argument --output: {error}") from error
        no_figure = str(error)  # nobody asked for one: the rest works without
    longest = demonstration.longest_window(arguments.dataset)
    if arguments.window > longest:
        raise MisuseError(
            f"argument --window: must be at most {longest} for {arguments.dataset}, or what is "
            f"left to train on does not fill a batch; got {arguments.window}."
        )
    series, data = demonstration.prepare(arguments.dataset, arguments.window)

    task = demonstration.TASKS[arguments.dataset]

    def say(text: str = "") -> None:
        console.print(text, soft_wrap=True)

    say(f"{series.title} ({series.source}).")
    say(
        f"To forecast: {task.target}, from the {_many(arguments.window, 'value')} before. "
        f"{len(data.x_train)} windows to train on, {len(data.x_test)} later ones to test on."
    )
    if task.changes:
        say(
            "The level climbs beyond all that training sees, so changes go in and a change comes "
            "out; added to the last value it is a forecast of the level, with the same error."
        )

    with _progress(console) as progress:
        bars = {
            layer: progress.add_task(layer, total=arguments.epochs, now="")
            for layer in ("ExplainedRNN", "SimpleRNN")
        }
        result = demonstration.demonstrate(
            arguments.dataset,
            data,
            arguments.units,
            arguments.epochs,
            arguments.seed,
            lambda layer, epoch, loss: progress.update(
                bars[layer], completed=epoch, now=f"loss {loss:.4f}"
            ),
        )

    say()
    console.print(_parameters(result.layer))
    say(
        "A recurrent layer has units * (features + units + 1) parameters, however many time steps "
        f"it sees: all {arguments.window} of them use the same three."
    )
    say()
    console.print(_differences(result.differences))
    say(
        "Outputs and gradients are of the first batch, before training. In training, rounding "
        "errors grow from step to step: losses have a wider tolerance, final weights none."
    )
    say()
    console.print(_errors(result.errors, series.unit))
    for training in result.trainings:
        say(
            f"Training with {training.layer}: {training.seconds:.1f} s for "
            f"{_many(arguments.epochs, 'epoch')}, {training.first_step_seconds:.1f} s of it for "
            "the first step, which compiles."
        )

    say()
    if no_figure is None:
        title = f"{series.title}: the layer at work on the last test window, standardized"
        try:
            figures.unfolded_window(
                unfold(result.layer, data.x_test[-1:]), title=title, path=output
            )
        except OSError as error:
            raise MisuseError(f"the figure could not be written: {error}") from error
        say(f"Figure: {output}, the trained layer's last time steps with the numbers that ran.")
    else:
        say(f"No figure was drawn. {no_figure}")
    if not result.agrees:
        say("The two layers do NOT agree: see DIFFERS in the table above.")
        return DISAGREES
    say()
    other = "co2" if arguments.dataset == "sunspots" else "sunspots"
    for command, why in (
        ("verify", "hundreds of comparisons with SimpleRNN on random cases"),
        ("demo --units 3", "a layer small enough to follow each number"),
        (f"demo --dataset {other}", "another series"),
    ):
        say(f"Next: {_this_command()} {command:<23} {why}")
    return 0


def _this_command() -> str:
    """The command as it can be typed again, which need not be on the PATH."""
    if shutil.which(PROGRAM):
        return PROGRAM
    beside_python = Path(sys.executable).with_name(PROGRAM)
    if not beside_python.exists():
        return "python -m keras_rnn_explained"
    here = Path.cwd()
    return str(beside_python.relative_to(here) if here in beside_python.parents else beside_python)


def _check_folder(output: Path) -> None:
    """Before minutes of training, not after: whether a file can be made where it is to be."""
    folder = output.parent
    if output.is_dir():
        raise MisuseError(f"argument --output: must be a file, but {output} is a folder.")
    if not folder.is_dir():
        raise MisuseError(f"argument --output: there is no folder {folder}. Make it first.")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise MisuseError(
            f"argument --output: can't write into the folder {folder.absolute()} "
            f"({error.strerror}). Give a file in another one, as in --output /tmp/demo.svg."
        ) from error


def _parameters(layer: Any) -> Table:
    """The three parameters of the layer, beside the two of a layer without recurrence."""
    features, units = layer.kernel.shape
    recurrent = features * units + units * units + units
    dense = features * units + units
    table = _table("Parameters", "layer", "symbol", "in Keras", "shape", right="count")
    table.add_row(
        "ExplainedRNN", "W_ax", "kernel", f"({features}, {units})", f"{features * units:,}"
    )
    table.add_row("", "W_aa", "recurrent_kernel", f"({units}, {units})", f"{units * units:,}")
    table.add_row("", "b_a", "bias", f"({units},)", f"{units:,}")
    table.add_row("", "", "", f"{units} * ({features} + {units} + 1)", f"{recurrent:,}")
    table.add_section()
    table.add_row(
        "Dense, to compare", "W", "kernel", f"({features}, {units})", f"{features * units:,}"
    )
    table.add_row("", "b", "bias", f"({units},)", f"{units:,}")
    table.add_row("", "", "", f"{units} * ({features} + 1)", f"{dense:,}")
    return table


def _differences(differences: tuple[Any, ...]) -> Table:
    table = _table(
        "ExplainedRNN against SimpleRNN", "", right=("relative difference", "tolerance", "")
    )
    for difference in differences:
        judged = difference.tolerance is not None
        table.add_row(
            difference.what,
            f"{difference.relative:.1e}",
            f"{difference.tolerance:.0e}" if judged else "-",
            ("agrees" if difference.agrees else "DIFFERS") if judged else "only shown",
        )
    return table


def _errors(errors: dict[str, float], unit: str) -> Table:
    table = _table("Forecast of the test part", "", right=f"root-mean-square error ({unit})")
    for forecast, error in errors.items():
        table.add_row(forecast, f"{error:.3g}")
    return table


def _table(title: str, *left: str, right: str | tuple[str, ...]) -> Table:
    """A table with columns set to the left, and columns set to the right after them."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in left:
        table.add_column(column)
    for column in (right,) if isinstance(right, str) else right:
        table.add_column(column, justify="right")
    return table


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
