// @ts-check
/** How a report looks: light on paper, light or dark on a screen. The policy in index.html names the hash of `STYLE`: a report that
 * is opened from the page is held to it. */

const DARK = `
  color-scheme: dark;
  --paper: #171a18; --sunken: #232725; --ink: #ecebe5; --soft: #b9bcb4; --line: #3a403c; --accent: #5ec4b4; --good: #8fca92; --bad: #f0958b; --warn: #e6b45c;
  --c0: #5ec4b4; --c1: #f0a04f; --c2: #a79bf0; --c3: #8dbbe8; --c4: #f0958b; --c5: #a9cf6b; --c6: #e59bd0; --c7: #b9bcb4;`;

export const STYLE = `
:root {
  color-scheme: light;
  --paper: #fffefb; --sunken: #f4f1ea; --ink: #1e1f1c; --soft: #5a5c55; --line: #d8d3c8; --accent: #0b6b61; --good: #2d6a35; --bad: #a82a22; --warn: #825300;
  --c0: #0b6b61; --c1: #b3590a; --c2: #5b4fa8; --c3: #2f5f8f; --c4: #a82a22; --c5: #557a14; --c6: #96407d; --c7: #64665f;
}
@media screen and (prefers-color-scheme: dark) { :root {${DARK}
} }
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: break-word; counter-reset: section; }
main, body > header, body > footer { max-width: 54rem; margin: 0 auto; padding: 0 1.5rem; }
body > header { padding-top: 3rem; }
h1 { margin: 0 0 0.5rem; font-size: 2rem; line-height: 1.15; letter-spacing: -0.02em; text-wrap: balance; }
h2 { margin: 2.75rem 0 0.75rem; padding-top: 0.9rem; border-top: 2px solid var(--ink); font-size: 1.3rem; line-height: 1.25; counter-increment: section; }
h2::before { content: counter(section) ". "; color: var(--soft); }
h3 { margin: 1.75rem 0 0.5rem; font-size: 1.05rem; line-height: 1.35; }
p { margin: 0.6rem 0; max-width: 46rem; }
.byline, .note, small, caption, figcaption, .remark { color: var(--soft); }
.byline { margin: 0.2rem 0; }
.note, .remark { font-size: 0.875rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
code { font: 0.875em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
blockquote { margin: 0.75rem 0; padding: 0.75rem 1.1rem; border-left: 4px solid var(--accent); background: var(--sunken); max-width: 46rem; }
.tag { color: var(--accent); font-weight: 650; overflow-wrap: anywhere; }
.conclusions { font-size: 1.05rem; max-width: 46rem; }

.facts { display: flex; flex-wrap: wrap; gap: 1px; margin: 1.75rem 0 0; border: 1px solid var(--line); background: var(--line); }
.facts > div { flex: 1 1 9.5rem; padding: 0.75rem 1rem; background: var(--paper); }
.facts dt { color: var(--soft); font-size: 0.8125rem; }
.facts dd { margin: 0.15rem 0 0; font-size: 1.1rem; font-weight: 650; line-height: 1.3; }
.facts dd small { display: block; font-size: 0.8125rem; font-weight: 400; }
.pairs { display: grid; grid-template-columns: minmax(8rem, max-content) minmax(0, 1fr); gap: 0.35rem 1.25rem; margin: 0.75rem 0; }
.pairs dt { color: var(--soft); }
.pairs dd { margin: 0; min-width: 0; }

.scroll { overflow-x: auto; margin: 0.9rem 0; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; line-height: 1.45; }
caption { padding: 0 0 0.4rem; text-align: left; }
caption.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
thead th { border-bottom: 1.5px solid var(--ink); font-weight: 650; vertical-align: bottom; }
tbody th b { font-weight: 650; }
tbody th code { white-space: nowrap; }
tbody th small, td small { display: block; max-width: 30rem; line-height: 1.4; }
.number { text-align: right; }
td.number { white-space: nowrap; }
.number + :is(td, th):not(.number) { padding-left: 1rem; }
:is(td, th):has(.text) { min-width: 7rem; }
.better { color: var(--good); font-weight: 650; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }

.inquiry { margin: 1.25rem 0 1.75rem; }
.inquiry h3 { margin-bottom: 0.6rem; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 0.75rem; }
.answer { padding: 0.7rem 0.9rem; border: 1px solid var(--line); border-top: 3px solid var(--c7); font-size: 0.9rem; min-width: 0; }
.answer-discrete { border-top-color: var(--c3); }
.answer-tuned { border-top-color: var(--accent); }
.answer h4 { margin: 0 0 0.3rem; font-size: 0.8125rem; color: var(--soft); }
.answer p { margin: 0; }
.answer .remark { margin-top: 0.4rem; font-size: 0.8125rem; }

figure { margin: 1.25rem 0; }
figure > svg { display: block; width: 100%; max-width: 44rem; height: auto; }
figcaption { margin-top: 0.35rem; font-size: 0.875rem; max-width: 46rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.25rem; margin: 0 0 0.4rem; padding: 0; list-style: none; font-size: 0.875rem; }
.legend li { display: inline-flex; align-items: center; gap: 0.5rem; }
.key { flex: none; width: 28px; height: 10px; }
svg text { fill: var(--soft); font-size: 13.5px; font-family: inherit; }
svg .label, svg .marked { fill: var(--ink); }
.grid { stroke: var(--line); stroke-width: 1; }
.axis { stroke: var(--ink); stroke-width: 1; }
.line { fill: none; stroke: currentcolor; stroke-width: 2.25; stroke-linejoin: round; }
.grid, .axis, .line, .mark, .spread { vector-effect: non-scaling-stroke; }
.line.dashed { stroke-dasharray: 6 4; stroke-width: 1.75; }
.line.faint { stroke-width: 1; opacity: 0.5; }
.dot { fill: currentcolor; }
.dot.faint { opacity: 0.45; }
.band { fill: var(--c0); opacity: 0.16; }
.spread { stroke: var(--c1); stroke-width: 1.25; }
.mark { stroke: currentcolor; stroke-width: 1; stroke-dasharray: 2 3; }
.ring { fill: none; stroke: currentcolor; stroke-width: 2; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); }
details { margin-top: 0.4rem; font-size: 0.875rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; }
details table { width: auto; min-width: 16rem; }
details th, details td { padding-right: 1.5rem; }
body > footer { margin-top: 3rem; padding-top: 1rem; padding-bottom: 3rem; color: var(--soft); font-size: 0.8125rem; }
body > footer p { max-width: none; overflow-wrap: anywhere; }

@media screen and (max-width: 40rem) {
  main, body > header, body > footer { padding-inline: 1rem; }
  body > header { padding-top: 1.5rem; }
  h1 { font-size: 1.6rem; }
  svg text { font-size: 21px; }
  .pairs { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .pairs dd { margin-bottom: 0.5rem; }
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacked, .stacked :is(caption, tbody, tr, th, td) { display: block; }
  .stacked tr { padding: 0.6rem 0; border-bottom: 1px solid var(--line); }
  .stacked :is(tbody th, tbody td, td.number) { display: grid; grid-template-columns: 6.5rem minmax(0, 1fr); gap: 0.75rem; padding: 0.1rem 0; border: 0; text-align: left; white-space: normal; }
  .stacked :is(tbody th, tbody td)::before { content: attr(data-label); color: var(--soft); }
  .stacked :is(th, td):empty { display: none; }
}
@media print {
  @page { margin: 18mm 16mm; }
  body { font-size: 10.5pt; }
  main, body > header, body > footer { max-width: none; padding-inline: 0; }
  body > header { padding-top: 0; }
  h2, h3, h4, caption, .legend { break-after: avoid; }
  tr, figure, .facts, .answer, blockquote { break-inside: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; }
  .answers { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  figure > svg { max-width: 150mm; }
  details:not([open]) { display: none; }
  .band, .facts, blockquote, svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
