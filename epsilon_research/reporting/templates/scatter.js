// An interactive scatter of one run's architectures: scores across, any other column up, colour by a third.
// Where more points are in view than can be distinguished, it draws how many there are in each place.
const scatter = document.getElementById("scatter");
if (scatter) {
  const [controls, cell, note] = [".controls", ".cell", ".note"].map((name) => scatter.querySelector(name));
  const RAMP = ["#6b4fa0", "#5566b5", "#3f7fbf", "#2c94b0", "#24a58f", "#42b36a", "#7fb93f", "#b3b022", "#d99a0b"];
  const FLAG = ["#d95f02", "#2b7bba"], UNKNOWN = "#8a8f98", STRIP = 26, REACH = 14, MOST_DOTS = 20000, BIN = 3;
  let data, named, count = 0, rows, across, up, hues, hue;

  const column = (name) => data.columns.find((one) => one.name === name);
  const scored = () => data.metrics[+metric.value];

  function load(loaded) {
    data = loaded;
    const length = data.columns[0].values.length;
    named = new Int32Array(length).fill(-1);
    if (data.named) data.named.forEach((row, place) => { named[row] = place; });
    else named.forEach((_, row) => { named[row] = row; });
    [rows, across, up, hues] = [Int32Array, Float64Array, Float64Array, Float32Array].map((kind) => new kind(length));
    fill(metric, data.metrics.map((one, place) => [String(place), words(one.name)]), "0");
    const options = data.columns.map((one) => [one.name, words(one.label)]);
    fill(against, options, data.target ?? "num_parameters");
    fill(colour, options, "num_parameters");
    choose();
  }

  function choose() {
    fill(protocol, Object.keys(scored().protocols).map((name) => [name, words(name)]), "connected");
    show();
  }

  function show() {
    const scores = column(scored().name).values, heights = column(against.value).values, shown = column(colour.value);
    const kept = scored().protocols[protocol.value];
    let without = 0;
    count = 0;
    for (let row = 0; row < scores.length; row++) {
      if (kept[row] !== "1") continue;
      if (heights[row] === null || (scores[row] === null && protocol.value !== "worst")) without++;
      else rows[count++] = row;
    }
    const found = rows.subarray(0, count), known = (values) => Array.from(found, (row) => values[row]);
    const [x, y] = [scale(known(scores)), scale(known(heights))];
    hue = scale(known(shown.values));
    found.forEach((row, place) => {
      across[place] = scores[row] === null ? NaN : x.place(scores[row]);
      up[place] = y.place(heights[row]);
      hues[place] = shown.values[row] === null ? NaN : shown.flag ? shown.values[row] : hue.place(shown.values[row]);
    });
    owner.strip = protocol.value === "worst" ? STRIP : 0;
    owner.axes = { x: { ...x, label: words(scored().name) + " score" }, y: { ...y, label: words(column(against.value).label) } };
    if (column(against.value).flag) owner.axes.y.ticks = [[0, "no"], [1, "yes"]];
    note.textContent = about(without, heights.length);
    cell.replaceChildren();
    plot.reset();
  }

  function about(without, length) {
    const statistics = against.value === data.target ? scored().statistics[protocol.value] : "";
    const part = length < data.total, names = data.texts.architecture_id.length;
    return [
      `${number(count)} points, protocol ${words(protocol.value)}.`,
      statistics && `${part ? "Of all architectures: " : ""}${statistics}.`,
      without && `${number(without)} without both values.`,
      part && `Drawn of a sample of ${number(length)} of ${number(data.total)} architectures.`,
      count > MOST_DOTS && "The stronger a colour, the more points are there.",
      names < length && `${number(names)} of them, drawn at random, have a name here.`,
      "Drag to move, wheel or pinch to zoom, hover or tap for an architecture, click to draw it.",
    ].filter(Boolean).join(" ");
  }

  function paint(share) {
    if (Number.isNaN(share)) return UNKNOWN;
    if (column(colour.value).flag) return FLAG[Math.round(share)];
    return RAMP[Math.max(0, Math.min(RAMP.length - 1, Math.round(share * (RAMP.length - 1))))];
  }

  const left = (place, area) => Number.isNaN(across[place]) ? area.left - STRIP / 2 - 4 : plot.across(across[place], area);

  // Undefined scores of protocol `worst` stand in a strip of their own, which is always in view.
  const inside = (place, { left, right, low, high } = plot.view) =>
    !(across[place] < left || across[place] > right) && up[place] >= low && up[place] <= high;

  function density(pen, area, found) {
    const wide = Math.ceil((area.width + STRIP + 4) / BIN), bins = new Map();
    for (const place of found) {
      const column = Math.floor((left(place, area) - area.left + STRIP + 4) / BIN);
      const key = Math.floor((plot.down(up[place], area) - area.top) / BIN) * wide + column;
      const bin = bins.get(key) ?? { all: 0, known: 0, sum: 0 };
      bin.all++;
      if (!Number.isNaN(hues[place])) { bin.known++; bin.sum += hues[place]; }
      bins.set(key, bin);
    }
    let most = 1;
    for (const bin of bins.values()) most = Math.max(most, bin.all);
    for (const [key, bin] of bins) {
      pen.fillStyle = paint(bin.sum / bin.known);
      pen.globalAlpha = 0.2 + 0.8 * Math.log1p(bin.all) / Math.log1p(most);
      pen.fillRect(area.left - STRIP - 4 + key % wide * BIN, area.top + Math.floor(key / wide) * BIN, BIN, BIN);
    }
  }

  const plot = new Plot(scatter.querySelector(".cloud"), {
    margin: { left: 64, right: 74, top: 12, bottom: 46 },
    strip: 0,
    paint(pen, area, { ink, soft }) {
      const found = Array.from({ length: count }, (_, place) => place).filter((place) => inside(place)), radius = found.length > 5000 ? 2 : found.length > 1000 ? 2.5 : 3.5;
      if (found.length > MOST_DOTS) density(pen, area, found);
      else {
        pen.globalAlpha = found.length > 5000 ? 0.6 : 0.8;
        for (const place of found) {
          pen.fillStyle = paint(hues[place]);
          pen.beginPath();
          pen.arc(left(place, area), plot.down(up[place], area), radius, 0, 7);
          pen.fill();
        }
      }
      pen.globalAlpha = 1;
      if (plot.found !== null) {
        Object.assign(pen, { strokeStyle: ink, lineWidth: 2 });
        pen.beginPath();
        pen.arc(...this.where(plot.found, area), radius + 3, 0, 7);
        pen.stroke();
      }
      Object.assign(pen, { fillStyle: soft, textAlign: "center" });
      if (this.strip) pen.fillText("none", area.left - STRIP / 2 - 4, area.top + area.height + 16);
      legend(pen, area, soft);
    },
    where: (place, area) => [left(place, area), plot.down(up[place], area)],
    nearest(x, y, area) {
      let best = null, least = REACH ** 2;
      for (let place = 0; place < count; place++) {
        if (named[rows[place]] < 0 || !inside(place)) continue;
        const distance = (left(place, area) - x) ** 2 + (plot.down(up[place], area) - y) ** 2;
        if (distance < least) [best, least] = [place, distance];
      }
      return best;
    },
    beside: (place, step) => count ? ((place ?? (step > 0 ? -1 : 0)) + step + count) % count : null,
    tell(tip, place) {
      const row = rows[place], name = named[row];
      for (const texts of Object.values(data.texts)) add(tip, "b", texts[name] ?? "no name on this page");
      const list = add(tip, "dl");
      const entry = (name, text) => { add(list, "dt", name); add(list, "dd", text); };
      for (const one of data.columns) {
        const value = one.values[row];
        entry(words(one.label), one.flag && value !== null ? ["no", "yes"][value] : number(value));
      }
      for (const one of data.metrics) if (one.reasons[name] ?? null) entry(`no ${words(one.name)} score`, words(one.reasons[name]));
    },
    choose(place) {
      const name = named[rows[place]];
      cell.replaceChildren();
      if (name < 0) return;
      add(cell, "h3", data.texts.architecture_id[name]);
      const graphs = data.graphs?.rows[name] ?? [];
      for (const [nodes, ...edges] of graphs) drawGraph(cell, data.graphs.nodes[nodes], edges.map((edge) => data.graphs.edges[edge]));
      if (!graphs.length) add(cell, "p", "This search space has no cell to draw.").className = "note";
    },
  }), { owner } = plot;

  function legend(pen, area, ink) {
    const start = area.left + area.width + 14, size = area.height / RAMP.length, { flag, label } = column(colour.value);
    const part = (text, top, fill, height) => {
      pen.fillStyle = fill;
      pen.fillRect(start, top, 10, height);
      pen.fillStyle = ink;
      pen.fillText(text, start + 14, top + height / 2 + 4);
    };
    pen.textAlign = "left";
    if (flag) ["no", "yes"].forEach((text, place) => part(text, area.top + 20 * place, FLAG[place], 10));
    else RAMP.forEach((fill, place) => {
      const text = place % 4 ? "" : short(+hue.value(place / (RAMP.length - 1)).toPrecision(3));
      part(text, area.top + area.height - (place + 1) * size, fill, size + 0.5);
    });
    plot.upright(pen, words(label), plot.canvas.clientWidth - 4, area);
  }

  const metric = choice(controls, "score", choose);
  const [against, protocol, colour] = ["against", "protocol", "colour"].map((name) => choice(controls, name, show));
  plot.controls(controls);
  begin(scatter, load);
}
