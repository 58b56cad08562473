"""The package on each backend of Keras: one process for each that is not the tests' own."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from keras_rnn_explained import ExplainedRNN, unfold

ROOT = Path(__file__).parent.parent
ALONE = """
import sys
for other in {others}:
    sys.modules[other] = None  # as if it were not installed
import keras
import numpy as np
import keras_rnn_explained as package
model = keras.Sequential([keras.Input((5, 3)), package.ExplainedRNN(4), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x, y = np.ones((2, 5, 3)), np.ones((2, 1))
package.unfold(model, x)
package.backpropagate(model, x, y)
package.swap_back(model)
package.diagnose(model, x, y)
print(keras.backend.backend())
"""


def run(backend, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize(
    ("backend", "others"), [("jax", ["tensorflow", "torch"]), ("torch", ["tensorflow"])]
)
def test_a_backend_needs_no_other_one(backend, others):
    # Keras itself imports JAX on torch, where it is installed.
    assert run(backend, "-c", ALONE.format(others=others)) == f"{backend}\n"


@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_backend_that_is_not_installed_is_asked_for(backend):
    code = f"import sys; sys.modules[{backend!r}] = None; import keras_rnn_explained"
    with pytest.raises(AssertionError, match=rf"pip install 'keras_rnn_explained\[{backend}\]'"):
        run(backend, "-c", code)


@pytest.mark.backend("tensorflow")
@pytest.mark.parametrize("other", ["jax.numpy", "torch"])
@pytest.mark.parametrize("take", [lambda x: ExplainedRNN(4)(x), partial(unfold, ExplainedRNN(4))])
def test_a_tensor_of_another_backend_is_refused(other, take):
    library = pytest.importorskip(other)
    x = library.asarray(np.ones((2, 5, 3), "float32"))
    with pytest.raises(TypeError, match=r"a tensor of (JAX|torch), but Keras runs on TensorFlow"):
        take(x)
