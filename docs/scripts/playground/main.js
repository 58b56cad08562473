// The playground: what is on the page, and how a change of one thing reaches the others.

import { gradientsByAutodiff } from "playground/autodiff";
import { chain, light, loop } from "playground/drawing";
import { div, fillTable, make, paragraph, scrollBox, span, withSymbols } from "playground/elements";
import { fields } from "playground/fields";
import { gradientTable } from "playground/gradients";
import { decimals } from "playground/numbers";
import { player } from "playground/player";
import { pythonOf } from "playground/python";
import { compute } from "playground/recurrence";
import { CHOICES, complete, read, remembered, replaced, same, written } from "playground/setting";
import { linesOf, madeAt, momentsOf } from "playground/stepping";
import { texts } from "playground/texts";

const root = document.querySelector("[data-playground]");
const equations = root.querySelector("[data-equations]");
const presets = JSON.parse(document.getElementById("playground-presets").textContent);
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let { setting, at, problems } = read(location.hash, presets);
let committed = setting; // what the address of this entry of the history says
let run, byAutodiff, moments, reached;
const memory = {};

// What there is on the page

const option = (value, words) => make("option", { value }, words);
const chosen = {};
const choice = (name, options, change) => {
  const select = make("select", { id: `pg-${name}` }, options);
  select.addEventListener("change", () => change(select.value));
  chosen[name] = select;
  return div(`pg-field pg-field-${name}`, make("label", { for: select.id }, texts[name]), select);
};
const own = option("", texts.own);
const choices = [
  choice(
    "preset",
    [own, ...Object.keys(presets).map((name) => option(name, texts.presets[name]))],
    (name) => presets[name] && take(presets[name], 0),
  ),
  ...Object.entries(CHOICES).map(([name, values]) =>
    choice(
      name,
      values.map((value) => option(value, texts[value] ?? value)),
      (value) => {
        const next = { ...setting, [name]: values.find((one) => String(one) === value) };
        change(complete(next, memory), true);
        commit();
      },
    ),
  ),
];
const numbers = fields((name, place, value) => change(replaced(setting, name, place, value)), commit);
const time = player(go);
const table = gradientTable(showMoment);
const warning = make("p", { class: "pg-problem", role: "alert", hidden: true });
const loopBox = div("pg-loop");
const chainBox = scrollBox(texts.chain);
const headline = paragraph("pg-headline");
const why = paragraph("pg-why");
const lines = make("ul", { class: "pg-lines" });
const now = make("div", { class: "pg-now", role: "status", "aria-live": "polite" }, headline, lines, why);
const everything = make("table", { class: "pg-everything" });
const code = make("pre", { tabindex: "0", "aria-label": texts.python });
const python = make("details", { class: "pg-more" }, make("summary", {}, texts.python), paragraph("pg-note", texts.pythonNote), code);
const told = make("span", { class: "pg-told", role: "status" });
const shared = span("pg-shared");

const button = (words, press) => {
  const element = make("button", { type: "button", class: "pg-button" }, words);
  element.addEventListener("click", press);
  return element;
};

async function copy(text, holder) {
  try {
    await navigator.clipboard.writeText(text);
    told.textContent = texts.copied;
  } catch {
    holder.textContent = text;
    getSelection().selectAllChildren(holder);
    told.textContent = texts.copyByHand;
  }
}
const address = span("pg-address");

const copyLink = button(texts.copyLink, () => {
  writeMoment();
  copy(location.href, address);
});
const copyPython = button(texts.copyPython, () => {
  python.open = true;
  copy(code.textContent, code);
});
const title = (...words) => paragraph("pg-title", words);
root.replaceChildren(
  make("div", { class: "pg-choose", role: "group", "aria-label": texts.choose }, choices, warning),
  div(
    "pg-main",
    time.element,
    div(
      "pg-stage",
      div("", title(texts.loop), loopBox),
      div("pg-unfolded", title(texts.chain, " ", shared), chainBox),
    ),
    div("pg-explained", now, equations, div("pg-gradient", title(texts.gradient), table.element)),
    div("pg-share", copyLink, copyPython, told, address),
    python,
    make("details", { class: "pg-more" }, make("summary", {}, texts.table), scrollBox(texts.table, everything)),
  ),
  div("pg-edit", numbers.parameters, numbers.sequence),
);
root.classList.add("pg-live");
for (const still of document.querySelectorAll("[data-still]")) still.hidden = true;

// What changes

let drawnChain;

function calculate() {
  run = compute(setting);
  byAutodiff = gradientsByAutodiff(setting);
  moments = momentsOf(setting);
  reached = madeAt(moments);
  at = Math.min(at, moments.length - 1);
}

