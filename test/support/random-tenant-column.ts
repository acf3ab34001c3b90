import { quoteIdent, quoteLiteral } from '../../src/core/identifiers.js';

/** Values that are nobody's key, one a type. */
const STRANGERS: Readonly<Record<string, string>> = {
  int: '99',
  smallint: '99',
  numeric: '7.7',
  'char(4)': 'zz',
  bigint: '99',
  text: 'stranger',
  uuid: '00000000-0000-0000-0000-000000000000',
};

const NAMES = ['clinicId', 'TENANT_KEY'];

/** A column that names a clinic without a foreign key, beside whatever else a table has. */
export interface TenantColumn {
  readonly definition: string;
  /** What a row holds in it; undefined for NULL. */
  valueOf(id: number): string | undefined;
  /** False where some value is no clinic's: then the column tells no row's clinic, and has to agree all the same. */
  readonly tells: boolean;
  cellOf(id: number): string;
}

/**
 * Most rows name their home, some nothing, some another clinic, few a clinic that does not exist: and then the first
 * row its home, since a column in which no clinic is named would be no clinic's column.
 */
export function tenantColumn(
  keyType: string,
  keys: readonly string[],
  homes: readonly string[],
  numbers: readonly number[],
): TenantColumn {
  const name = NAMES[(numbers[0] ?? 0) % NAMES.length] ?? '';
  const values = homes.map((home, id): string | undefined => {
    const number = numbers[id] ?? 0;
    if (id === 0) return home;
    if (number % 4 === 0) return undefined;
    if (number % 23 === 0) return keys[number % keys.length];
    return number % 19 === 0 ? STRANGERS[keyType] : home;
  });
  return {
    definition: `${quoteIdent(name)} ${keyType}`,
    valueOf: (id) => values[id],
    tells: values.every((value) => value === undefined || keys.includes(value)),
    cellOf: (id) => (values[id] === undefined ? 'NULL' : quoteLiteral(values[id])),
  };
}
