// What the plots of a page share: a canvas with two axes, to be moved and zoomed, and controls beside it.
// Text from the run reaches the page through textContent alone.
"use strict";

const words = (name) => name.replaceAll("_", " ");
const number = (value) => value === null ? "–" : Number.isInteger(value) ? value.toLocaleString("en-GB")
  : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6 ? value.toExponential(3) : String(+value.toPrecision(5));
const short = (value) => Math.abs(value) >= 1e4 ? value.toLocaleString("en-GB", { notation: "compact" })
  : value && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);

async function unpack(block) {
  const bytes = Uint8Array.from(atob(block.textContent), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// Shows a section whose data the browser can unpack; a chooser of blocks where there are several.
async function begin(section, load) {
  section.hidden = false;
  if (typeof DecompressionStream === "undefined") {
    for (const part of section.querySelectorAll(".cloud, .controls")) part.hidden = true;
    section.querySelector(".note").textContent =
      "This browser cannot unpack the points (no DecompressionStream); the files of the run have them.";
    return;
  }
  const blocks = [...document.querySelectorAll(`script.${section.id}-data`)];
  const run = choice(section.querySelector(".controls"), "run", async () => load(await unpack(blocks[+run.value])));
  fill(run, blocks.map((block, place) => [String(place), block.dataset.label]), "0");
  run.parentElement.hidden = blocks.length < 2;
  load(await unpack(blocks[0]));
}

function add(parent, kind, text = "") {
  const element = parent.appendChild(document.createElement(kind));
  element.textContent = text;
  return element;
}

function choice(controls, name, onchange) {
  const label = add(controls, "label", name + " "), select = add(label, "select");
  Object.assign(select, { name, onchange });
  return select;
}

function fill(select, options, chosen) {
  const before = select.value;
  select.replaceChildren();
  for (const [value, text] of options) add(select, "option", text).value = value;
  select.value = options.some(([value]) => value === before) ? before : chosen;
}

function button(controls, text, title, onclick) {
  const element = add(controls, "button", text);
  Object.assign(element, { type: "button", title, onclick });
  element.setAttribute("aria-label", title);
}

// A scale turns a value into a place between 0 and 1 of a range; positive ranges of three or more decades are
// logarithmic unless `log` says.
function scale(values, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) if (value !== null) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) [low, high] = [0, 1];
  log ??= low > 0 && high / low >= 1000;
  const to = log ? Math.log10 : Number, from = log ? (x) => 10 ** x : Number;
  const start = to(low), width = to(high) - start || Math.abs(start) || 1;
  const offset = to(high) > start ? 0 : 0.5;
  return { log, place: (value) => (to(value) - start) / width + offset, value: (place) => from(start + (place - offset) * width) };
}

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

const WHOLE = { left: -0.03, right: 1.03, low: -0.03, high: 1.03 };

