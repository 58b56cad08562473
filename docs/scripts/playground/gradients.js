// The gradient of a parameter as a sum over time, as it builds up; beside it, what automatic
// differentiation says.

import { fillTable, make, paragraph, scrollBox, withSymbols } from "playground/elements";
import { decimals } from "playground/numbers";
import { texts } from "playground/texts";

const NAMES = { kernel: "W_ax", recurrentKernel: "W_aa", bias: "b_a" };

const differenceOf = (one, other) =>
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
  const note = paragraph("pg-note");

  const nameOf = (i, j) =>
    parameter === "bias" ? `${j + 1}` : `${parameter === "kernel" ? `x ${i + 1}` : i + 1} → ${j + 1}`;

  return {
    element: [choice, scrollBox(texts.gradient, table), note],
    parameter: () => parameter,
    show(setting, run, byAutodiff, reached, at) {
      const steps = Array.from({ length: setting.steps }, (_, t) => t + 1);
      const isThere = (t) => reached.get(`summand:${t}`) <= at;
      const there = steps.filter(isThere);
      const gradient = byAutodiff[parameter];
      table.className = `pg-gradients pg-${parameter}`;
      const summands = run.summands[parameter];
      const entries = summands[0].flatMap((row, i) => row.map((_, j) => [i, j]));
      const rows = entries.map(([i, j]) => {
        const summand = (t) => summands[t - 1][i][j];
        const sum = there.reduceRight((total, t) => total + summand(t), 0);
        const cell = (attributes, value) => make("td", attributes, value === null ? "·" : decimals(value));
        return [
          nameOf(i, j),
          ...steps.map((t) => cell({ "data-part": `summand:${t}` }, isThere(t) ? summand(t) : null)),
          cell({ class: "pg-sum" }, there.length ? sum : null),
          cell({ class: "pg-autodiff" }, parameter === "bias" ? gradient[j] : gradient[i][j]),
        ];
      });
      const head = [texts.entry, ...steps.map((t) => `t = ${t}`), texts.sum, texts.autodiff];
      fillTable(table, head, rows, 1);
      note.textContent = !there.length
        ? texts.waiting
        : there.length < steps.length
          ? texts.gathering(there.length, steps.length)
          : texts.complete(decimals(differenceOf(run.gradients, byAutodiff)));
    },
  };
}
