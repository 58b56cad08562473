// The setting as a Python script that prints the numbers of the page.

import { sixDigits } from "playground/numbers";

const literal = (values) =>
  Array.isArray(values) ? `[${values.map(literal).join(", ")}]` : String(values);

export function pythonOf(setting, run) {
  const everywhere = setting.loss === "all";
  const printed = {
    states: run.state,
    loss: run.loss,
    errors: run.error,
    local_errors: run.localError,
    kernel: run.gradients.kernel,
    recurrent_kernel: run.gradients.recurrentKernel,
    bias: run.gradients.bias,
  };
  const said = Object.entries(printed).map(([name, values]) =>
    ["#", name, ...[values].flat(2).map(sixDigits)].join(" "),
  );
  return `import keras
import numpy as np
from keras import ops
from keras_rnn_explained import ExplainedRNN, backpropagate

keras.config.set_floatx("float64")  # as in JavaScript

kernel = np.array(${literal(setting.kernel)})  # (features, units)
recurrent_kernel = np.array(${literal(setting.recurrentKernel)})  # (units, units)
bias = np.array(${literal(setting.bias)})  # (units,)
x = np.array(${literal(setting.x)})  # (time, features)
target = np.array(${literal(everywhere ? setting.target : setting.target.at(-1))})  # ${everywhere ? "(time, units)" : "(units,), of the last time step"}

layer = ExplainedRNN(${setting.units}, activation="${setting.activation}", return_sequences=${everywhere ? "True" : "False"}, dtype="float64")
layer.build((1, ${setting.steps}, ${setting.features}))
layer.set_weights([kernel, recurrent_kernel, bias])


def loss(target, states):
    return ops.sum((states - target) ** 2) / 2


gradients = backpropagate(layer, x[None], target[None], loss)


def show(name, numbers):
    print(name, *(f"{number:.6g}" for number in np.ravel(numbers)))


show("states", gradients.unfolding.state)
show("loss", gradients.loss)
show("errors", gradients.error)
show("local_errors", gradients.local_error)
show("kernel", gradients.kernel)
show("recurrent_kernel", gradients.recurrent_kernel)
show("bias", gradients.bias)

# It prints:
${said.join("\n")}
`;
}
