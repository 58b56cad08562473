"""`python -m keras_rnn_explained` is the command `rnn-explained`."""

import signal
import sys

INTERRUPTED = 130


def main() -> int:
    """Runs the command line.

    Returns:
        The exit status: that of `cli.main`, or 130 after Ctrl-C.
    """
    try:
        from keras_rnn_explained import cli  # which takes a moment, and Ctrl-C may come in it

        return cli.main()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending already
        print("rnn-explained: interrupted; no file was left half written.", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
