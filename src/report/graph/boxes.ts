import type { GraphEdge, GraphNode, TenancyGraph } from '../../core/graph.js';
import { oneLine } from '../../core/printable.js';
import { formatNumber } from '../numbers.js';

/** Sizes in points (pixels of the SVG). */
export const LINE = 16;
/** The height of a reference's line. */
export const ROW = 18;
export const PADDING = 10;
/** Room for the sign in front of a column. */
export const INDENT = 14;
const NAME_CELL = 7.9;
const CELL = 6.7;
/** Longer names go over several lines: a name may have 63 characters. */
const WIDEST = 30;

/** A reference as a line of its table's box; its edge leaves from there. */
export interface BoxRow {
  readonly edge: GraphEdge;
  readonly text: string;
}

/** A table as it is drawn: a head with name and facts, then a line for each reference. */
export interface Box {
  readonly node: GraphNode;
  readonly nameLines: readonly string[];
  readonly factLines: readonly string[];
  readonly rows: readonly BoxRow[];
  readonly width: number;
  readonly height: number;
  readonly headHeight: number;
}

/** The boxes of a graph, in its order. */
export function boxesOf({ nodes, edges }: TenancyGraph): Box[] {
  const leaving = new Map<string, GraphEdge[]>(nodes.map(({ id }) => [id, []]));
  for (const edge of edges) leaving.get(edge.from)?.push(edge);
  return nodes.map((node) => boxOf(node, leaving.get(node.id) ?? []));
}

function boxOf(node: GraphNode, edges: readonly GraphEdge[]): Box {
  const nameLines = wrap(oneLine(node.shortName));
  const factLines = [countOf(node), ...node.notes].flatMap((fact) => wrap(oneLine(fact)));
  const rows = edges.map((edge) => ({ edge, text: shorten(oneLine(edge.label)) }));
  const width = Math.max(
    110,
    ...nameLines.map((line) => cells(line) * NAME_CELL),
    ...factLines.map((line) => cells(line) * CELL),
    ...rows.map(({ text }) => cells(text) * CELL + INDENT),
  );
  const headHeight = (nameLines.length + factLines.length) * LINE + PADDING;
  return {
    node,
    nameLines,
    factLines,
    rows,
    width: Math.ceil(width) + 2 * PADDING,
    headHeight,
    height: headHeight + rows.length * ROW,
  };
}

/** `1,234 rows`. */
export function countOf({ rows }: GraphNode): string {
  return `${formatNumber(rows)} ${rows === 1 ? 'row' : 'rows'}`;
}

/** How many columns of a fixed-width font the text takes: two for a CJK sign or a picture, none for what combines. */
export function cells(text: string): number {
  let sum = 0;
  for (const char of text) sum += WIDE.test(char) ? 2 : COMBINING.test(char) ? 0 : 1;
  return sum;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;
const COMBINING = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Lines that fit into a box: broken after a word, else within it. */
export function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=[._\s-])/)) {
    if (line !== '' && cells(line + word) > WIDEST) {
      lines.push(line);
      line = '';
    }
    for (const char of word) {
      if (cells(line + char) > WIDEST) {
        lines.push(line);
        line = '';
      }
      line += char;
    }
  }
  return [...lines, line];
}

function shorten(text: string): string {
  if (cells(text) <= WIDEST) return text;
  let short = '';
  for (const char of text) {
    if (cells(short + char) >= WIDEST) break;
    short += char;
  }
  return `${short.trimEnd()}…`;
}
