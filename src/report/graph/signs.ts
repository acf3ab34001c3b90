import type { GraphEdgeKind } from '../../core/graph.js';
import type { Point } from './layout.js';

/** The sign of a kind of edge, so that nothing depends on colour: ten points wide around its centre. */
export function sign(kind: GraphEdgeKind, { x, y }: Point): string {
  const at = `transform="translate(${coordinate(x)} ${coordinate(y)})"`;
  switch (kind) {
    case 'rule':
      return `<circle class="full" ${at} r="4"/>`;
    case 'witness':
      return `<circle class="sign" ${at} r="3.5"/>`;
    case 'key':
      return `<path class="sign" ${at} d="M-4 0H4"/>`;
    case 'dropped':
      return `<path class="sign" ${at} d="M-4-4L4 4M-4 4L4-4"/>`;
    case 'copied':
      return `<path class="sign" ${at} d="M-4-1.5H1.5V4H-4ZM-1.5-1.5V-4H4V1.5H1.5"/>`;
  }
}

/** The arrow's head for a kind of edge, for <defs>. */
export function arrowTip(kind: GraphEdgeKind): string {
  return `<marker id="tenancy-graph-${kind}" class="${kind}" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="8" refX="9" refY="4" orient="auto"><path class="full" d="M0 0L9 4L0 8Z"/></marker>`;
}

/** A curve (see Layout.routes) with its arrow's head. */
export function curve(kind: GraphEdgeKind, [start, ...points]: readonly Point[]): string {
  if (start === undefined) return '';
  const pairs = points.map(({ x, y }) => `${coordinate(x)} ${coordinate(y)}`).join(' ');
  return `<path class="line" d="M${coordinate(start.x)} ${coordinate(start.y)}C${pairs}" marker-end="url(#tenancy-graph-${kind})"/>`;
}

/** The point in the middle of a curve's middle piece. */
export function middle(points: readonly Point[]): Point | undefined {
  const pieces = Math.floor((points.length - 1) / 3);
  const at = Math.floor(pieces / 2) * 3;
  const [a, b, c, d] = points.slice(at, at + 4);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return { x: (a.x + 3 * b.x + 3 * c.x + d.x) / 8, y: (a.y + 3 * b.y + 3 * c.y + d.y) / 8 };
}

/** A tenth of a point is more than anybody sees. */
export function coordinate(value: number): string {
  return String(Math.round(value * 10) / 10);
}
