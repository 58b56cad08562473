// The layer as a loop, and the same layer unfolded in time. Both are made of one drawing of a time
// step: forward in its lower half, from left to right; backward in its upper half, from right to
// left.

import { asGiven, decimals } from "playground/numbers";
import { hasLoss } from "playground/recurrence";
import { texts } from "playground/texts";

const ROW = 19; // a number
const HEAD = 20; // the names above numbers
const HALF = 52; // width of a column of numbers
const CELL = 2 * HALF + 8;
const GAP = 54; // between two cells
const STATE = 40; // the initial state, on the left
const MARGIN = 6;

const below = (name, index) =>
  `${name}<tspan class="pg-sub" dy="3">${index}</tspan><tspan dy="-3">\u200b</tspan>`;
const text = (x, y, content, more = "") => `<text x="${x}" y="${y}" ${more}>${content}</text>`;
const part = (name, content, more = "") => `<g data-part="${name}" ${more}>${content}</g>`;
const path = (points) => `<path class="pg-arrow" d="${points}"/>`;

// A vector: its numbers one below the other, on a ground that can be lit. `scale` is the size of
// the longest bar.
function vector(name, x, y, numbers, { width = HALF, scale = 0, format = decimals } = {}) {
  const rows = numbers.map((value, i) => {
    const top = y + i * ROW;
    const length = scale ? (Math.abs(value) / scale) * (width - 4) : 0;
    const bar = `<rect class="pg-bar" x="${x + 2}" y="${top + 2}" width="${length.toFixed(1)}" height="${ROW - 3}" rx="3"/>`;
    return bar + text(x + width - 5, top + ROW - 5, format(value));
  });
  const ground = `<rect class="pg-ground" x="${x}" y="${y}" width="${width}" height="${numbers.length * ROW + 1}" rx="5"/>`;
  return part(name, ground + rows.join(""), 'class="pg-vector"');
}

// A parameter where it is used: lit with the part that this use makes.
const SYMBOLS = { kernel: ["W", "ax"], recurrentKernel: ["W", "aa"], bias: ["b", "a"] };
const pill = (name, parameter, x, y) =>
  part(
    name,
    `<rect class="pg-ground" x="${x - 17}" y="${y - 11}" width="34" height="22" rx="11"/>` +
      text(x, y + 4, below(...SYMBOLS[parameter]), 'class="pg-middle"'),
    `class="pg-pill pg-${parameter}"`,
  );

function layoutOf({ units, features }) {
  const lossTop = 14;
  const lossHeight = HEAD + units * ROW + 8;
  const cellTop = lossTop + lossHeight + 34;
  const half = HEAD + units * ROW + 6;
  const backRow = cellTop + HEAD;
  const foreRow = cellTop + half + HEAD;
  const cellBottom = cellTop + 2 * half + 2;
  const xTop = cellBottom + 58;
  const xBottom = xTop + HEAD + features * ROW + 6;
  const middle = (units * ROW) / 2;
  return {
    ...{ lossTop, lossHeight, cellTop, half, backRow, foreRow, cellBottom, xTop, xBottom },
    back: backRow + middle,
    fore: foreRow + middle,
    height: xBottom + 8,
  };
}

// One time step: its cell, what comes in from below, and the loss above.
function timeStep(t, left, setting, run, l, scales, withLoss) {
  const now = t - 1;
  const sides = [left + 4, left + 4 + HALF];
  const centres = sides.map((side) => side + HALF / 2);
  const height = l.cellBottom - l.cellTop;
  let drawn = `<rect class="pg-cell" x="${left}" y="${l.cellTop}" width="${CELL}" height="${height}" rx="9"/>`;
  drawn += `<rect class="pg-backward-ground" x="${left + 2}" y="${l.cellTop + 2}" width="${CELL - 4}" height="${l.half - 4}" rx="7"/>`;
  const box = (x, y, width, height) =>
    (drawn += `<rect class="pg-box" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`);
  const column = (side, y, symbol, name, numbers, options) => {
    drawn += text(centres[side], y - 6, below(symbol, t), 'class="pg-middle pg-name"');
    drawn += vector(`${name}:${t}`, sides[side], y, numbers, options);
  };
  const errors = { scale: scales.error };
  column(0, l.backRow, "d", "local", run.localError[now], errors);
  column(1, l.backRow, "e", "error", run.error[now], errors);
  column(0, l.foreRow, "â", "pre", run.preActivation[now]);
  column(1, l.foreRow, "a", "state", run.state[now], { scale: scales.state });
  const pills = l.cellBottom + 29;
  drawn += part(`input:${t}`, path(`M${centres[0]} ${l.xTop}V${l.cellBottom + 3}`));
  drawn += part(`bias:${t}`, path(`M${centres[1]} ${pills}V${l.cellBottom + 3}`));
  drawn += pill(`input:${t}`, "kernel", centres[0], pills) + pill(`bias:${t}`, "bias", centres[1], pills);
  box(sides[0], l.xTop, HALF, l.xBottom - l.xTop);
  column(0, l.xTop + HEAD, "x", "x", setting.x[now], { format: asGiven });
  drawn += text(centres[1] + 2, l.xBottom - 6, texts.step(t), 'class="pg-middle pg-step"');
  if (withLoss && hasLoss(setting, now)) {
    const lossBottom = l.lossTop + l.lossHeight;
    box(left, l.lossTop, CELL, l.lossHeight);
    column(0, l.lossTop + HEAD, "a*", "target", setting.target[now], { format: asGiven });
    column(1, l.lossTop + HEAD, "g", "upstream", run.upstream[now], errors);
    drawn += part(`loss:${t}`, path(`M${centres[0]} ${l.cellTop}V${lossBottom + 3}`));
    drawn += part(`upstream:${t}`, path(`M${centres[1]} ${lossBottom}V${l.cellTop - 3}`));
  }
  return drawn;
}

