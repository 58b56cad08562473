// Automatic differentiation of single numbers, as in A. Karpathy's micrograd. It knows sums,
// products and four functions, and nothing of time steps: the gradients beside those of BPTT.

const FUNCTIONS = {
  tanh: { of: Math.tanh, slope: (z) => 1 / Math.cosh(z) ** 2 },
  relu: { of: (z) => (z > 0 ? z : 0), slope: (z) => Number(z > 0) },
  sigmoid: {
    of: (z) => 1 / (1 + Math.exp(-z)),
    slope: (z) => 1 / (Math.exp(z / 2) + Math.exp(-z / 2)) ** 2,
  },
  linear: { of: (z) => z, slope: () => 1 },
};

// A tape: the numbers in the order in which they were computed.
export function tape() {
  const nodes = [];
  const node = (data, inputs = [], slopes = []) => {
    nodes.push({ data, gradient: 0, inputs, slopes });
    return nodes.at(-1);
  };
  return {
    number: (data) => node(data),
    add: (a, b) => node(a.data + b.data, [a, b], [1, 1]),
    multiply: (a, b) => node(a.data * b.data, [a, b], [b.data, a.data]),
    apply: (name, a) => node(FUNCTIONS[name].of(a.data), [a], [FUNCTIONS[name].slope(a.data)]),
    backward(result) {
      result.gradient = 1;
      for (const { gradient, inputs, slopes } of [...nodes].reverse())
        inputs.forEach((input, i) => (input.gradient += gradient * slopes[i]));
    },
  };
}

// ∂L/∂ each parameter and each input of a setting.
export function gradientsByAutodiff(setting) {
  const { number, add, multiply, apply, backward } = tape();
  const leaves = (values) => (Array.isArray(values) ? values.map(leaves) : number(values));
  const { x, kernel, recurrentKernel, bias } = Object.fromEntries(
    ["x", "kernel", "recurrentKernel", "bias"].map((name) => [name, leaves(setting[name])]),
  );
  let state = bias.map(() => number(0));
  let loss = number(0);
  x.forEach((input, t) => {
    const before = state;
    state = bias.map((b, j) => {
      let z = b;
      input.forEach((one, i) => (z = add(z, multiply(one, kernel[i][j]))));
      before.forEach((one, i) => (z = add(z, multiply(one, recurrentKernel[i][j]))));
      return apply(setting.activation, z);
    });
    if (setting.loss === "last" && t < x.length - 1) return;
    state.forEach((a, j) => {
      const difference = add(a, number(-setting.target[t][j]));
      loss = add(loss, multiply(number(0.5), multiply(difference, difference)));
    });
  });
  backward(loss);
  const gradients = (node) => (Array.isArray(node) ? node.map(gradients) : node.gradient);
  return {
    kernel: gradients(kernel),
    recurrentKernel: gradients(recurrentKernel),
    bias: gradients(bias),
    x: gradients(x),
  };
}
