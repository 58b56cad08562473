// The fields of the exercises: what is typed is compared with what is right.
import { near, read } from "exercises/numbers";
import { texts } from "exercises/texts";

// A slip is an exact number that someone works out; what is typed of it may be rounded.
const ROUNDING = 0.005;

// `{kind, text}` about what is typed into a field with this data. A slip is its numbers and what
// is said to them.
export function judged(typed, { values, tolerance, slips }) {
  const { problem, part, numbers } = read(typed, values.length);
  if (numbers && near(numbers, values, tolerance)) return { kind: "right", text: texts.right };
  // A slip may have another count of numbers than the answer.
  const given = numbers ?? (problem === "count" ? read(typed, part).numbers : []);
  const slip = slips.find(([expected]) => near(given, expected, ROUNDING));
  if (slip) return { kind: "wrong", text: slip[1] };
  if (problem) return { kind: "unread", text: texts[problem](values.length, part) };
  return { kind: "wrong", text: texts.wrong };
}

// What was typed lives as long as the tab, and the other language's page knows it too.
const memory = {
  key: (name) => `exercise ${name}`,
  load(name) {
    try {
      return JSON.parse(sessionStorage.getItem(this.key(name))) ?? {};
    } catch {
      return {}; // a browser may keep nothing for a page that is opened from a folder
    }
  },
  save(name, what) {
    try {
      sessionStorage.setItem(this.key(name), JSON.stringify(what));
    } catch {
      // as above
    }
  },
};

function start(form) {
  const { name } = form.dataset;
  const data = Object.fromEntries(
    ["values", "tolerance", "slips"].map((key) => [key, JSON.parse(form.dataset[key])]),
  );
  const input = form.querySelector("input");
  const output = form.querySelector("output");

  function show({ kind, text }) {
    form.dataset.kind = kind;
    input.setAttribute("aria-invalid", kind === "right" ? "false" : "true");
    output.textContent = text;
  }
  function clear() {
    delete form.dataset.kind;
    input.removeAttribute("aria-invalid");
    output.textContent = "";
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(judged(input.value, data));
    memory.save(name, { typed: input.value, checked: true });
  });
  input.addEventListener("input", () => {
    clear();
    memory.save(name, { typed: input.value, checked: false });
  });
  const { typed = "", checked = false } = memory.load(name);
  input.value = typed;
  if (checked) show(judged(typed, data));
  form.hidden = false;
}

for (const form of document.querySelectorAll("form.answer")) start(form);
