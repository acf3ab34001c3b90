import type { Attributes, Graph, HTMLString, Node } from '@viz-js/viz';
import type { GraphEdge, GraphEdgeKind, GraphScope } from '../../core/graph.js';
import { type Box, ROW } from './boxes.js';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Top left corner and size, in points. */
export interface Area extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Where each box is, in the order of the boxes. */
  readonly places: readonly Point[];
  /** One area for each scope that there is, around its boxes. */
  readonly groups: readonly (Area & { readonly scope: GraphScope })[];
  /** Cubic Bézier splines: a start, then three points for each piece. References of a table to itself are not here. */
  readonly routes: ReadonlyMap<GraphEdge, readonly Point[]>;
}

/** The line of a group that holds its title, in points. */
export const TITLE = { width: 250, height: 22 };

/**
 * How strongly an edge draws its ends together, and where it arrives: the ways to the clinic make the picture and come
 * in from the right; the rest finds its way in it, to whichever side is near.
 */
const PULL: Readonly<Record<GraphEdgeKind, Attributes>> = {
  rule: { weight: 8, headport: 'head:e' },
  witness: { weight: 2, headport: 'head:_' },
  key: { weight: 1, headport: 'head:_' },
  copied: { weight: 0, headport: 'head:_', constraint: false },
  dropped: { weight: 0, headport: 'head:_', constraint: false },
};

const SCOPES: readonly GraphScope[] = ['clinic', 'shared', 'central', 'ignored', 'unresolved'];

/** Finds a place for every box and a route for every edge, by Graphviz. The same boxes, the same layout. */
export async function layOut(boxes: readonly Box[]): Promise<Layout> {
  // A megabyte of WebAssembly: loaded by those who want a picture.
  const { instance } = await import('@viz-js/viz');
  const viz = await instance();
  return readLayout(
    boxes,
    JSON.parse(viz.renderString(layoutInput(boxes), { format: 'json0', yInvert: true })),
  );
}

/**
 * What Graphviz gets: sizes and numbers of its own. No name of the database goes in, so none can be taken for
 * something else.
 */
export function layoutInput(boxes: readonly Box[]): Graph {
  const numbers = new Map(boxes.map(({ node }, at) => [node.id, at]));
  return {
    directed: true,
    // Right to left: the clinic table stands on the left and what follows from it to the right.
    // A large graph would be improved upon for minutes without nslimit, and look no better.
    graphAttributes: { rankdir: 'RL', newrank: true, nodesep: 0.25, ranksep: 0.9, nslimit: 2 },
    nodeAttributes: { shape: 'plain' },
    edgeAttributes: { dir: 'none' },
    subgraphs: SCOPES.map((scope) => ({
      name: `cluster_${scope}`,
      graphAttributes: { margin: 14, label: table([cell('title', TITLE.width, TITLE.height)]) },
      nodes: boxes.flatMap((box, at) => (box.node.scope === scope ? [nodeOf(box, at)] : [])),
    })).filter(({ nodes }) => nodes.length > 0),
    edges: boxes.flatMap(({ rows }, tail) =>
      rows.flatMap(({ edge }, at) => {
        const head = numbers.get(edge.to);
        if (head === undefined || head === tail) return [];
        return [
          {
            tail: `${tail}`,
            head: `${head}`,
            attributes: { id: `${tail} ${at}`, tailport: `${at}:w`, ...PULL[edge.kind] },
          },
        ];
      }),
    ),
  };
}

function nodeOf({ width, headHeight, rows }: Box, at: number): Node {
  return {
    name: `${at}`,
    attributes: {
      label: table([cell('head', width, headHeight), ...rows.map((_, row) => cell(`${row}`, width, ROW))]),
    },
  };
}

function table(rows: readonly string[]): HTMLString {
  return {
    html: `<table border="0" cellborder="0" cellspacing="0" cellpadding="0">${rows.join('')}</table>`,
  };
}

function cell(port: string, width: number, height: number): string {
  return `<tr><td port="${port}" fixedsize="true" width="${width}" height="${height}"></td></tr>`;
}

/** The members of Graphviz's JSON that are used here: points, except sizes of nodes, which are inches. */
interface Output {
  readonly bb: string;
  readonly objects?: readonly { readonly name: string; readonly bb?: string; readonly pos?: string }[];
  readonly edges?: readonly { readonly id: string; readonly pos: string }[];
}

function readLayout(boxes: readonly Box[], { bb, objects = [], edges = [] }: Output): Layout {
  const byName = new Map(objects.map((object) => [object.name, object]));
  const places = boxes.map(({ width, height }, at) => {
    const center = point(byName.get(`${at}`)?.pos ?? '0,0');
    return { x: center.x - width / 2, y: center.y - height / 2 };
  });
  const routes = new Map(
    edges.flatMap(({ id, pos }) => {
      const [tail, row] = id.split(' ').map(Number);
      const edge = boxes[tail ?? 0]?.rows[row ?? 0]?.edge;
      return edge === undefined ? [] : [[edge, pos.split(' ').map(point)] as const];
    }),
  );
  const groups = SCOPES.flatMap((scope) => {
    const box = byName.get(`cluster_${scope}`)?.bb;
    return box === undefined ? [] : [{ scope, ...area(box) }];
  });
  return { ...area(bb), places, groups, routes };
}

function point(text: string): Point {
  const [x = 0, y = 0] = text.split(',').map(Number);
  return { x, y };
}

/** `left,bottom,right,top`, with y growing downwards. */
function area(text: string): Area {
  const [left = 0, bottom = 0, right = 0, top = 0] = text.split(',').map(Number);
  return { x: left, y: Math.min(top, bottom), width: right - left, height: Math.abs(bottom - top) };
}
