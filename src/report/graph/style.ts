import type { GraphEdgeKind, GraphScope } from '../../core/graph.js';

/** What a scope or a kind of edge is called in the picture. */
export const SCOPE_TITLES: Readonly<Record<GraphScope, string>> = {
  clinic: 'A database for each clinic',
  shared: 'Copied into every clinic database',
  central: 'The central database',
  ignored: 'Left behind',
  unresolved: 'Unresolved',
};

export const KIND_TITLES: Readonly<Record<GraphEdgeKind, string>> = {
  rule: 'tells whose a row is',
  witness: 'has to agree with it',
  key: 'other foreign key',
  dropped: 'foreign key dropped: the two ends are in different databases',
  copied: 'foreign key kept: the rows referred to are copied',
};

interface Colours {
  readonly paper: string;
  readonly box: string;
  readonly ink: string;
  readonly faint: string;
  readonly scopes: Readonly<
    Record<GraphScope, { readonly line: string; readonly head: string; readonly ground: string }>
  >;
  readonly kinds: Readonly<Record<GraphEdgeKind, string>>;
}

const LIGHT: Colours = {
  paper: '#ffffff',
  box: '#ffffff',
  ink: '#1f2328',
  faint: '#59636e',
  scopes: {
    clinic: { line: '#0f766e', head: '#ccefe8', ground: '#f1faf8' },
    shared: { line: '#1d63c4', head: '#d6e6fb', ground: '#f2f7fe' },
    central: { line: '#7541c8', head: '#e6dcfa', ground: '#f8f5fe' },
    ignored: { line: '#6b7280', head: '#e5e7eb', ground: '#f7f7f8' },
    unresolved: { line: '#b91c1c', head: '#fbd9d9', ground: '#fef4f4' },
  },
  kinds: { rule: '#0f766e', witness: '#0f766e', key: '#9aa3ad', dropped: '#c2410c', copied: '#7541c8' },
};

const DARK: Colours = {
  paper: '#0d1117',
  box: '#151b23',
  ink: '#e6edf3',
  faint: '#9aa5b1',
  scopes: {
    clinic: { line: '#3fb8a6', head: '#123f3a', ground: '#0e1c1e' },
    shared: { line: '#6aa6f8', head: '#17345c', ground: '#0f1a2a' },
    central: { line: '#b08cf5', head: '#352459', ground: '#171428' },
    ignored: { line: '#8b949e', head: '#2a3038', ground: '#14181e' },
    unresolved: { line: '#f87171', head: '#551d1f', ground: '#201316' },
  },
  kinds: { rule: '#3fb8a6', witness: '#3fb8a6', key: '#5b6571', dropped: '#f0883e', copied: '#b08cf5' },
};

/** The picture's own style sheet, for a light and a dark page; on paper always light. */
export const GRAPH_STYLE = `
.tenancy-graph { font: 11px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.tenancy-graph .title, .tenancy-graph .legend text { font: 12px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
.tenancy-graph .title { font-weight: bold; stroke-width: 4; stroke-linejoin: round; paint-order: stroke; }
.tenancy-graph .name { font-size: 13px; font-weight: bold; }
.tenancy-graph .outline { fill: none; stroke-width: 1.2; }
.tenancy-graph .clinics .outline { stroke-width: 3.5; }
.tenancy-graph .ignored .outline, .tenancy-graph .group.ignored { stroke-dasharray: 5 3; }
.tenancy-graph .unresolved .outline, .tenancy-graph .group.unresolved { stroke-dasharray: 2 3; }
.tenancy-graph .line, .tenancy-graph .sign { fill: none; stroke-width: 1.2; }
.tenancy-graph .rule .line { stroke-width: 2; }
.tenancy-graph .witness .line { stroke-width: 1.4; stroke-dasharray: 6 4; }
.tenancy-graph .dropped .line { stroke-width: 1.8; stroke-dasharray: 1.5 4; stroke-linecap: round; }
.tenancy-graph .copied .line { stroke-width: 1.6; stroke-dasharray: 9 3 2 3; }
.tenancy-graph .sign { stroke-width: 1.6; }
.tenancy-graph .edge:hover .line { stroke-width: 4; }
${coloured(LIGHT)}
@media screen and (prefers-color-scheme: dark) {
${coloured(DARK)}
}
`;

function coloured({ paper, box, ink, faint, scopes, kinds }: Colours): string {
  return [
    `.tenancy-graph .paper { fill: ${paper}; }`,
    `.tenancy-graph .box { fill: ${box}; }`,
    `.tenancy-graph text { fill: ${ink}; }`,
    `.tenancy-graph text.faint { fill: ${faint}; }`,
    ...Object.entries(scopes).flatMap(([scope, { line, head, ground }]) => [
      `.tenancy-graph .group.${scope} { fill: ${ground}; stroke: ${line}; }`,
      `.tenancy-graph .${scope} .head { fill: ${head}; }`,
      `.tenancy-graph .${scope} .outline { stroke: ${line}; }`,
      `.tenancy-graph text.title.${scope} { fill: ${line}; stroke: ${ground}; }`,
    ]),
    ...Object.entries(kinds).flatMap(([kind, colour]) => [
      `.tenancy-graph .${kind} .line, .tenancy-graph .${kind} .sign { stroke: ${colour}; }`,
      `.tenancy-graph .${kind} .full { fill: ${colour}; }`,
    ]),
  ].join('\n');
}
