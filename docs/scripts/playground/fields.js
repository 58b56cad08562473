// The numbers that the reader types: weights, inputs and targets. What can't be read stays in its
// field, and is explained below it.

import { make, unseen, withSymbols } from "playground/elements";
import { asGiven } from "playground/numbers";
import { ARRAYS, LARGEST, lookedUp, parsed } from "playground/setting";
import { texts } from "playground/texts";

const plainName = (name, place) => texts.named[name](...place.map((i) => i + 1));

// `onNumber(name, place, value)` is called while a number is typed, `onEnd()` when that is over.
export function fields(onNumber, onEnd) {
  const known = new Map(); // by key: a field and what is wrong with it
  let setting;

  const valueOf = (name, place) => lookedUp(setting[name], place);

  function check(entry) {
    const { input, problem, name, place } = entry;
    const { value, problem: kind } = parsed(input.value);
    input.toggleAttribute("aria-invalid", false);
    problem.hidden = !kind;
    if (kind) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", problem.id);
      const words = texts.problems[kind](input.value.trim(), LARGEST);
      problem.replaceChildren(
        ...withSymbols(`${plainName(name, place)} `),
        `${words} ${texts.keeps(asGiven(valueOf(name, place)))}`,
      );
    } else {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
      problem.replaceChildren();
    }
    return kind ? undefined : value;
  }

  function fieldOf(name, place) {
    const key = [name, ...place].join("-");
    if (known.has(key)) return known.get(key);
    const input = make("input", { type: "text", id: `pg-${key}`, autocomplete: "off", spellcheck: "false" });
    const label = make("label", { for: input.id, class: "pg-unseen" }, plainName(name, place).replaceAll("_", " "));
    const problem = make("p", { id: `pg-${key}-problem`, class: "pg-problem", hidden: true });
    const entry = { name, place, input, label, problem };
    const changed = () => {
      const value = check(entry);
      if (value !== undefined) onNumber(name, place, value);
    };
    input.addEventListener("input", changed);
    input.addEventListener("change", onEnd);
    input.addEventListener("blur", onEnd);
    input.addEventListener("keydown", (event) => {
      const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      const { value } = parsed(input.value);
      if (!direction || value === undefined) return;
      event.preventDefault();
      input.value = asGiven(Number((value + direction * (event.shiftKey ? 1 : 0.1)).toFixed(6)));
      changed();
    });
    known.set(key, entry);
    return entry;
  }

  // Rows and columns as the matrix has them; a vector is one row.
  function grid(name, rows, columns) {
    const entries = [];
    const table = make("div", { class: "pg-grid", style: `--columns:${columns.length}` });
    if (columns.some(Boolean))
      table.append(make("span"), ...columns.map((column) => make("span", { "aria-hidden": "true" }, column)));
    rows.forEach((row, i) => {
      table.append(make("span", { "aria-hidden": "true" }, row));
      columns.forEach((_, j) => {
        const entry = fieldOf(name, ARRAYS[name].axes.length === 1 ? [j] : [i, j]);
        entries.push(entry);
        table.append(make("span", { class: "pg-cell-field" }, entry.label, entry.input));
      });
    });
    return { table, problems: entries.map((entry) => entry.problem) };
  }

  const count = (length, name) => Array.from({ length }, (_, i) => name(i + 1));

  function group(name, content, problems) {
    return make(
      "fieldset",
      { class: `pg-numbers pg-${name}`, "data-part": name },
      make("legend", {}, withSymbols(texts[name])),
      content,
      make("div", { "aria-live": "polite" }, problems),
    );
  }

  const parameters = make("div", { class: "pg-parameters" });
  const sequence = make("div", { class: "pg-sequence" });

  // A row for each time step.
  function sequenceOf(name, columns) {
    const problems = [];
    const table = make("div", { class: "pg-grid", style: `--columns:${columns.length}` });
    table.append(make("span", { "aria-hidden": "true" }, "t"), ...columns.map((column) => make("span", { "aria-hidden": "true" }, column)));
    for (let t = 0; t < setting.steps; t++) {
      table.append(make("span", { "aria-hidden": "true" }, String(t + 1)));
      columns.forEach((_, i) => {
        const entry = fieldOf(name, [t, i]);
        const plays = name === "x" || setting.loss === "all" || t === setting.steps - 1;
        entry.input.disabled = !plays;
        problems.push(entry.problem);
        table.append(make("span", { class: "pg-cell-field", "data-part": `${name}:${t + 1}` }, entry.label, entry.input));
      });
    }
    return group(name, table, problems);
  }

  function layOut() {
    const units = count(setting.units, texts.unit);
    const features = count(setting.features, texts.feature);
    const of = (name, rows) => {
      const { table, problems } = grid(name, rows, units);
      return group(name, table, problems);
    };
    parameters.replaceChildren(
      of("kernel", features),
      of("recurrentKernel", units),
      of("bias", [""]),
      make("p", { class: "pg-note" }, texts.hint),
    );
    sequence.replaceChildren(
      sequenceOf("x", count(setting.features, (i) => `x ${i}`)),
      sequenceOf("target", units),
      make("p", { class: "pg-note", hidden: setting.loss === "all" || setting.steps === 1 }, texts.noTarget),
    );
  }

  return {
    parameters,
    sequence,
    // Shows a setting. `anew`: one that comes from elsewhere, so that what was typed is over.
    show(next, { anew = false, sizes = false } = {}) {
      setting = next;
      if (anew || sizes) layOut();
      for (const entry of known.values()) {
        const value = valueOf(entry.name, entry.place);
        if (value === undefined) continue;
        const isInvalid = entry.input.hasAttribute("aria-invalid");
        const isTyped = parsed(entry.input.value).value === value;
        if (anew || (!isInvalid && !isTyped)) entry.input.value = asGiven(value);
        check(entry);
      }
    },
  };
}
