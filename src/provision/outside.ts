import type { OutsideNeed, SchemaCatalog } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import type { Contents } from './contents.js';

const SAMPLES = 3;

/**
 * Schemas that the configuration does not list, and of which something that is carried needs an object: it could be
 * made nowhere.
 */
export function outsideFindings({ outside, schemas }: SchemaCatalog, kinds: readonly Contents[]): Finding[] {
  const needs = outside.filter(
    ({ relation }) => relation === null || kinds.some((contents) => contents.has(relation)),
  );
  return [...new Set(needs.map(({ schema }) => schema))].map((schema) => ({
    code: 'PROVISION_SCHEMA_NEEDED',
    severity: 'error',
    subject: schema,
    message: `the schema ${schema} is not read, and ${samples(needs.filter((need) => need.schema === schema))}`,
    hint: `In the configuration: legacy: { schemas: ${JSON.stringify([...schemas, schema])} }; what is in it and nobody needs can be ignored table by table.`,
  }));
}

function samples(needs: readonly OutsideNeed[]): string {
  const shown = needs.slice(0, SAMPLES).map(({ object, neededBy }) => `${neededBy} needs ${object}`);
  const more = needs.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
