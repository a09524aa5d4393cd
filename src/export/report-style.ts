/** The report's look: one column that reads on paper, on a desk and on a phone. Nothing is said by colour alone. */
export const REPORT_STYLE = `
:root { color-scheme: light; --ink: #18212f; --soft: #5a6675; --line: #dfe4ea; --paper: #fff; --wash: #f5f7f9;
  --good: #12633f; --good-wash: #e5f4ec; --bad: #9b1c2e; --bad-wash: #fbe9eb; --wait: #7a4b00; --wait-wash: #fdf1dc; --accent: #1f4e79; }
* { box-sizing: border-box; }
html { background: var(--wash); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 62rem; padding: 3rem 3.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0 0 .4rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; }
h2 { margin: 3rem 0 .9rem; padding-bottom: .35rem; border-bottom: 2px solid var(--ink); font-size: 1.2rem; line-height: 1.3; }
h3 { margin: 0; font-size: 1.08rem; line-height: 1.35; }
h4 { margin: 1.1rem 0 .35rem; font-size: .78rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
p { margin: .4rem 0; }
a { color: var(--accent); }
code, .mono { font: .84em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.lead { color: var(--soft); max-width: 46rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: .6rem 0 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; min-width: 0; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .42rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-bottom: 1.5px solid var(--ink); font-size: .78rem; line-height: 1.3; vertical-align: bottom; }
tr > :first-child, .sums tr > :first-child { padding-left: 0; } tr > :last-child { padding-right: 0; }
.sums { font-size: .85rem; } .sums th, .sums td { padding: .38rem .32rem; overflow-wrap: normal; font-weight: inherit; }
.sums td, .sums thead th:not(:first-child) { text-align: right; } .sums th { text-align: left; }
.sums thead th { font-size: .73rem; font-weight: 600; }
.sums .groups th:not(:first-child) { color: var(--soft); text-align: right; text-transform: uppercase;
  letter-spacing: .05em; font-size: .68rem; }
.sums tbody th { overflow-wrap: anywhere; min-width: 8.2rem; }
.sums .groups th { border-bottom: 0; padding-bottom: 0; }
.sums tfoot tr { font-weight: 650; } .sums tfoot th, .sums tfoot td { border-bottom: 0; }
.zero { color: #a5aeb9; }
.badge { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; font-weight: 600; white-space: nowrap;
  border: 1px solid currentColor; background: var(--wash); color: var(--soft); }
.good { background: var(--good-wash); color: var(--good); } .bad { background: var(--bad-wash); color: var(--bad); }
.wait { background: var(--wait-wash); color: var(--wait); }
.action { margin: 1.1rem 0; padding: 1.1rem 1.3rem 1.2rem; border: 1px solid var(--line); border-radius: .6rem; }
.action > header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .3rem 1rem; align-items: baseline; }
.action > header .id { flex-basis: 100%; color: var(--soft); }
.steps { list-style: none; margin: 0; padding: 0 0 0 1.1rem; border-left: 2px solid var(--line); }
.steps li { margin: 0 0 .7rem; } .steps li:last-child { margin-bottom: 0; }
.index { table-layout: fixed; } .index th:nth-child(1) { width: 13rem; } .index th:nth-child(3) { width: 26%; } .index th:nth-child(4) { width: 10.5rem; }
.when { color: var(--soft); font-size: .85rem; font-variant-numeric: tabular-nums; }
q { quotes: "\\201c" "\\201d"; }
.reason { display: block; margin: .15rem 0 0; }
.proof { color: var(--soft); font-size: .8rem; }
.proof td { padding: .1rem 1.1rem .1rem 0; border: 0; font-size: inherit; white-space: nowrap; }
.proof td:last-child { white-space: normal; width: 100%; }
table.proof { font-size: .69rem; }
.note { padding: .7rem 1rem; border-left: 3px solid var(--accent); background: var(--wash); }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
@media (max-width: 640px) {
  body { padding: 1.4rem 1.1rem 3rem; } h1 { font-size: 1.5rem; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .45rem; }
  .action { padding: .9rem .9rem 1rem; } table.proof td { display: inline-block; white-space: normal; }
  .steps { padding-left: .8rem; }
  .index thead { display: none; } .index tr { display: block; padding: .55rem 0; border-bottom: 1px solid var(--line); }
  .index td { display: block; padding: 0; border: 0; }
}
@media print {
  @page { margin: 16mm 15mm; }
  html { background: none; } body { max-width: none; padding: 0; font-size: 10pt; }
  a { color: inherit; text-decoration: none; }
  .action { break-inside: avoid-page; border-color: #999; } h2, h3, h4 { break-after: avoid; } tr, li { break-inside: avoid; }
  thead { display: table-header-group; } .scroll { overflow: visible; }
  .badge, .note { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
