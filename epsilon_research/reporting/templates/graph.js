// An architecture as a graph: nodes in a row, edges as arcs above them, so that what spans more lies higher and no two
// texts meet. An edge without text to the next node is straight.
const NODE = { width: 92, height: 34, gap: 26 }, STEP = 27, LINE = 15;

function drawGraph(parent, [title, ...nodes], edges) {
  const SVG = "http://www.w3.org/2000/svg", pitch = NODE.width + NODE.gap;
  const span = ([source, target]) => target - source;
  const straight = edges.filter((edge) => span(edge) === 1 && !edge[2]), arcs = edges.filter((edge) => !straight.includes(edge));
  const floor = arcs.length ? Math.max(...arcs.map(span)) * STEP + 18 : 1;
  const width = nodes.length * pitch - NODE.gap + 2, height = floor + NODE.height + 2;
  const figure = add(parent, "figure");
  add(figure, "figcaption", title);
  const svg = add(figure, "div").appendChild(document.createElementNS(SVG, "svg"));
  svg.parentElement.className = "scroll";
  const shape = (kind, attributes, text = "") => {
    const element = svg.appendChild(document.createElementNS(SVG, kind));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
  };
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, role: "img" })) svg.setAttribute(name, value);
  svg.setAttribute("aria-label", `${title}: ` + edges.map(([source, target, text]) => `${nodes[source]} to ${nodes[target]} ${text}`).join(", "));
  // Arcs leave a node from its right half and reach the next ones in their left half; longer ones lie outside, so that
  // arcs of one node do not cross.
  const end = (edge, side) => {
    const node = edge[side], beside = arcs.filter((one) => one[side] === node).sort((one, other) => span(one) - span(other));
    const share = (beside.indexOf(edge) + 1) / (beside.length + 1) / 2;
    return 1 + node * pitch + NODE.width * (side === 1 ? share : 1 - share);
  };
  for (const [source] of straight) {
    const left = 1 + source * pitch + NODE.width, right = left + NODE.gap, middle = floor + NODE.height / 2;
    shape("path", { class: "edge", d: `M${left} ${middle}H${right - 5}` });
    shape("path", { class: "arrow", d: `M${right - 7} ${middle - 3.5}L${right} ${middle}L${right - 7} ${middle + 3.5}Z` });
  }
  const texts = [];
  for (const edge of arcs) {
    const [left, right] = [end(edge, 0), end(edge, 1)], rise = span(edge) * STEP;
    shape("path", { class: "edge", d: `M${left} ${floor}C${left} ${floor - rise * 4 / 3} ${right} ${floor - rise * 4 / 3} ${right} ${floor - 5}` });
    shape("path", { class: "arrow", d: `M${right - 3.5} ${floor - 7}L${right} ${floor}L${right + 3.5} ${floor - 7}Z` });
    texts.push([{ x: (left + right) / 2, y: floor - rise - 4 }, words(edge[2])]);
  }
  for (const [place, text] of texts) shape("text", place, text);
  nodes.forEach((text, place) => {
    const left = 1 + place * pitch, lines = text.split("\n");
    shape("rect", { x: left, y: floor, width: NODE.width, height: NODE.height, rx: 6 });
    lines.forEach((line, row) => shape("text", { x: left + NODE.width / 2, y: floor + NODE.height / 2 + 4 + LINE * (row - (lines.length - 1) / 2) }, line));
  });
}
