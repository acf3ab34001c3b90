/** The style sheet of a page: light or dark as the reader has it, light on paper. Only fonts that are there. */
export const PAGE_STYLE = `
:root { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --rule: #d1d9e0; --stripe: #f6f8fa; --ok: #0f766e; --error: #b91c1c; --warning: #9a5b00; --info: #1d63c4; }
@media screen and (prefers-color-scheme: dark) {
:root { --paper: #0d1117; --ink: #e6edf3; --faint: #9aa5b1; --rule: #30363d; --stripe: #151b23; --ok: #3fb8a6; --error: #f87171; --warning: #e0a13a; --info: #6aa6f8; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem clamp(1rem, 3vw, 3rem) 4rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
h2 code { font-weight: normal; color: var(--faint); }
code, pre { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: .85em; }
p { margin: .15rem 0; }
.verdict { margin: .5rem 0 1rem; font-weight: 600; }
.ok { color: var(--ok); }
.held { color: var(--error); }
dl { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 0; }
dt { color: var(--faint); font-size: .85rem; }
dd { margin: 0; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
figure { margin: 0; }
figcaption { margin-top: .5rem; color: var(--faint); font-size: .85rem; }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 8px; }
figure svg { display: block; margin: 0 auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .4rem .8rem; text-align: left; vertical-align: top; unicode-bidi: isolate; overflow-wrap: break-word; }
td, tbody th { border-top: 1px solid var(--rule); white-space: pre-line; }
tbody th { font-weight: 600; }
thead th { background: var(--stripe); color: var(--faint); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.findings { margin: 0; padding: 0; list-style: none; }
.findings li { margin: 0 0 .75rem; padding: .5rem .9rem; border-left: 4px solid var(--info); background: var(--stripe); white-space: pre-line; overflow-wrap: anywhere; }
.findings .error { border-color: var(--error); }
.findings .warning { border-color: var(--warning); }
.severity { font-weight: 600; color: var(--info); }
.error .severity { color: var(--error); }
.warning .severity { color: var(--warning); }
.hint { color: var(--faint); }
@media print {
body { padding: 0; font-size: 11px; }
.scroll { overflow: visible; border: 0; }
figure svg { max-width: 100%; height: auto; }
thead { display: table-header-group; }
tr, .findings li { break-inside: avoid; }
h2 { break-after: avoid; }
}
`;
