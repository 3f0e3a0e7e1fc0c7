/** The stylesheet of the page. Text and lines have a contrast of at least 4.5 to what they stand on (WCAG 2.2, 1.4.3), light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff; --card: #f7f8fa; --edge: #d9dee5; --ink: #1b2027; --quiet: #56606c; --grid: #e6e9ee; --base: #8a94a1;
  --good: #12713f; --bad: #b3261e; --warn: #8a5300;
  --s0: #1a5fc4; --s1: #b0440a; --s2: #0b7350; --s3: #7d3bbd; --s4: #a8175a; --s5: #56606c;
  --held: #a9c6f2; --held2: #c9dcf8; --back: #9fd9bd; --failed: #e2766c; --glass: #d5bdf2; --stop: #8a5300; --dark: #c4cad2; --onbar: #10243f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101419; --card: #191f27; --edge: #303945; --ink: #e8ecf1; --quiet: #a3aebb; --grid: #262e38; --base: #6d7885;
    --good: #5fd08f; --bad: #ff9a92; --warn: #f2b65a;
    --s0: #79b0ff; --s1: #ff9f66; --s2: #55cf9b; --s3: #cf9dff; --s4: #ff8db8; --s5: #b3bdc9;
    --held: #2b4f86; --held2: #23406c; --back: #1f6647; --failed: #c24b42; --glass: #5d3f87; --stop: #f2b65a; --dark: #4a535f; --onbar: #f2f6fb;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
main { max-width: 1160px; margin: 0 auto; padding: 40px 24px 64px; }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 700; letter-spacing: -0.015em; }
h2 { font-size: 20px; line-height: 1.3; font-weight: 650; letter-spacing: -0.01em; margin: 48px 0 16px; }
h3 { font-size: 16px; line-height: 1.35; font-weight: 650; }
code { font: 0.92em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.over { color: var(--quiet); font-size: 13px; font-weight: 600; letter-spacing: 0.04em; margin-bottom: 4px; }
.sub { color: var(--quiet); margin-top: 8px; }
.verdict { margin-top: 20px; padding: 12px 16px; border-left: 4px solid currentColor; background: var(--card); font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 16px; }
.card { background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: 20px; min-width: 0; }
.card h3 { font-size: 18px; }
.card .place { color: var(--quiet); font-size: 13px; }
.holds { font-size: 24px; line-height: 1.3; font-weight: 600; margin: 12px 0 14px; letter-spacing: -0.01em; }
.holds.warn { font-size: 18px; } .holds code { font-size: 1em; }
dl { display: grid; grid-template-columns: 7.5em minmax(0, 1fr); gap: 6px 12px; font-size: 14px; }
dt { color: var(--quiet); }
.troubles { list-style: none; border-top: 1px solid var(--edge); }
.troubles li { display: grid; grid-template-columns: 7.5em minmax(0, 1fr); gap: 2px 16px; padding: 9px 0; border-bottom: 1px solid var(--edge); }
.troubles b { font-weight: 600; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: 14px; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: 8px 16px 8px 0; border-bottom: 1px solid var(--edge); }
thead th { color: var(--quiet); font-weight: 600; font-size: 13px; }
tbody th { font-weight: 500; white-space: nowrap; }
.value { font-weight: 600; white-space: nowrap; } .of { color: var(--quiet); font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 20px; }
.plot { border: 1px solid var(--edge); border-radius: 8px; padding: 18px 20px; min-width: 0; }
.wide + .wide { margin-top: 20px; }
.about { color: var(--quiet); font-size: 13px; margin-top: 2px; }
.frame { display: grid; grid-template-columns: 40px minmax(0, 1fr); column-gap: 8px; margin-top: 12px; }
.rows { margin-top: 12px; }
.axis { grid-column: 1 / -1; color: var(--quiet); font-size: 12px; }
.across { text-align: center; }
.months { grid-column: 2; }
svg { display: block; }
.area, .months, .scale { width: 100%; overflow: visible; }
svg text { fill: var(--quiet); font-size: 12px; }
.scale text { text-anchor: end; } .months text, .tick, .empty { text-anchor: middle; }
.grid { stroke: var(--grid); } .base { stroke: var(--base); }
.series line { stroke-width: 2; stroke-linecap: round; } .series path { stroke: var(--page); stroke-width: 1; }
.series text { font-weight: 700; font-size: 13px; text-anchor: middle; } .dashed line { stroke-dasharray: 5 4; }
.s0 line { stroke: var(--s0); stroke-width: 3; } .s0 path, .s0 text { fill: var(--s0); }
.s1 line { stroke: var(--s1); stroke-width: 2.25; } .s1 path, .s1 text { fill: var(--s1); }
.s2 line { stroke: var(--s2); stroke-width: 1.5; } .s2 path, .s2 text { fill: var(--s2); }
.s3 line { stroke: var(--s3); } .s3 path, .s3 text { fill: var(--s3); }
.s4 line { stroke: var(--s4); } .s4 path, .s4 text { fill: var(--s4); }
.s5 line { stroke: var(--s5); } .s5 path, .s5 text { fill: var(--s5); }
.bar { fill: var(--held); stroke: var(--page); stroke-width: 0.5; } .odd { fill: var(--held2); }
.bar.back { fill: var(--back); } .bar.failed { fill: var(--failed); } .bar.glass { fill: var(--glass); }
.stop { fill: var(--stop); } .dark { fill: var(--dark); }
svg .name { fill: var(--onbar); font: 11px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
svg .row { fill: var(--ink); font-size: 13px; font-weight: 600; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 10px; font-size: 13px; }
.legend li { display: flex; align-items: center; gap: 7px; } .mark { width: 20px; text-align: center; }
.note { color: var(--quiet); font-size: 13px; margin-top: 8px; } .note:empty { display: none; }
details { margin-top: 8px; font-size: 13px; } summary { cursor: pointer; color: var(--quiet); } details table { font-size: 13px; margin-top: 6px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
footer { margin-top: 48px; padding-top: 16px; border-top: 1px solid var(--edge); color: var(--quiet); font-size: 13px; }
@media (max-width: 560px) {
  main { padding: 24px 16px 48px; } h1 { font-size: 25px; } h2 { margin-top: 36px; } .card, .plot { padding: 16px; }
  svg .long { display: none; } .troubles li { grid-template-columns: minmax(0, 1fr); } dl { grid-template-columns: 6.5em minmax(0, 1fr); }
}
@media print { .plot, .card { break-inside: avoid; } }
`;
