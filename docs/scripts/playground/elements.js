// Elements of the page, made of their names, attributes and what is in them.

export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null));
  return element;
}

const classed =
  (name) =>
  (className, ...children) =>
    make(name, { class: className }, ...children);
export const div = classed("div");
export const paragraph = classed("p");
export const span = classed("span");

// A text with its symbols: what follows "_" stands below the line.
export function withSymbols(text) {
  const parts = text.split(/([WLabdegxâ]\*?_[\w+−]+)/);
  return parts.map((part, i) => {
    if (i % 2 === 0) return part;
    const [name, below] = part.split("_");
    return make("var", {}, name, make("sub", {}, below));
  });
}

// A table, that scrolls in a place of its own if it is wide. The first `headings` cells of a row say
// what the row is of.
export function fillTable(table, head, rows, headings = 0) {
  const row = (cells, name) => make("tr", {}, cells.map(name));
  const heading = (scope) => (words) => make("th", { scope }, withSymbols(words));
  const cell = (content, i) =>
    i < headings ? heading("row")(content) : content instanceof Node ? content : make("td", {}, content);
  table.replaceChildren(
    make("thead", {}, row(head, heading("col"))),
    make("tbody", {}, rows.map((cells) => row(cells, cell))),
  );
}

export const scrollBox = (label, ...children) =>
  make("div", { class: "pg-scroll", tabindex: "0", role: "region", "aria-label": label }, children);
