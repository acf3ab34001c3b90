import { createHash } from 'node:crypto';
import { readLocale } from '../catalog/read-locale.js';
import type { SchemaCatalog } from '../catalog/types.js';
import type { Finding } from '../core/finding.js';
import { displayName, type QualifiedName } from '../core/identifiers.js';
import type { SchemaDumper, Session } from '../core/ports.js';
import { hasWord } from '../core/words.js';
import type { TenancyMap } from '../tenancy/types.js';
import { withCasts } from './casts.js';
import { type Contents, contentsOf, type DatabaseKind } from './contents.js';
import { localeOptions } from './locale.js';
import { withoutMissing } from './missing.js';
import { adaptStatements, type Statement, splitStatements } from './sql-text.js';

/** Where the schema comes from: the legacy database and what is known of it. */
export interface LegacySource {
  readonly dumper: SchemaDumper;
  readonly legacyUrl: string;
  /** A session on the legacy database. */
  readonly legacy: Session;
  readonly catalog: SchemaCatalog;
  readonly map: TenancyMap;
}

/** What a database holds before its rows: tables, types, functions, views; no indexes, no keys, no triggers. */
export interface PreData {
  readonly kind: DatabaseKind;
  readonly extensions: readonly QualifiedName[];
  readonly statements: readonly Statement[];
  /** Where they find names without a schema, as the legacy database does. */
  readonly path: readonly string[];
  /** Encoding and collation, as options of CREATE DATABASE. */
  readonly locale: string;
  /** Of all of the above; another one means another schema. */
  readonly fingerprint: string;
  readonly findings: readonly Finding[];
}

/** Reads the pre-data schema of one kind of database from the legacy one. */
export async function readPreData(source: LegacySource, kind: DatabaseKind): Promise<PreData> {
  const contents = contentsOf(source.catalog, source.map, kind);
  const dumped = splitStatements(await dump(source, contents, 'pre-data'));
  const statements = withCasts(withoutMissing(dumped, contents.missing), source.catalog, contents);
  const adapted = adaptStatements(statements);
  const script = adapted.map(({ text }) => text).join(';\n\n');
  const extensions = extensionsOf(source.catalog);
  const locale = localeOptions(await readLocale(source.legacy));
  const fingerprint = hashOf([script, locale, ...extensions.map(displayName)]);
  const findings = functionFindings(statements, contents);
  const path = source.catalog.namePath;
  return { kind, extensions, statements: adapted, path, locale, fingerprint, findings };
}

export function dump(
  { dumper, legacyUrl, catalog }: Pick<LegacySource, 'dumper' | 'legacyUrl' | 'catalog'>,
  contents: Contents,
  section: 'pre-data' | 'post-data',
): Promise<string> {
  return dumper.dump(legacyUrl, { section, schemas: catalog.schemas, excludeTables: contents.excluded });
}

/** 128 bits, in hex. */
export function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** `schema` is where the extension's objects are. */
export function extensionsOf({ objects }: SchemaCatalog): QualifiedName[] {
  return objects.filter(({ kind }) => kind === 'extension').map(({ schema, name }) => ({ schema, name }));
}

/** The schemas a clinic's login must be able to look into. */
export function openSchemas(catalog: SchemaCatalog): string[] {
  const extra = extensionsOf(catalog).map(({ schema }) => schema);
  return [...new Set([...catalog.schemas, ...extra])].filter((schema) => schema !== 'pg_catalog');
}

/** PostgreSQL does not look into function bodies, so one that names an absent table would only fail when called. */
function functionFindings(statements: readonly Statement[], { excluded, kind }: Contents): Finding[] {
  const findings: Finding[] = [];
  for (const { text } of statements) {
    const head = /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ([^(]+)\(/.exec(text);
    const name = head?.[1]?.trim();
    if (name === undefined) continue;
    const missing = excluded.filter((table) => hasWord(text, table.name));
    if (missing.length === 0) continue;
    findings.push({
      code: 'PROVISION_FUNCTION_READS_ABSENT',
      severity: kind === 'clinic' ? 'warning' : 'info',
      subject: name,
      message: `${name} names ${missing.map(displayName).join(', ')}, which ${kind === 'clinic' ? 'clinic databases do' : 'the central database does'} not have`,
    });
  }
  return findings;
}