function show(how) {
  drawnChain = chain(setting, run);
  chainBox.innerHTML = drawnChain.html;
  numbers.show(setting, how);
  const preset = Object.keys(presets).find((name) => same(presets[name], setting));
  own.hidden = own.disabled = Boolean(preset);
  chosen.preset.value = preset ?? "";
  for (const name of Object.keys(CHOICES)) chosen[name].value = setting[name];
  shared.replaceChildren(...withSymbols(texts.shared(setting.steps)));
  code.textContent = pythonOf(setting, run);
  showEverything();
  showMoment();
}

function showMoment() {
  const moment = moments[at];
  const { kind, t } = moment;
  loopBox.innerHTML = loop(setting, run, t);
  table.show(setting, run, byAutodiff, reached, at);
  const what = texts.kinds[kind];
  const words = ["start", "loss"].includes(kind) ? what : texts.position(t, setting.steps, what);
  now.setAttribute("aria-live", time.isPlaying() ? "off" : "polite");
  headline.textContent = words;
  const backward = at >= reached.get("loss");
  headline.dataset.direction = kind === "start" ? "" : backward ? texts.backward : texts.forward;
  root.classList.toggle("pg-is-backward", backward);
  lines.className = `pg-lines pg-lines-${kind === "summand" ? "summand" : "unit"}`;
  lines.replaceChildren(
    ...linesOf(moment, setting, run, table.parameter()).map(({ unit, from, step, text }) => {
      const of = [from, unit].filter((one) => one !== undefined).map((one) => one + 1);
      const label = step ? texts.step(step) : of.length > 1 ? of.join(" → ") : texts.unit(of[0]);
      return make("li", {}, span("pg-of", label, ": "), span("pg-expression", text));
    }),
  );
  if (kind === "loss") lines.append(make("li", { class: "pg-total" }, `L = ${decimals(run.loss)}`));
  const isEnd = at === moments.length - 1;
  const isLast = kind === "error" && t === setting.steps;
  why.replaceChildren(...withSymbols(texts.why[isEnd ? "end" : isLast ? "errorLast" : kind]));
  light(root, moments, reached, at);
  time.show(at, moments, words);
  keepInSight(t);
}

function keepInSight(t) {
  const left = drawnChain.leftOf(t);
  const { scrollLeft, clientWidth } = chainBox;
  if (left - 60 >= scrollLeft && left + drawnChain.width + 20 <= scrollLeft + clientWidth) return;
  chainBox.scrollTo({
    left: left - (clientWidth - drawnChain.width) / 2,
    behavior: calm.matches ? "auto" : "smooth",
  });
}

function showEverything() {
  const arrays = [run.preActivation, run.state, run.upstream, run.error, run.localError];
  const rows = run.state.flatMap((state, t) =>
    state.map((_, u) => [String(t + 1), String(u + 1), ...arrays.map((array) => decimals(array[t][u]))]),
  );
  fillTable(everything, ["t", texts.unitColumn, "â_t", "a_t", "g_t", "e_t", "d_t"], rows, 2);
}

// A new setting, made from this one: the moment stays, as far as it can.
function change(next, sizes = false) {
  const { kind, t } = moments[at];
  setting = next;
  remembered(memory, setting);
  const place = momentsOf(setting).findIndex((one) => one.kind === kind && one.t === t);
  if (sizes && place >= 0) at = place;
  calculate();
  show({ sizes });
}

function load(next, moment) {
  setting = next;
  at = moment;
  remembered(memory, setting);
  calculate();
  show({ anew: true });
}

// A preset, as an entry of the history.
function take(preset, moment) {
  time.stop();
  load(preset, moment);
  commit();
}

function go(to) {
  at = Math.max(0, Math.min(to, moments.length - 1));
  showMoment();
  clearTimeout(writing);
  writing = setTimeout(writeMoment, 400);
}

// The address: each setting is an entry of the history, the moment only a part of it.

let writing = 0;

function writeMoment() {
  clearTimeout(writing);
  history.replaceState(null, "", written(committed, presets, at));
}

function commit() {
  if (same(setting, committed)) return;
  clearTimeout(writing);
  committed = setting;
  history.pushState(null, "", written(setting, presets, at));
}

function warn() {
  warning.hidden = problems.length === 0;
  warning.textContent = problems.length ? texts.unreadable(problems.join(", ")) : "";
}

addEventListener("popstate", () => {
  if (location.hash !== "" && !location.hash.includes("=")) return; // a place on the page
  clearTimeout(writing);
  time.stop();
  const found = read(location.hash, presets);
  problems = found.problems;
  committed = found.setting;
  warn();
  load(found.setting, found.at);
});

// A link to a setting shows it.
document.addEventListener("click", (event) => {
  if (event.target.closest('a[href^="#"][href*="="]')) root.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth" });
});

chainBox.addEventListener("click", (event) => {
  const name = event.target.closest("[data-part]")?.dataset.part;
  if (reached.has(name)) {
    time.stop();
    go(reached.get(name));
  }
});

warn();
load(setting, at);
