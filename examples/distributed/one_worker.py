"""Trains on one worker, with whichever backend Keras runs on: what the others are compared with."""

from examples.distributed import task


def main() -> None:
    """The program."""
    parser = task.arguments(__doc__)
    given = parser.parse_args()
    chosen = task.chosen(parser, given, workers=1)
    task.fit(task.model_of(chosen), chosen, given)


if __name__ == "__main__":
    main()
