// An interactive scatter of one run's architectures: scores across, any other column up, colour by a third.
// Text from the run reaches the page through textContent alone.
"use strict";
(async () => {
  const section = document.getElementById("scatter");
  const [controls, canvas, tip, note] =
    [".controls", "canvas", ".tip", ".note"].map((name) => section.querySelector(name));
  const blocks = [...document.querySelectorAll("script.points")];
  const RAMP = ["#6b4fa0", "#5566b5", "#3f7fbf", "#2c94b0", "#24a58f", "#42b36a", "#7fb93f", "#b3b022", "#d99a0b"];
  const FLAG = ["#d95f02", "#2b7bba"], UNKNOWN = "#8a8f98";
  const MARGIN = { left: 64, right: 74, top: 12, bottom: 46 }, STRIP = 26, REACH = 14;
  let data, points = [], view, full, hovered = -1;

  async function unpack(block) {
    const bytes = Uint8Array.from(atob(block.textContent), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function add(parent, kind, text = "") {
    const element = parent.appendChild(document.createElement(kind));
    element.textContent = text;
    return element;
  }

  function choice(name, onchange) {
    const label = add(controls, "label", name + " "), select = add(label, "select");
    select.name = name;
    select.onchange = onchange;
    return select;
  }

  function fill(select, options, chosen) {
    const before = select.value;
    select.replaceChildren();
    for (const [value, text] of options) add(select, "option", text).value = value;
    select.value = options.some(([value]) => value === before) ? before : chosen;
  }

  function button(text, title, onclick) {
    const element = add(controls, "button", text);
    Object.assign(element, { type: "button", title, onclick });
    element.setAttribute("aria-label", title);
  }

  const run = choice("run", () => load(blocks[+run.value]));
  const metric = choice("score", () => choose());
  const up = choice("against", () => show());
  const protocol = choice("protocol", () => show());
  const colour = choice("colour", () => show());
  button("+", "zoom in", () => zoom(0.7));
  button("−", "zoom out", () => zoom(1 / 0.7));
  button("reset", "show everything", () => { view = full; draw(); });

  const words = (name) => name.replaceAll("_", " ");
  const column = (name) => data.columns.find((one) => one.name === name);
  const scored = () => data.metrics[+metric.value];
  const number = (value) => value === null ? "–" : Number.isInteger(value) ? value.toLocaleString("en-GB")
    : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6 ? value.toExponential(3) : String(+value.toPrecision(5));

  async function load(block) {
    data = await unpack(block);
    fill(metric, data.metrics.map((one, place) => [String(place), words(one.name)]), "0");
    const options = data.columns.map((one) => [one.name, words(one.label)]);
    fill(up, options, data.target ?? "num_parameters");
    fill(colour, options, "num_parameters");
    choose();
  }

  function choose() {
    fill(protocol, Object.keys(scored().protocols).map((name) => [name, words(name)]), "connected");
    show();
  }

  // A scale turns a value into a place between 0 and 1 of the whole range; positive ranges of three or more
  // decades are logarithmic.
  function scale(values) {
    const known = values.filter((value) => value !== null);
    let low = known.reduce((one, other) => Math.min(one, other), Infinity);
    let high = known.reduce((one, other) => Math.max(one, other), -Infinity);
    if (!known.length) [low, high] = [0, 1];
    const log = low > 0 && high / low >= 1000, to = log ? Math.log10 : Number, from = log ? (x) => 10 ** x : Number;
    const start = to(low), width = to(high) - start || Math.abs(start) || 1;
    const offset = to(high) > start ? 0 : 0.5;
    return { log, place: (value) => (to(value) - start) / width + offset, value: (place) => from(start + (place - offset) * width) };
  }

  let x, y, hue;
  function show() {
    const scores = column(scored().name).values, heights = column(up.value).values, hues = column(colour.value).values;
    const kept = scored().protocols[protocol.value];
    points = [];
    let without = 0;
    for (let row = 0; row < scores.length; row++) {
      if (kept[row] !== "1") continue;
      if (heights[row] === null || (scores[row] === null && protocol.value !== "worst")) without++;
      else points.push(row);
    }
    x = scale(points.map((row) => scores[row]));
    y = scale(points.map((row) => heights[row]));
    hue = scale(points.map((row) => hues[row]));
    full = view = { left: -0.03, right: 1.03, low: -0.03, high: 1.03 };
    points = points.map((row) => ({
      row, x: scores[row] === null ? null : x.place(scores[row]), y: y.place(heights[row]),
      colour: paint(hues[row], column(colour.value).flag),
    }));
    const against = up.value === data.target ? scored().statistics[protocol.value] : "";
    const sample = heights.length < data.total
      ? ` Drawn of a sample of ${number(heights.length)} of ${number(data.total)} architectures.` : "";
    const left = without ? ` ${number(without)} without both values.` : "";
    note.textContent = `${number(points.length)} points, protocol ${words(protocol.value)}. `
      + (against ? `${sample && "Of all architectures: "}${against}.` : "") + left + sample
      + " Drag to move, wheel or pinch to zoom, hover or tap for an architecture.";
    hover(-1);
  }

  function paint(value, flag) {
    if (value === null) return UNKNOWN;
    if (flag) return FLAG[value];
    return RAMP[Math.max(0, Math.min(RAMP.length - 1, Math.round(hue.place(value) * (RAMP.length - 1))))];
  }

  function box() {
    const undefinedOnes = protocol.value === "worst" ? STRIP : 0;
    const left = MARGIN.left + undefinedOnes, width = canvas.clientWidth - left - MARGIN.right;
    return { left, top: MARGIN.top, width, height: canvas.clientHeight - MARGIN.top - MARGIN.bottom };
  }

  // Places on the canvas; undefined scores of protocol `worst` stand in a strip of their own.
  function spot(point, area) {
    const across = point.x === null ? -STRIP / 2 - 4 : (point.x - view.left) / (view.right - view.left) * area.width;
    return [area.left + across, area.top + (view.high - point.y) / (view.high - view.low) * area.height];
  }

  const inside = ([left, top], area, strip) =>
    (strip || (left >= area.left && left <= area.left + area.width)) && top >= area.top && top <= area.top + area.height;

  function ticks(axis, low, high, most) {
    const [first, last] = [axis.value(low), axis.value(high)];
    if (axis.log && last / first > 30) {
      const found = [];
      for (let power = Math.ceil(Math.log10(first)); power <= Math.log10(last); power++) found.push(10 ** power);
      return found.filter((_, place) => place % Math.ceil(found.length / most) === 0);
    }
    const rough = (last - first) / most, unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * unit).find((one) => one >= rough);
    const found = [];
    for (let place = Math.ceil(first / step); place * step <= last; place++) found.push(+(place * step).toPrecision(12));
    return found;
  }

  const short = (value) => Math.abs(value) >= 1e4 ? value.toLocaleString("en-GB", { notation: "compact" })
    : value && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);

  function draw(printed = false) {
    const ratio = printed ? 3 : window.devicePixelRatio || 1, area = box();
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    const [ink, line] = printed ? ["#000", "#ccc"] : ["--soft", "--line"].map((name) => style.getPropertyValue(name));
    pen.scale(ratio, ratio);
    pen.font = "12px system-ui, sans-serif";
    axes(pen, area, ink, line);
    const radius = points.length > 5000 ? 2 : points.length > 1000 ? 2.5 : 3.5;
    pen.globalAlpha = points.length > 5000 ? 0.6 : 0.8;
    for (const point of points) {
      const place = spot(point, area);
      if (!inside(place, area, point.x === null)) continue;
      pen.fillStyle = point.colour;
      pen.beginPath();
      pen.arc(...place, radius, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    if (hovered >= 0) {
      pen.strokeStyle = printed ? ink : style.getPropertyValue("--ink");
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(...spot(points[hovered], area), radius + 3, 0, 7);
      pen.stroke();
    }
    legend(pen, area, ink);
  }

  function axes(pen, area, ink, line) {
    pen.strokeStyle = line;
    pen.fillStyle = ink;
    pen.lineWidth = 1;
    pen.textAlign = "center";
    const bottom = area.top + area.height;
    for (const value of ticks(x, view.left, view.right, Math.max(2, area.width / 90))) {
      const left = spot({ x: x.place(value), y: 0 }, area)[0];
      pen.strokeRect(left, area.top, 0, area.height);
      pen.fillText(short(value), left, bottom + 16);
    }
    pen.fillText(words(scored().name) + " score", area.left + area.width / 2, bottom + 36);
    if (protocol.value === "worst") pen.fillText("none", area.left - STRIP / 2 - 4, bottom + 16);
    pen.textAlign = "right";
    const labelled = column(up.value);
    for (const value of labelled.flag ? [0, 1] : ticks(y, view.low, view.high, Math.max(2, area.height / 60))) {
      const top = spot({ x: 0, y: y.place(value) }, area)[1];
      if (!inside([area.left, top], area)) continue;
      pen.strokeRect(MARGIN.left, top, area.left - MARGIN.left + area.width, 0);
      pen.fillText(labelled.flag ? ["no", "yes"][value] : short(value), MARGIN.left - 6, top + 4);
    }
    pen.save();
    pen.translate(14, area.top + area.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText(words(labelled.label), 0, 0);
    pen.restore();
  }

  function legend(pen, area, ink) {
    const left = area.left + area.width + 14, size = area.height / RAMP.length, flag = column(colour.value).flag;
    const part = (text, top, fill, height) => {
      pen.fillStyle = fill;
      pen.fillRect(left, top, 10, height);
      pen.fillStyle = ink;
      pen.fillText(text, left + 14, top + height / 2 + 4);
    };
    pen.textAlign = "left";
    if (flag) ["no", "yes"].forEach((text, place) => part(text, area.top + 20 * place, FLAG[place], 10));
    else RAMP.forEach((fill, place) => {
      const text = place % 4 ? "" : short(+hue.value(place / (RAMP.length - 1)).toPrecision(3));
      part(text, area.top + area.height - (place + 1) * size, fill, size + 0.5);
    });
    pen.save();
    pen.translate(canvas.clientWidth - 4, area.top + area.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText(words(column(colour.value).label), 0, 0);
    pen.restore();
  }

  function nearest(left, top) {
    const area = box();
    let best = -1, least = REACH ** 2;
    points.forEach((point, place) => {
      const at = spot(point, area), distance = (at[0] - left) ** 2 + (at[1] - top) ** 2;
      if (distance < least && inside(at, area, point.x === null)) [best, least] = [place, distance];
    });
    return best;
  }

  function hover(place) {
    hovered = place;
    draw();
    tip.hidden = place < 0;
    if (place < 0) return;
    const { row } = points[place];
    tip.replaceChildren();
    for (const texts of Object.values(data.texts)) add(tip, "b", texts[row]);
    const list = add(tip, "dl");
    const entry = (name, text) => { add(list, "dt", name); add(list, "dd", text); };
    for (const one of data.columns) {
      const value = one.values[row];
      entry(words(one.label), one.flag && value !== null ? ["no", "yes"][value] : number(value));
    }
    for (const one of data.metrics) if (one.reasons[row] !== null) entry(`no ${words(one.name)} score`, words(one.reasons[row]));
    const [left, top] = spot(points[place], box());
    const room = canvas.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, left < canvas.clientWidth / 2 ? left + 14 : left - tip.offsetWidth - 14))}px`;
    tip.style.top = `${Math.max(0, Math.min(canvas.clientHeight - tip.offsetHeight, top + 14))}px`;
  }

  // Zooming by a factor keeps the place under `left`, `top` (shares of the plot) where it is.
  function zoom(factor, left = 0.5, top = 0.5) {
    const width = view.right - view.left, height = view.high - view.low;
    if (factor < 1 && width < 1e-4) return;
    if (width * factor > 1.06) view = full;
    else {
      const start = view.left + left * width * (1 - factor), high = view.high - top * height * (1 - factor);
      view = { left: start, right: start + width * factor, low: high - height * factor, high };
    }
    hover(-1);
  }

  const held = new Map();
  const at = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const share = ([left, top], area = box()) => [(left - area.left) / area.width, (top - area.top) / area.height];

  function move(before, now) {
    const [first, other] = [share(before), share(now)];
    const across = (other[0] - first[0]) * (view.right - view.left), down = (other[1] - first[1]) * (view.high - view.low);
    view = { left: view.left - across, right: view.right - across, low: view.low + down, high: view.high + down };
    hover(-1);
  }

  canvas.onpointerdown = (event) => {
    held.set(event.pointerId, at(event));
    canvas.setPointerCapture(event.pointerId);
    hover(nearest(...at(event)));
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => held.delete(event.pointerId);
  canvas.onpointerleave = (event) => { if (event.pointerType === "mouse" && !held.size) hover(-1); };
  canvas.onpointermove = (event) => {
    const before = held.get(event.pointerId), now = at(event);
    if (!before) { const place = nearest(...now); if (place !== hovered) hover(place); return; }
    if (Math.hypot(now[0] - before[0], now[1] - before[1]) < 2) return;
    const other = [...held].find(([identity]) => identity !== event.pointerId)?.[1];
    held.set(event.pointerId, now);
    if (!other) move(before, now);
    else zoom(Math.hypot(before[0] - other[0], before[1] - other[1]) / Math.hypot(now[0] - other[0], now[1] - other[1]),
      ...share([(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]));
  };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(event.deltaY / 400), ...share(at(event)));
  }, { passive: false });
  canvas.ondblclick = () => { view = full; hover(-1); };
  canvas.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) hover((hovered + step + points.length) % points.length);
    if (event.key === "Escape") hover(-1);
  };

  blocks.forEach((block, place) => { add(run, "option", block.dataset.label).value = String(place); });
  run.parentElement.hidden = blocks.length < 2;
  section.hidden = false;
  if (typeof DecompressionStream === "undefined") {
    section.querySelector(".cloud").hidden = controls.hidden = true;
    note.textContent = "This browser cannot unpack the points (no DecompressionStream); scores.parquet has them.";
    return;
  }
  await load(blocks[0]);
  addEventListener("resize", () => draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
  addEventListener("beforeprint", () => draw(true));
  addEventListener("afterprint", () => draw());
})();
