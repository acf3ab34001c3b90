import type { Column, ForeignKey, SchemaObject, Table, UniqueKey } from '../../catalog/types.js';
import { type QualifiedName, quoteIdent, quoteName } from '../../core/identifiers.js';

/*
 * SQL that brings a database's schema back in line, without its last semicolon; undefined where no one statement does
 * it, or where what the catalog knows of a thing is not all that there is to it.
 */

/** A column of another type, or that lets NULL in or out. What computes or numbers it cannot be changed like that. */
export function mendColumn(table: Table, wanted: Column, found: Column): string | undefined {
  if (wanted.generated || found.generated || wanted.identity !== found.identity) return undefined;
  const column = quoteIdent(wanted.name);
  const changes = [
    ...(wanted.type === found.type
      ? []
      : [`ALTER COLUMN ${column} TYPE ${wanted.type} USING ${column}::${wanted.type}`]),
    ...(wanted.notNull === found.notNull
      ? []
      : [`ALTER COLUMN ${column} ${wanted.notNull ? 'SET' : 'DROP'} NOT NULL`]),
  ];
  return `ALTER TABLE ${quoteName(table)} ${changes.join(', ')}`;
}

export function dropColumn(table: QualifiedName, column: string): string {
  return `ALTER TABLE ${quoteName(table)} DROP COLUMN ${quoteIdent(column)} CASCADE`;
}

/** A primary key has nothing to it but its columns; a unique one may treat NULL in its own way. */
export function mendKey(table: QualifiedName, wanted: UniqueKey, isThere: boolean): string | undefined {
  if (!wanted.primary) return undefined;
  const name = quoteIdent(wanted.name);
  const columns = wanted.columns.map(quoteIdent).join(', ');
  return `ALTER TABLE ${quoteName(table)} ${isThere ? `DROP CONSTRAINT ${name} CASCADE, ` : ''}ADD CONSTRAINT ${name} PRIMARY KEY (${columns})`;
}

export function mendForeignKey(table: QualifiedName, wanted: ForeignKey, isThere: boolean): string {
  const name = quoteIdent(wanted.name);
  return `ALTER TABLE ${quoteName(table)} ${isThere ? `DROP CONSTRAINT ${name}, ` : ''}ADD CONSTRAINT ${name} ${wanted.definition}`;
}

export function mendRowSecurity(table: QualifiedName, wanted: Table['rowSecurity']): string {
  const [on, forced] = {
    off: ['DISABLE', 'NO FORCE'],
    enabled: ['ENABLE', 'NO FORCE'],
    forced: ['ENABLE', 'FORCE'],
  }[wanted];
  return `ALTER TABLE ${quoteName(table)} ${on} ROW LEVEL SECURITY, ${forced} ROW LEVEL SECURITY`;
}

/** What hangs on a table and is missing, or is not what it was. */
export function mendObject(wanted: SchemaObject, isThere: boolean): string | undefined {
  const { kind, name, definition, dependsOn } = wanted;
  const [table] = dependsOn;
  if (table === undefined || definition === undefined) return undefined;
  const first = isThere ? dropObject(wanted) : undefined;
  const before = first === undefined ? '' : `${first}; `;
  const on = quoteName(table);
  switch (kind) {
    case 'index':
      return before + definition;
    case 'check constraint':
    case 'exclusion constraint':
      return `ALTER TABLE ${on} ${isThere ? `DROP CONSTRAINT ${quoteIdent(name)}, ` : ''}ADD CONSTRAINT ${quoteIdent(name)} ${definition}`;
    case 'trigger':
    case 'rule': {
      // The last word says when it fires.
      const at = definition.lastIndexOf(' ');
      const fires = FIRES[definition.slice(at + 1)];
      const made = definition.slice(0, at).replace(/;$/, '');
      const switched =
        fires === '' ? '' : `; ALTER TABLE ${on} ${fires} ${kind.toUpperCase()} ${quoteIdent(name)}`;
      return fires === undefined ? undefined : `${before}${made}${switched}`;
    }
    case 'default':
      return `ALTER TABLE ${on} ALTER COLUMN ${quoteIdent(name)} SET DEFAULT ${definition}`;
    default:
      return undefined;
  }
}

/** As pg_trigger and pg_rewrite have it. */
const FIRES: Readonly<Record<string, string>> = {
  O: '',
  D: 'DISABLE',
  R: 'ENABLE REPLICA',
  A: 'ENABLE ALWAYS',
};

/** What hangs on a table and is too much. */
export function dropObject({ kind, schema, name, dependsOn }: SchemaObject): string | undefined {
  const [table] = dependsOn;
  if (table === undefined) return undefined;
  const [on, quoted] = [quoteName(table), quoteIdent(name)];
  switch (kind) {
    case 'index':
      return `DROP INDEX ${quoteName({ schema, name })}`;
    case 'statistics':
      return `DROP STATISTICS ${quoteName({ schema, name })}`;
    case 'check constraint':
    case 'exclusion constraint':
      return `ALTER TABLE ${on} DROP CONSTRAINT ${quoted}`;
    case 'trigger':
    case 'rule':
    case 'policy':
      return `DROP ${kind.toUpperCase()} ${quoted} ON ${on}`;
    case 'default':
      return `ALTER TABLE ${on} ALTER COLUMN ${quoted} DROP DEFAULT`;
    default:
      return undefined;
  }
}
