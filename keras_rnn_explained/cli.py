"""The command `rnn-explained`.

`demo` trains `ExplainedRNN` and `SimpleRNN` side by side on real data and sets them against each
other; `verify` tries random cases; `explain` writes a page about a saved model. Keras and
TensorFlow take seconds to import, so the commands import them, and help, version and wrong
arguments do not wait for them.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from keras_rnn_explained.terminal import (
    MisuseError,
    check_folder,
    check_suffix,
    harmless,
    many,
    progress_bars,
    quiet_start,
    table_of,
)

PROGRAM = "rnn-explained"
DISAGREES, MISUSED = 1, 2

FIGURES = (".svg", ".png")
DEFAULT_FIGURE = "rnn-explained-demo.svg"
DATASETS = ("sunspots", "co2")
LANGUAGES = ("en", "ja")


def main(argv: list[str] | None = None) -> int:
    """Runs the command line.

    Args:
        argv: The arguments; those of the process by default.

    Returns:
        The exit status: 0 if all is well, 1 if the two layers do not agree, 2 for a request that
        can't be met.

    Examples:
        >>> main(["demo", "--units", "0"])
        2
    """
    # No markup and no highlighting: what is printed is what was written.
    console = Console(markup=False, highlight=False)
    try:
        arguments = _parser().read(argv)
        if arguments.command is None:
            _parser().print_help()
            return 0
        return arguments.run(arguments, console)
    except (MisuseError, OSError) as error:
        print(f"{PROGRAM}: error: {harmless(error)}", file=sys.stderr)
        return MISUSED


class _Parser(argparse.ArgumentParser):
    def read(self, argv: list[str] | None) -> argparse.Namespace:
        """As `parse_args`, which would point to the help of the program for any command."""
        arguments, unknown = self.parse_known_args(argv)
        if unknown:
            asked = " ".join(filter(None, [self.prog, arguments.command]))
            told = " ".join(unknown)
            raise MisuseError(
                f"unrecognized arguments: {told}. `{asked} --help` lists what there is."
            )
        return arguments

    def error(self, message: str) -> NoReturn:
        raise MisuseError(f"{message}. `{self.prog} --help` lists what there is.")


def _parser() -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        description="A simple recurrent layer for Keras in which nothing is hidden: see it work.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="{demo,verify,explain}")

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

    explain = commands.add_parser(
        "explain",
        help="write a page that explains a saved model on data",
        description="Runs a saved model on data and writes one HTML page: its recurrent layers "
        "time step by time step, where the gradients came from, and what is wrong, if anything.",
    )
    explain.add_argument("model", type=Path, help="a .keras file")
    explain.add_argument(
        "data",
        type=Path,
        help="an .npz file with arrays x, y and, if wanted, sample_weight; a batch of 32 is plenty",
    )
    explain.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("report.html"),
        help="the page (default: report.html)",
    )
    explain.add_argument(
        "--language", choices=LANGUAGES, default="en", help="of the page (default: en)"
    )
    explain.add_argument("--loss", help="as Keras names it, as in mse (default: the model's)")
    explain.add_argument("--layer", help="name or path of a recurrent layer (default: all)")
    explain.add_argument("--title", help="heading of the page")
    explain.set_defaults(run=_explain)
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


# explain


def _explain(arguments: argparse.Namespace, console: Console) -> int:
    from keras_rnn_explained import explain_command

    return explain_command.run(arguments, console)


# verify


def _verify(arguments: argparse.Namespace, console: Console) -> int:
    os.environ.setdefault("JAX_ENABLE_X64", "true")  # half of the cases are in float64
    with quiet_start():
        import keras

        from keras_rnn_explained import verification

    _check_backend()

    start = time.perf_counter()
    with progress_bars(console) as progress:
        task = progress.add_task("random cases", total=arguments.cases, now="")
        report = verification.verify(
            arguments.cases, arguments.seed, lambda done: progress.update(task, completed=done)
        )
    seconds = time.perf_counter() - start

    dtypes = list(verification.TOLERANCE)
    console.print(
        f"ExplainedRNN against keras.layers.SimpleRNN on {keras.backend.backend()}: "
        f"{many(report.cases, 'random case')}, {seconds:.0f} s.",
        soft_wrap=True,
    )
    table = table_of("Largest relative differences", "", right=("comparisons", *dtypes))
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
    console.print(f"{many(len(failed), 'case')} of {report.cases} did not agree:")
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


def _check_backend() -> None:
    from keras_rnn_explained import backends

    try:
        backends.current()
    except RuntimeError as error:
        raise MisuseError(str(error)) from error


def _demo(arguments: argparse.Namespace, console: Console) -> int:
    asked_for = getattr(arguments, "output", None)
    output = asked_for or Path(DEFAULT_FIGURE)
    check_folder(output)
    check_suffix(output, FIGURES)
    with quiet_start():
        import keras

        from keras_rnn_explained import demonstration, figures, report
        from keras_rnn_explained.unfolding import unfold

    _check_backend()
    no_figure = None
    try:
        figures.load_matplotlib()
        report.load_jinja()
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
        f"To forecast: {task.target}, from the {many(arguments.window, 'value')} before. "
        f"{len(data.x_train)} windows to train on, {len(data.x_test)} later ones to test on."
    )
    if task.changes:
        say(
            "The level climbs beyond all that training sees, so changes go in and a change comes "
            "out; added to the last value it is a forecast of the level, with the same error."
        )

    with progress_bars(console) as progress:
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
    which_compiles = "" if keras.backend.backend() == "torch" else ", which compiles"
    for training in result.trainings:
        say(
            f"Training with {training.layer}: {training.seconds:.1f} s for "
            f"{many(arguments.epochs, 'epoch')}, {training.first_step_seconds:.1f} s of it for "
            f"the first step{which_compiles}."
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
        shown = harmless(output)
        say(f"Figure: {shown}, the trained layer's last time steps with the numbers that ran.")
        page = output.with_suffix(".html")
        try:
            report.explain(
                result.model, data.x_test[-32:], data.y_test[-32:], page, title=series.title
            )
        except OSError as error:
            raise MisuseError(f"the page could not be written: {error}") from error
        shown = harmless(page)
        say(f"Page: {shown}, every time step and where the gradients came from, for a browser.")
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


def _parameters(layer: Any) -> Table:
    """The three parameters of the layer, beside the two of a layer without recurrence."""
    features, units = layer.kernel.shape
    recurrent = features * units + units * units + units
    dense = features * units + units
    table = table_of("Parameters", "layer", "symbol", "in Keras", "shape", right="count")
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
    table = table_of(
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
    table = table_of("Forecast of the test part", "", right=f"root-mean-square error ({unit})")
    for forecast, error in errors.items():
        table.add_row(forecast, f"{error:.3g}")
    return table
