// How many parameters a recurrent layer has, in Keras and in PyTorch.

import { connect, write } from "shared/form";
import { grouped } from "shared/numbers";

export function counts({ features, units, bias }) {
  const kernel = features * units;
  const recurrentKernel = units * units;
  const biases = bias ? units : 0;
  return {
    kernel,
    recurrentKernel,
    bias: biases,
    torchBias: 2 * biases,
    keras: kernel + recurrentKernel + biases,
    torch: kernel + recurrentKernel + 2 * biases,
  };
}

function show({ features, units, bias }) {
  const count = counts({ features, units, bias });
  const formula = (biases, sum) =>
    `${grouped(units)} · (${grouped(features)} + ${grouped(units)}${bias ? ` + ${biases}` : ""}) = ${grouped(sum)}`;
  write({
    "kernel-shape": `(${features}, ${units})`,
    "torch-kernel-shape": `(${units}, ${features})`,
    "recurrent-shape": `(${units}, ${units})`,
    "bias-shape": bias ? `(${units},)` : "–",
    kernel: grouped(count.kernel),
    recurrent: grouped(count.recurrentKernel),
    bias: grouped(count.bias),
    "torch-bias": grouped(count.torchBias),
    keras: grouped(count.keras),
    torch: grouped(count.torch),
    "keras-formula": formula(1, count.keras),
    "torch-formula": formula(2, count.torch),
  });
}

connect(document.getElementById("calculator"), show);
