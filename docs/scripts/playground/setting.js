// What the reader chose: sizes, activation, loss, weights and a sequence. It can be written into an
// address and read back from there.

export const CHOICES = {
  units: [1, 2, 3, 4],
  steps: [1, 2, 3, 4, 5, 6, 7, 8],
  features: [1, 2],
  activation: ["tanh", "relu", "sigmoid", "linear"],
  loss: ["last", "all"],
};
export const LARGEST = 1000;

// Each array with its length along each axis, and its name in an address.
export const ARRAYS = {
  kernel: { axes: ["features", "units"], key: "kernel" },
  recurrentKernel: { axes: ["units", "units"], key: "recurrent_kernel" },
  bias: { axes: ["units"], key: "bias" },
  x: { axes: ["steps", "features"], key: "x" },
  target: { axes: ["steps", "units"], key: "target" },
};

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FILLING = [0.5, -0.3, 0.2, 0.4, -0.2, 0.1, -0.1, 0.3];

// A number as it was typed, full-width digits and the sign − included: {value} or {problem}.
export function parsed(text) {
  const plain = text.normalize("NFKC").replaceAll("−", "-").trim();
  if (plain === "") return { problem: "empty" };
  if (!NUMBER.test(plain)) return { problem: "letters" };
  return Math.abs(Number(plain)) <= LARGEST ? { value: Number(plain) } : { problem: "large" };
}

const filling = (place) => FILLING[place.reduce((sum, i, axis) => sum + i * (axis ? 1 : 3), 0) % 8];

function shaped(lengths, at, place = []) {
  if (place.length === lengths.length) return at(place);
  return Array.from({ length: lengths[place.length] }, (_, i) => shaped(lengths, at, [...place, i]));
}

export const lookedUp = (array, place) => place.reduce((inner, i) => inner?.[i], array);

// The arrays in the sizes that the setting has; what it lacks is taken from `memory`.
export function complete(setting, memory = {}) {
  const arrays = Object.entries(ARRAYS).map(([name, { axes }]) => [
    name,
    shaped(
      axes.map((axis) => setting[axis]),
      (place) =>
        lookedUp(setting[name], place) ??
        lookedUp(memory[name], place) ??
        (name === "target" ? 0 : filling(place)),
    ),
  ]);
  return { ...setting, ...Object.fromEntries(arrays) };
}

// Numbers that are out of sight now come back when there is room for them again.
export function remembered(memory, setting) {
  for (const name of Object.keys(ARRAYS)) {
    const merged = (old, now) =>
      Array.isArray(now) ? [...now.map((one, i) => merged(old?.[i], one)), ...(old ?? []).slice(now.length)] : now;
    memory[name] = merged(memory[name], setting[name]);
  }
}

export function replaced(setting, name, place, value) {
  const put = (array, [i, ...rest]) =>
    array.map((one, k) => (k !== i ? one : rest.length ? put(one, rest) : value));
  return { ...setting, [name]: put(setting[name], place) };
}

const inWords = (setting) => [
  ...Object.keys(CHOICES).map((name) => [name, String(setting[name])]),
  ...Object.entries(ARRAYS).map(([name, { key }]) => [key, setting[name].flat().join(",")]),
];

export const same = (one, other) => String(inWords(one)) === String(inWords(other));

export function written(setting, presets, at) {
  const preset = Object.keys(presets).find((name) => same(presets[name], setting));
  const words = preset ? [["preset", preset]] : inWords(setting);
  return "#" + [...words, ...(at ? [["at", at]] : [])].map((pair) => pair.join("=")).join("&");
}

// The setting that an address holds: a preset, and what differs from it. What can't be read is
// named in `problems` and taken from the preset.
export function read(hash, presets) {
  const words = new URLSearchParams(hash.includes("=") ? hash.slice(1) : "");
  const problems = [];
  const named = words.get("preset");
  if (named !== null && !Object.hasOwn(presets, named)) problems.push("preset");
  const base = presets[named !== null && Object.hasOwn(presets, named) ? named : Object.keys(presets)[0]];
  const setting = { ...base };
  for (const [name, choices] of Object.entries(CHOICES)) {
    const chosen = choices.find((choice) => String(choice) === words.get(name));
    if (chosen !== undefined) setting[name] = chosen;
    else if (words.has(name)) problems.push(name);
  }
  for (const [name, { axes, key }] of Object.entries(ARRAYS)) {
    if (!words.has(key)) continue;
    const numbers = words.get(key).split(",").map((text) => parsed(text).value);
    const lengths = axes.map((axis) => setting[axis]);
    const fits = numbers.length === lengths.reduce((a, b) => a * b);
    if (fits && !numbers.includes(undefined)) {
      const rest = [...numbers];
      setting[name] = shaped(lengths, () => rest.shift());
    } else problems.push(key);
  }
  const at = Number(words.get("at") ?? 0);
  if (!Number.isInteger(at) || at < 0) problems.push("at");
  return { setting: complete(setting), at: Number.isInteger(at) && at > 0 ? at : 0, problems };
}
