// The numbers that the reader types: weights, inputs and targets. What can't be read stays in its
// field, and is explained below it.

import { div, make, paragraph, withSymbols } from "playground/elements";
import { asGiven } from "playground/numbers";
import { hasLoss } from "playground/recurrence";
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
    problem.hidden = !kind;
    if (kind) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", problem.id);
      const words = texts.problems[kind](input.value.trim(), LARGEST);
      const kept = texts.keeps(asGiven(valueOf(name, place)));
      problem.replaceChildren(...withSymbols(`${plainName(name, place)} ${words} ${kept}`));
    } else for (const attribute of ["aria-invalid", "aria-describedby"]) input.removeAttribute(attribute);
    return value;
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

  // The fields of an array, in rows and columns as the matrix has them. Of a sequence each row is a
  // time step.
  function group(name, corner, rows, columns) {
    const { axes } = ARRAYS[name];
    const heading = (words) => make("span", { "aria-hidden": "true" }, words);
    const table = make("div", { class: "pg-grid", style: `--columns:${columns.length}` });
    const problems = make("div", { "aria-live": "polite" });
    table.append(...[corner, ...columns].map(heading));
    rows.forEach((row, i) => {
      table.append(heading(row));
      columns.forEach((_, j) => {
        const entry = fieldOf(name, axes.length === 1 ? [j] : [i, j]);
        entry.input.disabled = name === "target" && !hasLoss(setting, i);
        const part = axes[0] === "steps" && `${name}:${i + 1}`;
        table.append(make("span", { class: "pg-cell-field", "data-part": part }, entry.label, entry.input));
        problems.append(entry.problem);
      });
    });
    const legend = make("legend", {}, withSymbols(texts[name]));
    return make("fieldset", { class: `pg-numbers pg-${name}`, "data-part": name }, legend, table, problems);
  }

  const parameters = div("pg-parameters");
  const sequence = div("pg-sequence");

  function layOut() {
    const count = (length, name) => Array.from({ length }, (_, i) => name(i + 1));
    const units = count(setting.units, texts.unit);
    const features = count(setting.features, (i) => `x ${i}`);
    const steps = count(setting.steps, String);
    const note = (words) => paragraph("pg-note", words);
    parameters.replaceChildren(
      group("kernel", "", features, units),
      group("recurrentKernel", "", units, units),
      group("bias", "", [""], units),
      note(texts.hint),
    );
    sequence.replaceChildren(group("x", "t", steps, features), group("target", "t", steps, units));
    if (!hasLoss(setting, 0)) sequence.append(note(texts.noTarget));
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
