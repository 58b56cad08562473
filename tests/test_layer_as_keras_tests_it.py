"""Keras's own way of testing a layer, with what it expects of `SimpleRNN`."""

import pytest
from keras.src import testing

from keras_rnn_explained import ExplainedRNN

EXPECTED = {
    "input_shape": (3, 2, 4),
    "expected_num_trainable_weights": 3,
    "expected_num_non_trainable_weights": 0,
    "expected_num_seed_generators": 1,
    "supports_masking": True,
}

CASES = {
    "dropout": {
        "init_kwargs": {"units": 3, "dropout": 0.5, "recurrent_dropout": 0.5},
        "call_kwargs": {"training": True},
        "expected_output_shape": (3, 3),
        "expected_num_non_trainable_variables": 1,
    },
    "sequences and regularizers": {
        "init_kwargs": {
            "units": 3,
            "return_sequences": True,
            "bias_regularizer": "l1",
            "kernel_regularizer": "l2",
            "recurrent_regularizer": "l2",
        },
        "expected_output_shape": (3, 2, 3),
        "expected_num_losses": 3,
    },
    "state returned": {
        "init_kwargs": {"units": 3, "return_state": True},
        "expected_output_shape": ((3, 3), (3, 3)),
        "run_training_check": False,
    },
    "stateful": {
        "init_kwargs": {"units": 3, "stateful": True},
        "expected_output_shape": (3, 3),
    },
    "unrolled, plain": {
        "init_kwargs": {"units": 3, "unroll": True, "execution": "plain"},
        "expected_output_shape": (3, 3),
    },
    "truncated": {
        "init_kwargs": {"units": 3, "truncate_bptt": 1, "go_backwards": True},
        "expected_output_shape": (3, 3),
    },
    "activity regularizer": {
        "init_kwargs": {"units": 3, "activity_regularizer": "l2"},
        "expected_output_shape": (3, 3),
        "expected_num_losses": 1,
    },
}


@pytest.mark.filterwarnings("ignore:.shuffle=True.")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_run_layer_test_passes(case):
    testing.TestCase().run_layer_test(ExplainedRNN, **EXPECTED | case)
