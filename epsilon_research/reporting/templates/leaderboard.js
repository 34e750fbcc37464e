"use strict";
// Sorts the rows of the board by a column; what is undefined stays at the end.
const board = document.querySelector(".board");
const rows = board.tBodies[0];
const headings = board.tHead.rows[1].cells;
for (const heading of headings) {
  heading.querySelector("button")?.addEventListener("click", (event) => {
    const first = "ascending" in event.currentTarget.dataset ? "ascending" : "descending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    for (const one of headings) one.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const number = (row) => {
      const text = row.cells[heading.cellIndex].dataset.number;
      return text === "" ? Infinity : sign * Number(text);
    };
    rows.append(...[...rows.rows].sort((a, b) => {
      const [x, y] = [number(a), number(b)];
      return x === y ? 0 : x < y ? -1 : 1;
    }));
  });
}
