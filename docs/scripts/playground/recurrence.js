// The recurrence and back-propagation through time, each equation written once. The names are those
// of keras_rnn_explained/equations.py; a vector is an array, a matrix an array of its rows.

const zeros = (length) => Array(length).fill(0);
const plus = (...vectors) => vectors[0].map((_, i) => vectors.reduce((sum, v) => sum + v[i], 0));
const times = (a, b) => a.map((number, i) => number * b[i]);
const product = (vector, matrix) =>
  matrix[0].map((_, j) => vector.reduce((sum, number, i) => sum + number * matrix[i][j], 0));
const transpose = (matrix) => matrix[0].map((_, j) => matrix.map((row) => row[j]));

// φ, and φ'(â) written with a = φ(â).
export const ACTIVATIONS = {
  tanh: { of: Math.tanh, derivativeFromState: (a) => 1 - a * a },
  relu: { of: (z) => Math.max(z, 0), derivativeFromState: (a) => (a > 0 ? 1 : 0) },
  sigmoid: { of: (z) => 1 / (1 + Math.exp(-z)), derivativeFromState: (a) => a * (1 - a) },
  linear: { of: (z) => z, derivativeFromState: () => 1 },
};

// x_t·W_ax
export const projectInput = product;

// a_{t−1}·W_aa
export const projectState = product;

// â_t = x_t·W_ax + b_a + a_{t−1}·W_aa, from these three terms
export const preActivation = plus;

// ∂L/∂a_t from outside: of L = ½ Σ ‖a_t − target_t‖² it is a_t − target_t, where the loss sees a_t
export const upstreamGradient = (state, target) => state.map((number, i) => number - target[i]);

// What e_{t+1} brings back to a_t: d_{t+1}·W_aaᵀ
export const passBack = (localError, recurrentKernel) =>
  product(localError, transpose(recurrentKernel));

// e_t = g_t + d_{t+1}·W_aaᵀ
export const wholeError = plus;

// d_t = e_t ⊙ φ'(â_t)
export const localErrorOf = times;

// left_tᵀ·d_t: what time step t adds to the gradient of a kernel; `left` is x_t or a_{t−1}
export const summand = (left, localError) =>
  left.map((number) => localError.map((error) => number * error));

// Σ_t
export const sum = (matrices) =>
  matrices.reduce((all, one) => all.map((row, i) => plus(row, one[i])));

export const hasLoss = (setting, t) => setting.loss === "all" || t === setting.steps - 1;

// The forward pass: index 0 is time step 1.
export function recurrence({ x, kernel, recurrentKernel, bias, activation }) {
  const { of } = ACTIVATIONS[activation];
  const run = {
    inputProjection: [],
    recurrentProjection: [],
    preActivation: [],
    previousState: [],
    state: [],
  };
  let state = zeros(bias.length);
  x.forEach((input, t) => {
    run.previousState[t] = state;
    run.inputProjection[t] = projectInput(input, kernel);
    run.recurrentProjection[t] = projectState(state, recurrentKernel);
    run.preActivation[t] = preActivation(run.inputProjection[t], bias, run.recurrentProjection[t]);
    run.state[t] = state = run.preActivation[t].map(of);
  });
  return run;
}

export function lossOf(setting, states) {
  const losses = states.map((state, t) =>
    hasLoss(setting, t)
      ? upstreamGradient(state, setting.target[t]).reduce((sum, g) => sum + g * g, 0) / 2
      : 0,
  );
  return { losses, loss: losses.reduce((sum, loss) => sum + loss, 0) };
}

// BPTT, from the last time step to the first.
export function backPropagation(setting, { state, previousState }) {
  const { x, kernel, recurrentKernel, activation, target } = setting;
  const { derivativeFromState } = ACTIVATIONS[activation];
  const back = { upstream: [], passedBack: [], error: [], slope: [], localError: [] };
  let passedBack = zeros(recurrentKernel.length);
  for (let t = x.length - 1; t >= 0; t--) {
    back.upstream[t] = hasLoss(setting, t)
      ? upstreamGradient(state[t], target[t])
      : zeros(recurrentKernel.length);
    back.passedBack[t] = passedBack;
    back.error[t] = wholeError(back.upstream[t], passedBack);
    back.slope[t] = state[t].map(derivativeFromState);
    back.localError[t] = localErrorOf(back.error[t], back.slope[t]);
    passedBack = passBack(back.localError[t], recurrentKernel);
  }
  // One parameter, many time steps: each gradient is a sum over t.
  const summands = {
    kernel: back.localError.map((d, t) => summand(x[t], d)),
    recurrentKernel: back.localError.map((d, t) => summand(previousState[t], d)),
    bias: back.localError.map((d) => [d]),
  };
  const gradients = {
    kernel: sum(summands.kernel),
    recurrentKernel: sum(summands.recurrentKernel),
    bias: sum(summands.bias)[0],
    x: back.localError.map((d) => product(d, transpose(kernel))),
  };
  return { ...back, summands, gradients };
}

export function compute(setting) {
  const forward = recurrence(setting);
  return {
    ...forward,
    ...lossOf(setting, forward.state),
    ...backPropagation(setting, forward),
  };
}
