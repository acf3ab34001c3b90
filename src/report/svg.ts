import type { TenancyGraph } from '../core/graph.js';
import { boxesOf } from './graph/boxes.js';
import { drawGraph } from './graph/draw.js';
import { layOut } from './graph/layout.js';

/** The graph as an SVG document. The same graph gives the same bytes. */
export async function svgReport(graph: TenancyGraph): Promise<string> {
  const boxes = boxesOf(graph);
  return `${drawGraph(graph, boxes, await layOut(boxes))}\n`;
}
