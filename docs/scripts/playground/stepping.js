// The moments of one run, forward and backward: which numbers each uses and makes, and how.
// A part is named as in "state:2", the state of time step 2.

import { hasLoss } from "playground/recurrence";
import { asGiven, bracketed, decimals } from "playground/numbers";

const product = (a, b) => `${bracketed(a)} · ${bracketed(b)}`;

export function momentsOf(setting) {
  const moments = [{ kind: "start", t: 1, uses: [], makes: [] }];
  const add = (kind, t, uses, makes) => moments.push({ kind, t, uses, makes });
  const { steps } = setting;
  for (let t = 1; t <= steps; t++) {
    add("input", t, [`x:${t}`, "kernel"], [`input:${t}`]);
    add("recurrent", t, [`state:${t - 1}`, "recurrentKernel"], [`recurrent:${t}`]);
    add("pre", t, [`input:${t}`, `recurrent:${t}`, "bias"], [`pre:${t}`, `bias:${t}`]);
    add("state", t, [`pre:${t}`], [`state:${t}`]);
  }
  const seen = Array.from({ length: steps }, (_, i) => i + 1).filter((t) => hasLoss(setting, t - 1));
  add(
    "loss",
    steps,
    seen.flatMap((t) => [`state:${t}`, `target:${t}`]),
    ["loss", ...seen.map((t) => `loss:${t}`)],
  );
  for (let t = steps; t >= 1; t--) {
    if (hasLoss(setting, t - 1))
      add("upstream", t, [`state:${t}`, `target:${t}`], [`upstream:${t}`]);
    const fromLater = t < steps ? [`local:${t + 1}`, "recurrentKernel", `back:${t}`] : [];
    add("error", t, [`upstream:${t}`, ...fromLater], [`error:${t}`]);
    add("local", t, [`error:${t}`, `pre:${t}`, `state:${t}`], [`local:${t}`]);
    add("summand", t, [`local:${t}`, `x:${t}`, `state:${t - 1}`], [`summand:${t}`]);
  }
  return moments;
}

// At which moment each part is made.
export const madeAt = (moments) =>
  new Map(moments.flatMap(({ makes }, at) => makes.map((part) => [part, at])));

// What is computed at a moment, a line for each unit: {unit, text}, or for a summand {from, unit,
// text}. `parameter` is the one whose summands are written out.
export function linesOf({ kind, t }, setting, run, parameter) {
  const now = t - 1;
  const { kernel, recurrentKernel, bias, x, target } = setting;
  const units = bias.map((_, unit) => unit);
  const number = (name, u, step = now) => decimals(run[name][step][u]);
  const weighted = (values, weight) =>
    values.map((value, i) => product(value, asGiven(weight(i)))).join(" + ");
  const state = (u) => {
    const z = number("preActivation", u);
    return setting.activation === "linear" ? z : `${setting.activation}(${z})`;
  };
  const later = (u) =>
    t < setting.steps ? " + " + weighted(run.localError[t].map(decimals), (j) => recurrentKernel[u][j]) : "";
  // What gives which number of a unit
  const ofUnits = {
    input: [(u) => weighted(x[now].map(asGiven), (i) => kernel[i][u]), "inputProjection"],
    recurrent: [
      (u) => weighted(run.previousState[now].map(decimals), (i) => recurrentKernel[i][u]),
      "recurrentProjection",
    ],
    pre: [
      (u) =>
        `${number("inputProjection", u)} + ${bracketed(number("recurrentProjection", u))} + ${bracketed(asGiven(bias[u]))}`,
      "preActivation",
    ],
    state: [state, "state"],
    upstream: [(u) => `${number("state", u)} − ${bracketed(asGiven(target[now][u]))}`, "upstream"],
    error: [(u) => number("upstream", u) + later(u), "error"],
    local: [(u) => product(number("error", u), number("slope", u)), "localError"],
  };
  if (kind === "loss")
    return run.losses.flatMap((loss, step) => {
      if (!hasLoss(setting, step)) return [];
      const squares = units.map(
        (u) => `(${number("state", u, step)} − ${bracketed(asGiven(target[step][u]))})²`,
      );
      return [{ step: step + 1, text: `½ · ${squares.length > 1 ? `[${squares.join(" + ")}]` : squares} = ${decimals(loss)}` }];
    });
  if (kind === "summand") {
    const left = { kernel: x[now], recurrentKernel: run.previousState[now], bias: [1] }[parameter];
    return left.flatMap((value, from) =>
      units.map((u) => {
        const result = decimals(run.summands[parameter][now][from][u]);
        const given = parameter === "kernel" ? asGiven(value) : decimals(value);
        const d = number("localError", u);
        return parameter === "bias"
          ? { unit: u, text: d }
          : { from, unit: u, text: `${product(given, d)} = ${result}` };
      }),
    );
  }
  if (!ofUnits[kind]) return [];
  const [expression, result] = ofUnits[kind];
  return units.map((unit) => ({ unit, text: `${expression(unit)} = ${number(result, unit)}` }));
}
