// The shapes of what a recurrent layer gives back.

import { connect, write } from "shared/form";
import { language } from "shared/numbers";

const WORDS = {
  en: {
    all: (time) => `a_1 … a_${time}: the state after every time step`,
    last: (time) => `a_${time}: the state after the last time step`,
    axes: { batch: "sequences", time: "time steps", units: "units", any: "any number of" },
    times: " × ",
    axis: (count, name) => `${count} ${name}`,
  },
  ja: {
    all: (time) => `a_1 … a_${time}: すべての時刻の状態`,
    last: (time) => `a_${time}: 最後の時刻の状態`,
    axes: { batch: "系列", time: "時刻", units: "ユニット", any: "任意の数" },
    times: " × ",
    axis: (count, name) => `${name} ${count}`,
  },
};

const tuple = (sizes) => `(${sizes.map((size) => size ?? "None").join(", ")})`;

/** What the layer gives back, as `{ name, shape, axes, all }`, in the order in which it does. */
export function outputs({ batch, time, units, return_sequences, return_state }) {
  const whole = { name: "states", shape: [batch, time, units], axes: ["batch", "time", "units"], all: true };
  const last = { name: "output", shape: [batch, units], axes: ["batch", "units"], all: false };
  const first = return_sequences ? whole : last;
  return return_state ? [first, { ...last, name: "last_state" }] : [first];
}

export function code(values) {
  const { batch, time, features, units } = values;
  const given = outputs(values);
  const options = ["return_sequences", "return_state"].filter((name) => values[name]);
  const size = batch === null ? "" : `, batch_size=${batch}`;
  const lines = [
    `inputs = keras.Input(${tuple([time, features])}${size})`,
    `layer = keras.layers.SimpleRNN(${[units, ...options.map((name) => `${name}=True`)].join(", ")})`,
    `${given.map(({ name }) => name).join(", ")} = layer(inputs)`,
  ];
  for (const { name, shape } of [{ name: "inputs", shape: [batch, time, features] }, ...given]) {
    lines.push(`${`${name}.shape`.padEnd(16)}  # ${tuple(shape)}`);
  }
  return lines.join("\n");
}

function show(values) {
  const words = WORDS[language];
  const said = outputs(values).map(({ name, shape, axes, all }) => {
    const sizes = axes.map((axis, place) => words.axis(shape[place] ?? words.axes.any, words.axes[axis]));
    return `${name}: ${words[all ? "all" : "last"](values.time ?? "T")}, ${sizes.join(words.times)}`;
  });
  write({ code: code(values), first: said[0], second: said[1] ?? "" });
}

connect(document.getElementById("calculator"), show);
