// The moments of one run, forward and backward: which numbers each uses and makes, and how.
// A part is named as in "state:2", the state of time step 2.

import { hasLoss } from "playground/recurrence";
import { asGiven, bracketed, decimals } from "playground/numbers";

const product = (a, b, times = " · ") => bracketed(a) + times + bracketed(b);
const added = (terms) => terms.map((term, i) => (i ? bracketed(term) : term)).join(" + ");

export function momentsOf(setting) {
  const moments = [{ kind: "start", t: 1, uses: [], makes: [] }];
  const add = (kind, t, uses, makes) => moments.push({ kind, t, uses, makes });
  const { steps } = setting;
  for (let t = 1; t <= steps; t++) {
    add("input", t, [`x:${t}`, "kernel"], [`input:${t}`]);
    add("recurrent", t, [`state:${t - 1}`, "recurrentKernel"], [`recurrent:${t}`]);
    add("pre", t, [`input:${t}`, `recurrent:${t}`, "bias"], [`pre:${t}`]);
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
  const number = (name, unit, step = now) => decimals(run[name][step][unit]);
  const line = (unit, text, result) => ({ unit, text: `${text} = ${result}` });
  const ofUnits = {
    input: (u) =>
      line(
        u,
        added(x[now].map((value, i) => product(asGiven(value), asGiven(kernel[i][u])))),
        number("inputProjection", u),
      ),
    recurrent: (u) =>
      line(
        u,
        added(
          run.previousState[now].map((value, i) =>
            product(decimals(value), asGiven(recurrentKernel[i][u])),
          ),
        ),
        number("recurrentProjection", u),
      ),
    pre: (u) =>
      line(
        u,
        added([number("inputProjection", u), number("recurrentProjection", u), asGiven(bias[u])]),
        number("preActivation", u),
      ),
    state: (u) => {
      const z = number("preActivation", u);
      return line(u, setting.activation === "linear" ? z : `${setting.activation}(${z})`, number("state", u));
    },
    upstream: (u) =>
      line(u, `${number("state", u)} − ${bracketed(asGiven(target[now][u]))}`, number("upstream", u)),
    error: (u) => {
      const terms = hasLoss(setting, now) ? [number("upstream", u)] : ["0"];
      if (t < setting.steps)
        run.localError[t].forEach((_, j) =>
          terms.push(product(number("localError", j, t), asGiven(recurrentKernel[u][j]))),
        );
      return line(u, t < setting.steps ? added(terms.map((term, i) => (i ? [term] : term)).flat()) : terms[0], number("error", u));
    },
    local: (u) =>
      line(u, product(number("error", u), number("slope", u)), number("localError", u)),
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
  return ofUnits[kind] ? units.map(ofUnits[kind]) : [];
}
