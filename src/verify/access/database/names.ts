import { quoteIdent } from '../../../core/identifiers.js';
import type { Owned } from './inventory.js';

/** An object as a person names it. */
export function nameOf({ type, identity, column }: Owned): string {
  return column === null ? `the ${type} ${identity}` : `the column ${column} of the ${type} ${identity}`;
}

/** As GRANT names it; columns are named behind the privilege. */
export function grantName({ kind, identity }: Owned): string {
  return kind === 'COLUMN' ? `TABLE ${identity}` : `${kind} ${identity}`;
}

/** What follows each privilege. */
export const columnsOf = ({ column }: Owned): string => (column === null ? '' : ` (${quoteIdent(column)})`);

/** As ALTER names it. */
export function alterName(object: Owned): string {
  return object.kind === 'FOREIGN SERVER' ? `SERVER ${object.identity}` : grantName(object);
}
