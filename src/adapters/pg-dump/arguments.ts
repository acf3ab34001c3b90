import { type QualifiedName, quoteIdent, quoteName } from '../../core/identifiers.js';
import type { DumpOptions } from '../../core/ports.js';

/**
 * pg_dump's arguments. A quoted name is a pattern that matches itself alone. With --schema, extensions go only
 * where they are asked for.
 */
export function dumpArguments(options: DumpOptions, dependents: readonly QualifiedName[]): string[] {
  return [
    '--schema-only',
    `--section=${options.section}`,
    '--no-owner',
    '--no-privileges',
    '--no-tablespaces',
    '--extension=*',
    ...options.schemas.map((schema) => `--schema=${quoteIdent(schema)}`),
    ...[...options.excludeTables, ...dependents].map((table) => `--exclude-table=${quoteName(table)}`),
  ];
}
