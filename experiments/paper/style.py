"""The style sheet of the page of the paper: phone and print, light and dark."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1d2026; --soft: #5d6572; --line: #d9dde3; --band: #f5f6f8;
  --link: #1a56a8; --good: #17693b; --good-band: #e5f3ea; --bad: #9a3412; --bad-band: #fbece3;
  --paper: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181d; --ink: #e4e7ec; --soft: #9aa3b0; --line: #343a44; --band: #1e2229;
    --link: #8db8f2; --good: #7fd3a0; --good-band: #193324; --bad: #f2a679; --bad-band: #3c2417;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body {
  margin: 0 auto; max-width: 72rem; padding: 2.5rem 1.5rem 4rem; background: var(--page);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
    "Helvetica Neue", Arial, sans-serif;
}
h1, h2, h3 { line-height: 1.2; font-weight: 650; text-wrap: balance; }
h1 { font-size: 2rem; margin: 0 0 .5rem; letter-spacing: -.015em; }
h2 { font-size: 1.4rem; margin: 0 0 .25rem; letter-spacing: -.01em; }
h3 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--link); text-underline-offset: .15em; }
section { margin-top: 3rem; padding-top: 2rem; border-top: 1px solid var(--line); }
.lead, .question { font-size: 1.1rem; }
.question { color: var(--soft); margin-top: 0; }
.soft { color: var(--soft); }
.small, .small td, .small th { font-size: .85rem; }
.provenance { color: var(--soft); font-size: .85rem; max-width: none; overflow-wrap: anywhere; }
.figures-of-merit { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0; padding: 0; }
.figures-of-merit li {
  list-style: none; flex: 1 1 10rem; padding: .8rem 1rem; background: var(--band);
  border-radius: .5rem;
}
.figures-of-merit b { display: block; font-size: 1.6rem; line-height: 1.25; font-weight: 650;
  font-variant-numeric: tabular-nums; }
.figures-of-merit span { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .5rem; color: var(--soft); font-size: .9rem; }
th, td { padding: .4rem .8rem .4rem 0; text-align: left; vertical-align: top; }
thead th { border-bottom: 1.5px solid var(--ink); font-size: .85rem; font-weight: 600;
  vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr { border-bottom: 1px solid var(--line); break-inside: avoid; }
tbody tr:last-child { border-bottom: 1.5px solid var(--ink); }
table.numbers td { text-align: right; white-space: nowrap; }
table.numbers thead th:not(:first-child) { text-align: right; }
tr.group th { padding-top: 1rem; border-bottom: 1px solid var(--line); font-weight: 650; }
tr.group span { position: sticky; left: 0; }
.unbroken { white-space: nowrap; }
table.numbers th:first-child { position: sticky; left: 0; background: var(--page);
  min-width: 6rem; }
table.overview { width: 100%; }
table.overview td:nth-child(n+4):nth-child(-n+5), table.overview th:nth-child(n+4):nth-child(-n+5) {
  text-align: right; }
.under { display: block; color: var(--soft); font-size: .8rem; line-height: 1.35; }
.mark { font-weight: 700; font-size: .8rem; border-radius: 1rem; padding: .1rem .5rem;
  white-space: nowrap; }
.mark.yes { color: var(--good); background: var(--good-band); }
.mark.no { color: var(--bad); background: var(--bad-band); }
.mark.unknown { color: var(--soft); background: var(--band); }
.exact { border: 1px solid currentColor; color: var(--soft); border-radius: .25rem;
  font-size: .7rem; padding: 0 .3rem; margin-left: .3rem; white-space: nowrap; }
pre { margin: .75rem 0; padding: .75rem 1rem; background: var(--band); border-radius: .5rem;
  overflow-x: auto; font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas,
    "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0;
  font-size: .95rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 1.5rem 0; break-inside: avoid; }
figure img { display: block; max-width: min(100%, 48rem); height: auto; background: var(--paper);
  border-radius: .25rem; }
@media (prefers-color-scheme: dark) { figure img { padding: .5rem; } }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .5rem; max-width: 46rem; }
.failure { border-left: 4px solid var(--bad); background: var(--bad-band); padding: .6rem 1rem;
  border-radius: 0 .25rem .25rem 0; max-width: none; overflow-wrap: anywhere; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--link); }
ul.plain { padding-left: 1.1rem; max-width: 46rem; }
@media (max-width: 40rem) {
  body { padding: 1.25rem 1rem 3rem; }
  h1 { font-size: 1.55rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  table.overview thead { display: none; }
  table.overview tr { display: block; padding: .75rem 0; }
  table.overview th, table.overview td { display: block; padding: .1rem 0;
    text-align: left !important; }
  table.overview td:nth-child(n+3) { display: inline-block; margin-right: .9rem; }
  table.overview td:empty { display: none; }
  table.overview td[data-label]:not(:empty)::before { content: attr(data-label) ": ";
    color: var(--soft); font-size: .85rem; }
  table.overview td[data-label="question"]::before, table.overview td[data-label="state"]::before {
    content: none !important; }
}
@media print {
  :root { --page: #fff; --ink: #000; --soft: #444; --line: #bbb; --band: #f3f3f3; --link: #000;
    --good: #17693b; --good-band: #fff; --bad: #9a3412; --bad-band: #fff; }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  section { break-before: auto; }
  h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; }
  table.numbers th:first-child { position: static; }
  th, td { padding-right: .4rem; }
  details::details-content { content-visibility: visible; block-size: auto; }
  a { text-decoration: none; }
}
"""
