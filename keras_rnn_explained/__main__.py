"""`python -m keras_rnn_explained` is the command `rnn-explained`."""

import sys

from keras_rnn_explained.cli import main

sys.exit(main())