// The owner has `margin` (around the plot, in pixels) and `strip` (pixels left of it), both read at each drawing,
// `axes` ({x, y}, each a scale with a `label` and perhaps `ticks`, [value, text] of each), `paint(pen, area, colours)`,
// `nearest(left, top, area)` (what is under the mouse, or null), `beside(found, step)` (its neighbour), `where(found,
// area)` (its place), `tell(tip, found)` and perhaps `choose(found)` for a click. Without axes there is nothing yet.
class Plot {
  constructor(figure, owner) {
    this.owner = owner;
    this.canvas = figure.querySelector("canvas");
    this.tip = figure.querySelector(".tip");
    this.found = null;
    this.view = WHOLE;
    this.held = new Map();
    this.listen();
    addEventListener("resize", () => this.draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    addEventListener("beforeprint", () => this.draw(true));
    addEventListener("afterprint", () => this.draw());
  }

  controls(parent) {
    button(parent, "+", "zoom in", () => this.zoom(0.7));
    button(parent, "−", "zoom out", () => this.zoom(1 / 0.7));
    button(parent, "reset", "show everything", () => this.reset());
  }

  reset() {
    this.view = WHOLE;
    this.hover(null);
  }

  get area() {
    const { margin, strip } = this.owner, left = margin.left + strip;
    return {
      left, top: margin.top, width: this.canvas.clientWidth - left - margin.right,
      height: this.canvas.clientHeight - margin.top - margin.bottom,
    };
  }

  across(place, area) { return area.left + (place - this.view.left) / (this.view.right - this.view.left) * area.width; }
  down(place, area) { return area.top + (this.view.high - place) / (this.view.high - this.view.low) * area.height; }

  draw(printed = false) {
    if (!this.owner.axes) return;
    const { canvas } = this, ratio = printed ? 3 : window.devicePixelRatio || 1, { area } = this;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    const pen = canvas.getContext("2d"), shown = getComputedStyle(document.documentElement);
    const [ink, soft, line] = printed ? ["#000", "#000", "#ccc"]
      : ["--ink", "--soft", "--line"].map((name) => shown.getPropertyValue(name));
    pen.scale(ratio, ratio);
    pen.font = "12px system-ui, sans-serif";
    this.frame(pen, area, soft, line);
    this.owner.paint(pen, area, { ink, soft });
  }

  frame(pen, area, ink, line) {
    const { x, y } = this.owner.axes, { view } = this, bottom = area.top + area.height;
    Object.assign(pen, { strokeStyle: line, fillStyle: ink, lineWidth: 1, textAlign: "center" });
    for (const value of ticks(x, view.left, view.right, Math.max(2, area.width / 90))) {
      const left = this.across(x.place(value), area);
      pen.strokeRect(left, area.top, 0, area.height);
      pen.fillText(short(value), left, bottom + 16);
    }
    pen.fillText(x.label, area.left + area.width / 2, bottom + 36);
    const labels = y.ticks ?? ticks(y, view.low, view.high, Math.max(2, area.height / 60)).map((value) => [value, short(value)]);
    pen.textAlign = "right";
    const edge = area.left - this.owner.strip;
    for (const [value, text] of labels) {
      const top = this.down(y.place(value), area);
      if (top < area.top || top > bottom) continue;
      pen.strokeRect(edge, top, area.left - edge + area.width, 0);
      pen.fillText(text, edge - 6, top + 4);
    }
    this.upright(pen, y.label, 14, area);
  }

  upright(pen, text, left, area) {
    pen.save();
    pen.translate(left, area.top + area.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText(text, 0, 0);
    pen.restore();
  }

  hover(found) {
    this.found = found;
    this.draw();
    const { tip, canvas } = this;
    tip.hidden = found === null;
    if (tip.hidden) return;
    tip.replaceChildren();
    this.owner.tell(tip, found);
    const [left, top] = this.owner.where(found, this.area), room = canvas.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, left < canvas.clientWidth / 2 ? left + 14 : left - tip.offsetWidth - 14))}px`;
    tip.style.top = `${Math.max(0, Math.min(canvas.clientHeight - tip.offsetHeight, top + 14))}px`;
  }

  // Zooming by a factor keeps the place under `left`, `top` (shares of the plot) where it is.
  zoom(factor, left = 0.5, top = 0.5) {
    const { view } = this, width = view.right - view.left, height = view.high - view.low;
    if (factor < 1 && width < 1e-4) return;
    if (width * factor > 1.06) this.view = WHOLE;
    else {
      const start = view.left + left * width * (1 - factor), high = view.high - top * height * (1 - factor);
      this.view = { left: start, right: start + width * factor, low: high - height * factor, high };
    }
    this.hover(null);
  }

  share([left, top]) {
    const { area } = this;
    return [(left - area.left) / area.width, (top - area.top) / area.height];
  }

  move(before, now) {
    const [first, other] = [this.share(before), this.share(now)], { view } = this;
    const across = (other[0] - first[0]) * (view.right - view.left), down = (other[1] - first[1]) * (view.high - view.low);
    this.view = { left: view.left - across, right: view.right - across, low: view.low + down, high: view.high + down };
    this.hover(null);
  }

  listen() {
    const { canvas, held, owner } = this;
    const at = (event) => {
      const frame = canvas.getBoundingClientRect();
      return [event.clientX - frame.left, event.clientY - frame.top];
    };
    const under = (event) => owner.axes ? owner.nearest(...at(event), this.area) : null;
    let moved = false;
    canvas.onpointerdown = (event) => {
      held.set(event.pointerId, at(event));
      canvas.setPointerCapture(event.pointerId);
      moved = false;
      this.hover(under(event));
    };
    canvas.onpointerup = (event) => {
      held.delete(event.pointerId);
      if (!moved && this.found !== null) owner.choose?.(this.found);
    };
    canvas.onpointercancel = (event) => held.delete(event.pointerId);
    canvas.onpointerleave = (event) => { if (event.pointerType === "mouse" && !held.size) this.hover(null); };
    canvas.onpointermove = (event) => {
      const before = held.get(event.pointerId), now = at(event);
      if (!before) {
        const found = under(event);
        if (found !== this.found) this.hover(found);
        return;
      }
      if (Math.hypot(now[0] - before[0], now[1] - before[1]) < 2) return;
      moved = true;
      const other = [...held].find(([identity]) => identity !== event.pointerId)?.[1];
      held.set(event.pointerId, now);
      if (!other) this.move(before, now);
      else this.zoom(Math.hypot(before[0] - other[0], before[1] - other[1]) / Math.hypot(now[0] - other[0], now[1] - other[1]),
        ...this.share([(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]));
    };
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY / 400), ...this.share(at(event)));
    }, { passive: false });
    canvas.ondblclick = () => this.reset();
    canvas.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step && owner.axes) this.hover(owner.beside(this.found, step));
      if (event.key === "Enter" && this.found !== null) owner.choose?.(this.found);
      if (event.key === "Escape") this.hover(null);
    };
  }
}
