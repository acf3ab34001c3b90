import type { Finding } from '../../core/finding.js';
import type { Analysis } from '../../project/analysis.js';
import { problem } from './words.js';

/** Uses of models and of the connection that belong to no request, and places where the source does not tell. */
export function globalFindings({ uses }: Analysis): Finding[] {
  return [...uses.values()].flatMap(({ uses: found, computed, unknown }) => [
    ...found.map(({ node, model }) =>
      model === undefined
        ? problem(
            'ISOLATION_GLOBAL_CONNECTION',
            node,
            `${short(node.getText())} is the one global connection`,
          )
        : problem(
            'ISOLATION_GLOBAL_MODEL',
            node,
            `${short(node.getText())} is the model ${model.name} of the one global connection`,
          ),
    ),
    ...computed.map((node) =>
      problem(
        'ISOLATION_UNKNOWN',
        node,
        `which model ${short(node.parent.getText())} is cannot be read from the source`,
      ),
    ),
    ...unknown.map((node) =>
      problem(
        'ISOLATION_UNKNOWN',
        node,
        `what ${short(node.getText())} works on cannot be read from the source`,
      ),
    ),
  ]);
}

function short(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}
