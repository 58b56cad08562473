// A form, what is computed from it, and the address of the page, kept in step.
//
// The address holds what was typed, `#calculator?features=10&units=32`, so that a link brings back
// all of it, and what can't be computed with, too.

import { readWhole } from "shared/numbers";

/**
 * Calls `show` with the values of the form by name, now and whenever they change, as long as all of
 * them can be computed with. Where one can't, the reason stands beside its field, and what was
 * computed last stays.
 */
export function connect(form, show) {
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const fields = [...form.querySelectorAll("input[type=text]")];

  function read() {
    const values = Object.fromEntries(boxes.map((box) => [box.name, box.checked]));
    let all = true;
    for (const field of fields) {
      const { value, problem } = readWhole(field.value, "unknown" in field.dataset);
      document.getElementById(field.getAttribute("aria-describedby")).textContent = problem ?? "";
      field.setAttribute("aria-invalid", String(problem !== undefined));
      all &&= problem === undefined;
      values[field.name] = value;
    }
    form.toggleAttribute("data-unread", !all);
    if (all) show(values);
  }

  function write() {
    const typed = new URLSearchParams();
    for (const field of fields) typed.set(field.name, field.value);
    for (const box of boxes) typed.set(box.name, box.checked ? "1" : "0");
    history.replaceState(history.state, "", `#${form.id}?${typed}`);
  }

  function fromAddress() {
    const [id, typed] = location.hash.slice(1).split(/\?(.*)/s);
    if (id !== form.id || typed === undefined) return;
    const values = new URLSearchParams(typed);
    for (const field of fields) field.value = values.get(field.name) ?? field.value;
    for (const box of boxes) if (values.has(box.name)) box.checked = values.get(box.name) === "1";
    form.scrollIntoView({ block: "center" });
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    write();
    read();
  });
  addEventListener("hashchange", () => {
    fromAddress();
    read();
  });
  fromAddress();
  read();
}

/** Writes texts to the elements that have their names as `data-shown`. */
export function write(texts) {
  for (const [name, text] of Object.entries(texts)) {
    for (const element of document.querySelectorAll(`[data-shown="${name}"]`)) {
      if (element.textContent !== text) element.textContent = text;
    }
  }
}
