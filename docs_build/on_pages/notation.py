"""Time steps of a real series, with what is put in and what is predicted at each."""

from keras_rnn_explained.datasets import load_series

STEPS = 4


def predictions(
    language: str, step: str, year: str, given: str, returned: str, predicted: str, compared: str
) -> str:
    """A table of the first years of the sunspots; the arguments name its rows."""
    series = load_series("sunspots")
    values = [f"{value:g}" for value in series.values[: STEPS + 1]]
    steps = range(1, STEPS + 2)
    rows = [
        [step, *(f"${t}$" for t in steps)],
        [year, *series.times[: STEPS + 1]],
        [given, *(f"$x_{t}$ = {value}" for t, value in zip(steps[:-1], values, strict=False)), ""],
        [returned, *(f"$a_{t}$" for t in steps[:-1]), ""],
        [predicted, *(f"$y_{t + 1}$" for t in steps[:-1]), ""],
        [compared, *(f"$x_{t}$ = {values[t - 1]}" for t in steps[1:]), ""],
    ]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * (STEPS + 2)}", *lines[1:]])
