// Steps through the moments: buttons, a slider, and playing by itself.

import { div, make } from "playground/elements";
import { texts } from "playground/texts";

const PAUSE = 900; // milliseconds from one moment to the next

const ICONS = {
  toStart: "M6 5v14M19 5l-9 7l9 7z",
  back: "M16 5l-9 7l9 7z",
  play: "M8 5l11 7l-11 7z",
  pause: "M8 5v14M16 5v14",
  forth: "M8 5l9 7l-9 7z",
  toEnd: "M18 5v14M5 5l9 7l-9 7z",
};
const icon = (name) => {
  const holder = make("span", { class: "pg-icon", "aria-hidden": "true" });
  holder.innerHTML = `<svg viewBox="0 0 24 24" width="24" height="24"><path d="${ICONS[name]}"/></svg>`;
  return holder;
};

// `go(at)` is called with where to go.
export function player(go) {
  let at = 0;
  let last = 0;
  let timer = 0;

  const button = (name, press) => {
    const element = make("button", { type: "button", "aria-label": texts[name], title: texts[name] }, icon(name));
    element.addEventListener("click", press);
    return element;
  };
  const move = (to) => () => {
    stop();
    go(to());
  };
  const playing = button("play", () => (timer ? stop() : start()));
  playing.classList.add("pg-play");
  const buttons = [
    button("toStart", move(() => 0)),
    button("back", move(() => at - 1)),
    playing,
    button("forth", move(() => at + 1)),
    button("toEnd", move(() => last)),
  ];
  const slider = make("input", { type: "range", min: 0, max: 0, value: 0, step: 1, "aria-label": texts.moment });
  slider.addEventListener("input", () => move(() => Number(slider.value))());
  const count = make("output", { class: "pg-count", for: "", "aria-live": "off" });

  function name(what) {
    playing.replaceChildren(icon(what));
    playing.setAttribute("aria-label", texts[what]);
    playing.title = texts[what];
  }

  function start() {
    timer = setInterval(() => (at < last ? go(at + 1) : stop()), PAUSE);
    name("pause");
    go(at < last ? at + 1 : 0);
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    name("play");
  }

  return {
    element: make(
      "div",
      { class: "pg-player", role: "group", "aria-label": texts.player },
      div("pg-buttons", buttons),
      slider,
      count,
    ),
    isPlaying: () => timer !== 0,
    stop,
    show(now, moments, words) {
      at = now;
      last = moments.length - 1;
      slider.max = last;
      slider.value = at;
      slider.setAttribute("aria-valuetext", words);
      const turn = moments.findIndex(({ kind }) => kind === "loss");
      slider.style.setProperty("--turn", `${(100 * turn) / last}%`);
      count.textContent = `${at} / ${last}`;
      buttons[0].disabled = buttons[1].disabled = at === 0;
      buttons[3].disabled = buttons[4].disabled = at === last;
    },
  };
}
