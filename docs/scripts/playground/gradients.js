// The gradient of a parameter as a sum over time, as it builds up; beside it, what automatic
// differentiation says.

import { make, withSymbols } from "playground/elements";
import { decimals } from "playground/numbers";
import { texts } from "playground/texts";

const NAMES = { kernel: "W_ax", recurrentKernel: "W_aa", bias: "b_a" };

export const differenceOf = (one, other) =>
  Math.max(
    ...Object.keys(NAMES).map((name) => {
      const numbers = other[name].flat();
      return Math.max(...one[name].flat().map((number, i) => Math.abs(number - numbers[i])));
    }),
  );

export function gradientTable(onChoice) {
  let parameter = "recurrentKernel";
  const choice = make(
    "fieldset",
    { class: "pg-choice" },
    make("legend", {}, texts.gradientOf),
    Object.entries(NAMES).map(([name, symbol]) => {
      const input = make("input", { type: "radio", name: "pg-parameter", value: name, checked: name === parameter });
      input.addEventListener("change", () => {
        parameter = name;
        onChoice();
      });
      return make("label", { class: `pg-${name}` }, input, make("span", {}, withSymbols(symbol)));
    }),
  );
  const table = make("table");
  const box = make("div", { class: "pg-scroll", tabindex: "0", role: "region", "aria-label": texts.gradient }, table);
  const note = make("p", { class: "pg-note" });

  const rowsOf = ({ units, features }) => {
    const froms = { kernel: features, recurrentKernel: units, bias: 1 }[parameter];
    return Array.from({ length: froms * units }, (_, k) => [Math.floor(k / units), k % units]);
  };
  const nameOf = (i, j) =>
    parameter === "bias" ? `${j + 1}` : `${parameter === "kernel" ? `x ${i + 1}` : i + 1} → ${j + 1}`;

  return {
    element: [choice, box, note],
    parameter: () => parameter,
    show(setting, run, byAutodiff, reached, at) {
      const steps = Array.from({ length: setting.steps }, (_, t) => t + 1);
      const isThere = (t) => reached.get(`summand:${t}`) <= at;
      const there = steps.filter(isThere);
      const gradient = [byAutodiff[parameter]].flat();
      table.className = `pg-gradients pg-${parameter}`;
      table.replaceChildren(
        make(
          "thead",
          {},
          make(
            "tr",
            {},
            make("th", { scope: "col" }, texts.entry),
            steps.map((t) => make("th", { scope: "col" }, texts.summand(t))),
            make("th", { scope: "col" }, texts.sum),
            make("th", { scope: "col" }, texts.autodiff),
          ),
        ),
        make(
          "tbody",
          {},
          rowsOf(setting).map(([i, j]) => {
            const summands = run.summands[parameter];
            const sum = there.reduceRight((total, t) => total + summands[t - 1][i][j], 0);
            const autodiff = parameter === "bias" ? gradient[j] : gradient[i][j];
            return make(
              "tr",
              {},
              make("th", { scope: "row" }, nameOf(i, j)),
              steps.map((t) =>
                make("td", { "data-part": `summand:${t}` }, isThere(t) ? decimals(summands[t - 1][i][j]) : "·"),
              ),
              make("td", { class: "pg-sum" }, there.length ? decimals(sum) : "·"),
              make("td", { class: "pg-autodiff" }, decimals(autodiff)),
            );
          }),
        ),
      );
      note.textContent = !there.length
        ? texts.waiting
        : there.length < steps.length
          ? texts.gathering(there.length, steps.length)
          : texts.complete(decimals(differenceOf(run.gradients, byAutodiff)));
    },
  };
}