const largest = (vectors) => Math.max(...vectors.flat().map(Math.abs));
const scalesOf = (run) => ({ state: largest(run.state), error: largest([...run.error, ...run.upstream]) });

// The head of all arrows, those of the loop included
const marker = `<defs><marker id="pg-head" viewBox="0 0 8 8" refX="6.5" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5z" fill="context-stroke"/></marker></defs>`;

const svg = (width, height, name, content, top = 0) =>
  `<svg class="pg-drawing" role="img" aria-label="${name}" viewBox="0 ${top} ${width} ${height - top}" style="--width:${width}px">${content}</svg>`;

export function chain(setting, run) {
  const layout = layoutOf(setting);
  const scales = scalesOf(run);
  const start = MARGIN + STATE + GAP;
  const leftOf = (t) => start + (t - 1) * (CELL + GAP);
  let drawn = "";
  for (let t = 1; t <= setting.steps; t++) {
    const left = leftOf(t);
    drawn += part(`recurrent:${t}`, path(`M${left - GAP} ${layout.fore}H${left - 3}`));
    drawn += pill(`recurrent:${t}`, "recurrentKernel", left - GAP / 2 - 3, layout.fore);
    if (t > 1) {
      drawn += part(`back:${t - 1}`, path(`M${left} ${layout.back}H${left - GAP + 3}`));
      drawn += pill(`back:${t - 1}`, "recurrentKernel", left - GAP / 2 + 3, layout.back);
    }
    drawn += timeStep(t, left, setting, run, layout, scales, true);
  }
  const first = run.previousState[0];
  drawn += text(MARGIN + STATE / 2, layout.foreRow - 6, below("a", 0), 'class="pg-middle pg-name"');
  drawn += vector("state:0", MARGIN, layout.foreRow, first, { width: STATE });
  const width = leftOf(setting.steps) + CELL + MARGIN;
  return { html: svg(width, layout.height, texts.chainAlt(setting.steps), marker + drawn), leftOf, width: CELL };
}

// The layer itself, with the numbers of time step t: its state goes round, and so does its error.
export function loop(setting, run, t) {
  const layout = layoutOf(setting);
  const left = 38;
  const right = left + CELL;
  const { fore, back, cellTop } = layout;
  // From one side of the cell over its top to the other one
  const round = (from, to, out, top, y, right) =>
    `M${from} ${y}h${right * (out - 8)}q${8 * right} 0 ${8 * right} -8V${top + 8}q0 -8 ${-8 * right} -8` +
    `H${to - right * (out - 8)}q${-8 * right} 0 ${-8 * right} 8V${y - 8}q0 8 ${8 * right} 8h${right * (out - 11)}`;
  const middle = left + CELL / 2;
  let drawn = part(`recurrent:${t}`, path(round(right, left, 32, cellTop - 46, fore, 1)));
  drawn += pill(`recurrent:${t}`, "recurrentKernel", middle, cellTop - 46);
  if (t < setting.steps) {
    drawn += part(`back:${t}`, path(round(left, right, 18, cellTop - 17, back, -1)));
    drawn += pill(`back:${t}`, "recurrentKernel", middle, cellTop - 17);
  }
  drawn += timeStep(t, left, setting, run, layout, scalesOf(run), false);
  return svg(right + left, layout.height, texts.loopAlt(t), drawn, cellTop - 64);
}

// Marks what a moment uses and makes, and what is still to come, wherever it is on the page.
export function light(root, moments, reached, at) {
  const { uses, makes, kind } = moments[at];
  for (const element of root.querySelectorAll("[data-part]")) {
    const name = element.dataset.part;
    element.classList.toggle("pg-made", makes.includes(name));
    element.classList.toggle("pg-used", uses.includes(name));
    element.classList.toggle("pg-ahead", (reached.get(name) ?? 0) > at);
  }
  for (const element of root.querySelectorAll("[data-equation]"))
    element.classList.toggle("pg-made", element.dataset.equation.split(" ").includes(kind));
}
