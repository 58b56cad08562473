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

// A text with its symbols: what follows "_" stands below the line.
export function withSymbols(text) {
  const parts = text.split(/([WLabdegxâ]\*?_[\w+−]+)/);
  return parts.map((part, i) => {
    if (i % 2 === 0) return part;
    const [name, below] = part.split("_");
    return make("var", {}, name, make("sub", {}, below));
  });
}

// Told to a screen reader, and not shown.
export const unseen = (text) => make("span", { class: "pg-unseen" }, text);
