"use strict";
// Picks the numbers of one time step from those that the page holds. It computes none.
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function explore(root) {
  const data = JSON.parse(root.querySelector("script").textContent);
  const section = root.closest("section");
  const time = root.querySelector("input[type=range]");
  const sampleChoice = root.querySelector("select");
  const maps = [...section.querySelectorAll("[data-map]")];
  const lines = maps.map((map, sample) => {
    const svg = map.querySelector("svg");
    const line = document.createElementNS(svg.namespaceURI, "line");
    line.setAttribute("class", "now");
    line.setAttribute("y1", data.frames[sample].top - 4);
    line.setAttribute("y2", data.frames[sample].bottom + 4);
    svg.append(line);
    return line;
  });

  function show() {
    const place = Number(time.value);
    const sample = sampleChoice ? Number(sampleChoice.value) : 0;
    const unit = Number(root.querySelector("input[type=radio]:checked").value);
    const numbers = data.numbers[sample][place].split(" ");
    const x = numbers.slice(0, data.features);
    const term = (unit, name) =>
      name === "bias" ? data.bias[unit] : numbers[data.features + 4 * unit + Number(name)];
    const position = { step: data.steps[place] + 1, time: data.time };

    root.querySelector("[data-position]").textContent = filled(data.texts.position, position);
    time.setAttribute("aria-valuetext", filled(data.texts.position, position));
    root.querySelector("[data-x]").textContent = x.join("  ");
    for (const row of root.querySelectorAll("[data-unit]")) {
      row.classList.toggle("chosen", Number(row.dataset.unit) === unit);
      for (const cell of row.querySelectorAll("[data-term]"))
        cell.textContent = term(Number(row.dataset.unit), cell.dataset.term);
    }
    for (const place of root.querySelectorAll("[data-equation]"))
      place.textContent = term(unit, place.dataset.equation);
    const masked = data.masked[sample].includes(place);
    root.querySelector("[data-masked]").hidden = !masked;
    root.querySelector(".equation").classList.toggle("skipped", masked);
    const terms = [term(unit, 0), term(unit, 1), ...(data.bias ? [data.bias[unit]] : [])];
    root.querySelector("[data-said]").textContent =
      filled(data.texts.said, {
        ...position,
        sample: data.samples[sample],
        unit: unit + 1,
        terms: terms.join(" + "),
        sum: term(unit, 2),
        state: term(unit, 3),
      }) + (masked ? " " + data.texts.masked : "");
    maps.forEach((map, which) => {
      map.hidden = which !== sample;
      const frame = data.frames[which];
      const part = (position.step - frame.first) / (frame.last - frame.first);
      const x = frame.left + part * (frame.right - frame.left);
      for (const end of ["x1", "x2"]) lines[which].setAttribute(end, x);
      // On a narrow screen the map scrolls: the line is to stay in sight.
      const svg = map.querySelector("svg");
      const shown = (x / svg.viewBox.baseVal.width) * map.scrollWidth;
      map.scrollLeft = shown - map.clientWidth / 2;
    });
  }

  function go(place) {
    time.value = place;
    show();
  }

  root.addEventListener("input", show);
  for (const button of root.querySelectorAll("[data-go]"))
    button.addEventListener("click", () => go(Number(time.value) + Number(button.dataset.go)));
  maps.forEach((map, which) =>
    map.addEventListener("click", (event) => {
      const svg = map.querySelector("svg");
      const box = svg.getBoundingClientRect();
      const frame = data.frames[which];
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      const part = (x - frame.left) / (frame.right - frame.left);
      if (part < 0 || part > 1) return;
      const step = frame.first + part * (frame.last - frame.first) - 1;
      let nearest = 0;
      data.steps.forEach((each, place) => {
        if (Math.abs(each - step) < Math.abs(data.steps[nearest] - step)) nearest = place;
      });
      go(nearest);
    }),
  );
  section.querySelector(".static").hidden = true;
  section.querySelector(".with-script").hidden = false;
  root.hidden = false;
  show();
}

document.querySelectorAll(".explorer").forEach(explore);
