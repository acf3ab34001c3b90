import type { SchemaCatalog } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';

/**
 * Extensions that no database of ours gets, since a query could open connections, files or programs by them, or since
 * nobody knows that it could not. An error where something that is carried is nothing without one.
 */
export function reachingFindings({ objects }: SchemaCatalog): Finding[] {
  return objects
    .filter(({ kind }) => kind === 'reaching extension')
    .map(({ name, definition }) => ({
      code: 'PROVISION_EXTENSION_REACHES_OUT',
      severity: definition === undefined ? 'warning' : 'error',
      subject: name,
      message: `the extension ${name} is not made: ${definition === undefined ? '' : `${definition} needs it, and `}it may open connections, files or programs from inside a clinic's database`,
      hint: `If the application needs it, in the configuration: extensions: [${JSON.stringify(name)}].`,
    }));
}
