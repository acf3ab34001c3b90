import type { GraphEdgeKind, GraphNode, TenancyGraph } from '../../core/graph.js';
import { escapeXml } from '../xml.js';
import { type Box, countOf, INDENT, LINE, PADDING, ROW } from './boxes.js';
import type { Layout, Point } from './layout.js';
import { arrowTip, coordinate, curve, middle, sign } from './signs.js';
import { GRAPH_STYLE, KIND_TITLES, SCOPE_TITLES } from './style.js';

const MARGIN = 16;
const LEGEND = { width: 440, line: 20 };
const ROUND = 5;

interface PlacedBox {
  readonly box: Box;
  readonly place: Point;
}

/** The picture as one SVG element that holds all it needs. Title, description and style are its own. */
export function drawGraph({ nodes, edges }: TenancyGraph, boxes: readonly Box[], layout: Layout): string {
  const used = new Set(edges.map(({ kind }) => kind));
  const kinds = (Object.keys(KIND_TITLES) as GraphEdgeKind[]).filter((kind) => used.has(kind));
  const top = MARGIN + kinds.length * LEGEND.line;
  const width = Math.ceil(Math.max(layout.width, LEGEND.width)) + 2 * MARGIN;
  const height = Math.ceil(layout.height) + top + MARGIN;
  const placed = boxes.map((box, at) => ({ box, place: layout.places[at] ?? { x: 0, y: 0 } }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="tenancy-graph" role="img" aria-labelledby="tenancy-graph-title tenancy-graph-text" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    '<title id="tenancy-graph-title">Tenancy map</title>',
    `<desc id="tenancy-graph-text">${describe(nodes)}</desc>`,
    `<style>${GRAPH_STYLE}</style>`,
    `<defs>${kinds.map(arrowTip).join('')}</defs>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<g class="legend" transform="translate(${MARGIN} ${MARGIN})">${kinds.map(drawKind).join('')}</g>`,
    `<g transform="translate(${MARGIN} ${top})">`,
    ...layout.groups.map(drawGroup),
    ...kinds.toReversed().flatMap((kind) => drawEdges(kind, placed, layout)),
    ...layout.groups.map(drawTitle),
    ...placed.map(drawBox),
    '</g>',
    '</svg>',
  ].join('\n');
}

/** `17 tables: 13 clinic, 1 shared, 3 central. …`. */
function describe(nodes: readonly GraphNode[]): string {
  const counts = (Object.keys(SCOPE_TITLES) as GraphNode['scope'][])
    .map((scope) => [scope, nodes.filter((node) => node.scope === scope).length] as const)
    .filter(([, count]) => count > 0)
    .map(([scope, count]) => `${count} ${scope}`);
  return `${nodes.length} tables: ${counts.join(', ')}. Arrows lead from a table to the one its rows refer to.`;
}

function drawKind(kind: GraphEdgeKind, at: number): string {
  const y = at * LEGEND.line + 6;
  const line = curve(kind, [
    { x: 12, y },
    { x: 24, y },
    { x: 36, y },
    { x: 52, y },
  ]);
  return `<g class="${kind}">${sign(kind, { x: 4, y })}${line}<text class="faint" x="62" y="${y + 4}">${KIND_TITLES[kind]}</text></g>`;
}

type Group = Layout['groups'][number];

function drawGroup({ scope, x, y, width, height }: Group): string {
  return `<rect class="group ${scope}" x="${coordinate(x)}" y="${coordinate(y)}" width="${coordinate(width)}" height="${coordinate(height)}" rx="8"/>`;
}

function drawTitle({ scope, x, y }: Group): string {
  return `<text class="title ${scope}" x="${coordinate(x + 12)}" y="${coordinate(y + 19)}">${SCOPE_TITLES[scope]}</text>`;
}

/** The edges of one kind; what tells whose a row is comes last and so lies above the others. */
function drawEdges(kind: GraphEdgeKind, placed: readonly PlacedBox[], layout: Layout): string[] {
  const names = new Map(placed.map(({ box: { node } }) => [node.id, node.name]));
  return placed.flatMap(({ box, place }) =>
    box.rows.flatMap(({ edge }, at) => {
      if (edge.kind !== kind) return [];
      const route = layout.routes.get(edge) ?? loop(box, place, at);
      const center = kind === 'dropped' || kind === 'copied' ? middle(route) : undefined;
      const words = `${box.node.name}: ${edge.label} → ${names.get(edge.to)} (${KIND_TITLES[kind]})`;
      return [
        `<g class="edge ${kind}"><title>${escapeXml(words)}</title>${curve(kind, route)}${center === undefined ? '' : mark(kind, center)}</g>`,
      ];
    }),
  );
}

/** The sign of an edge on its way, with room around it. */
function mark(kind: GraphEdgeKind, center: Point): string {
  return `<circle class="paper" cx="${coordinate(center.x)}" cy="${coordinate(center.y)}" r="8"/>${sign(kind, center)}`;
}

/** A reference of a table to itself: from its line back to the table's head. */
function loop({ headHeight }: Box, { x, y }: Point, at: number): Point[] {
  const from = { x, y: rowCenter(headHeight, at) + y };
  const to = { x, y: y + headHeight / 2 };
  return [from, { x: x - 30, y: from.y }, { x: x - 30, y: to.y }, to];
}

function rowCenter(headHeight: number, at: number): number {
  return headHeight + (at + 0.5) * ROW;
}

function drawBox({ box, place: { x, y } }: PlacedBox): string {
  const { node, nameLines, factLines, rows, width, height, headHeight } = box;
  const text = (className: string, line: number, words: string): string =>
    `<text class="${className}" x="${PADDING}" y="${PADDING / 2 + line * LINE + 12}">${escapeXml(words)}</text>`;
  const size = `width="${width}" height="${height}" rx="${ROUND}"`;
  const facts = [node.name, node.scope, node.rule, countOf(node)].filter((fact) => fact !== '');
  return [
    `<g class="node ${node.scope}${node.isClinicTable ? ' clinics' : ''}" transform="translate(${coordinate(x)} ${coordinate(y)})">`,
    `<title>${escapeXml(facts.join(' · '))}</title>`,
    `<rect class="box" ${size}/>`,
    `<path class="head" d="${headShape(width, headHeight, rows.length === 0 ? ROUND : 0)}"/>`,
    ...nameLines.map((words, line) => text('name', line, words)),
    ...factLines.map((words, line) => text('faint', nameLines.length + line, words)),
    ...rows.map(({ edge, text: words }, at) => {
      const center = rowCenter(headHeight, at);
      return `<g class="${edge.kind}">${sign(edge.kind, { x: PADDING + 4, y: center })}<text x="${PADDING + INDENT}" y="${center + 4}">${escapeXml(words)}</text></g>`;
    }),
    `<rect class="outline" ${size}/>`,
    '</g>',
  ].join('');
}

/** A rectangle with round corners above, and `foot` for those below. */
function headShape(width: number, height: number, foot: number): string {
  const corner = (radius: number, dx: number, dy: number): string => `a${radius} ${radius} 0 0 1 ${dx} ${dy}`;
  return `M0 ${ROUND}${corner(ROUND, ROUND, -ROUND)}H${width - ROUND}${corner(ROUND, ROUND, ROUND)}V${height - foot}${corner(foot, -foot, foot)}H${foot}${corner(foot, -foot, -foot)}Z`;
}
