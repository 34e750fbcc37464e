// Charts of what searches found: a median with its quartiles for each variant, chosen by what starts the search.
const searches = document.getElementById("searches");
if (searches) {
  const [controls, legend, note] = [".controls", ".legend", ".note"].map((name) => searches.querySelector(name));
  const COLOURS = [null, "#3f7fbf", "#d95f02", "#24a58f", "#8a63c0", "#d99a0b", "#5bb4e5", "#9c6b4f"];
  const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]], TRUE = "#8a8f98";
  let charts, drawn, hidden;

  const algorithms = () => [...new Set(drawn.series.map((one) => one.algorithm).filter(Boolean))];
  const starts = () => [...new Set(["", ...drawn.series.map((one) => one.start)])];
  const shown = () => drawn.series.filter((one) => !hidden.has(one.label));
  const look = (one, ink) => one.algorithm
    ? { strokeStyle: COLOURS[starts().indexOf(one.start) % COLOURS.length] ?? ink, dash: DASHES[algorithms().indexOf(one.algorithm) % DASHES.length] }
    : { strokeStyle: TRUE, dash: [] };

  function load(loaded) {
    charts = loaded;
    fill(chart, charts.map((one, place) => [String(place), one.title]), "0");
    show();
  }

  function show() {
    drawn = charts[+chart.value];
    hidden = new Set();
    const named = (kind, names) => names.map((name) => [`${kind}=${name}`, name || "no scores"]);
    fill(only, [["", "all variants"], ...named("start", starts()), ...named("algorithm", algorithms())], "");
    owner.axes = {
      x: { ...scale([drawn.x.values[0], drawn.x.values.at(-1)], drawn.x.log), label: drawn.x.label + (drawn.x.log ? ", log scale" : "") },
      y: { ...scale(drawn.y.limits, false), label: drawn.y.label },
    };
    note.textContent = `${drawn.note[0].toUpperCase()}${drawn.note.slice(1)}. Drag to move, wheel or pinch to zoom, hover or tap for values.`;
    choose();
  }

  function choose() {
    const [kind, name] = only.value.split("=");
    hidden = new Set(drawn.series.filter((one) => kind && one.algorithm && one[kind] !== name).map((one) => one.label));
    legend.replaceChildren();
    for (const one of drawn.series) {
      const label = add(legend, "label"), box = add(label, "input"), swatch = add(label, "canvas");
      Object.assign(box, { type: "checkbox", checked: !hidden.has(one.label) });
      box.onchange = () => { hidden[box.checked ? "delete" : "add"](one.label); plot.hover(null); };
      Object.assign(swatch, { width: 56, height: 16, className: "swatch" });
      add(label, "span", one.label);
    }
    plot.reset();
  }

  function trace(pen, area, values) {
    let [before, open] = [null, false];
    drawn.x.values.forEach((value, place) => {
      if (values[place] === null) { open = false; return; }
      const [x, y] = [plot.across(owner.axes.x.place(value), area), plot.down(owner.axes.y.place(values[place]), area)];
      if (open) pen.lineTo(x, before);
      else pen.moveTo(x, y);
      pen.lineTo(x, y);
      [before, open] = [y, true];
    });
  }

  function band(pen, area, one) {
    // One path, so that what overlaps is not painted twice.
    pen.beginPath();
    const corners = drawn.x.values.map((value, place) => one.low[place] === null || one.high[place] === null ? null
      : [plot.across(owner.axes.x.place(value), area), ...[one.low, one.high].map((values) => plot.down(owner.axes.y.place(values[place]), area))]);
    corners.forEach((corner, place) => {
      const next = corners[place + 1];
      if (corner && next) pen.rect(corner[0], corner[2], next[0] - corner[0] + 0.3, corner[1] - corner[2]);
    });
    pen.fill();
  }

  const plot = new Plot(searches.querySelector(".cloud"), {
    margin: { left: 64, right: 16, top: 12, bottom: 46 },
    strip: 0,
    paint(pen, area, { ink, soft }) {
      pen.save();
      pen.beginPath();
      pen.rect(area.left, area.top, area.width, area.height);
      pen.clip();
      for (const one of shown()) if (one.low) {
        Object.assign(pen, { fillStyle: look(one, ink).strokeStyle, globalAlpha: 0.12 });
        band(pen, area, one);
      }
      pen.globalAlpha = 1;
      for (const one of shown()) {
        const { strokeStyle, dash } = look(one, ink);
        Object.assign(pen, { strokeStyle, lineWidth: one.algorithm ? 2 : 3 });
        pen.setLineDash(dash);
        pen.beginPath();
        trace(pen, area, one.middle);
        pen.stroke();
      }
      pen.setLineDash([]);
      if (plot.found !== null) {
        Object.assign(pen, { strokeStyle: soft, lineWidth: 1 });
        pen.strokeRect(plot.across(owner.axes.x.place(drawn.x.values[plot.found]), area), area.top, 0, area.height);
      }
      pen.restore();
      legend.querySelectorAll("canvas").forEach((swatch, place) => {
        const line = swatch.getContext("2d"), { strokeStyle, dash } = look(drawn.series[place], ink);
        line.clearRect(0, 0, 56, 16);
        Object.assign(line, { strokeStyle, lineWidth: 4 });
        line.setLineDash(dash.map((length) => 2 * length));
        line.strokeRect(0, 8, 56, 0);
      });
    },
    where: (place, area) => [plot.across(owner.axes.x.place(drawn.x.values[place]), area), area.top],
    nearest(x, y, area) {
      if (x < area.left || x > area.left + area.width) return null;
      const distance = (value) => Math.abs(plot.across(owner.axes.x.place(value), area) - x);
      return drawn.x.values.reduce((best, value, place) => distance(value) < distance(drawn.x.values[best]) ? place : best, 0);
    },
    beside: (place, step) => (((place ?? 0) + step) + drawn.x.values.length) % drawn.x.values.length,
    tell(tip, place) {
      add(tip, "b", `${number(drawn.x.values[place])} ${drawn.x.label}`);
      const list = add(tip, "dl");
      for (const one of shown()) {
        const [middle, low, high] = [one.middle, one.low, one.high].map((values) => number(values?.[place] ?? null));
        add(list, "dt", one.label);
        add(list, "dd", one.low ? `${middle} [${low}, ${high}]` : middle);
        if (one.names) add(list, "dd", one.names[place]).className = "name";
      }
    },
  }), { owner } = plot;

  const chart = choice(controls, "show", show);
  const only = choice(controls, "of", choose);
  plot.controls(controls);
  begin(searches, load);
}
