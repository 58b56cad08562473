// What a reader types, read as numbers.

const SEPARATOR = /[\s,;、，()[\]（）]+/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

// The parts of a text. Full-width digits and the typographic minus are meant as the plain ones.
export function parts(text) {
  return text.normalize("NFKC").replace(/[−–]/g, "-").split(SEPARATOR).filter(Boolean);
}

// What is wrong with a text, `{problem, part}`, or the numbers in it, `{numbers}`.
export function read(text, count) {
  const all = parts(text);
  if (all.length === 0) return { problem: "empty" };
  for (const part of all) {
    if (!NUMBER.test(part)) return { problem: "notANumber", part };
    if (!Number.isFinite(Number(part))) return { problem: "tooLarge", part };
  }
  if (all.length !== count) return { problem: "count", part: all.length };
  return { numbers: all.map(Number) };
}

// Whether all numbers are what they should be, within a tolerance.
export function near(numbers, expected, tolerance) {
  return (
    numbers.length === expected.length &&
    // A sum such as 0.2 + 0.005 is not quite what it says, so the edge is a little wider.
    numbers.every((number, i) => Math.abs(number - expected[i]) <= tolerance * (1 + 1e-9))
  );
}
