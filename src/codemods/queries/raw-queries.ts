import { ts } from 'ts-morph';
import type { TableFacts } from '../../project/models/registry.js';
import { unwrap } from '../../project/source/nodes.js';
import { type Database, databasesOf, databasesOfScope, type Model } from '../../project/types.js';
import type { Draft } from '../planning/draft.js';

const ALL: readonly Database[] = ['clinic', 'central'];

/** Stands in a statement's text for what is put in when it runs. */
const HOLE = '\u0000';

const TABLES =
  /\b(?:from|join|into|update|table|truncate)\s+(?:only\s+)?((?:"[^"]+"|[\w\0]+)(?:\.(?:"[^"]+"|[\w\0]+))?)/gi;

/** What the text of a raw query tells. */
export interface QueryTables {
  /** Tables that it names; undefined where its text is not in the source. */
  readonly tables: readonly string[] | undefined;
  /** The databases that have all of them; none where no database has. */
  readonly databases: readonly Database[];
  /** False where a table is named that nobody knows, or that the source does not tell. */
  readonly isKnown: boolean;
}

/**
 * Reads which database a raw query means, by the tables its text names. One that names none (`SELECT 1`) goes to the
 * central database; one whose text, or the name of a table in it, is not in the source goes to the clinic's, where
 * a missing table fails.
 */
export function readQuery(call: ts.CallExpression, models: readonly Model[], facts: TableFacts): QueryTables {
  const [first] = call.arguments;
  const text = first === undefined ? undefined : sqlText(first);
  const tables = text === undefined ? [] : tablesIn(text);
  if (text === undefined || (text.includes(HOLE) && tables.length === 0))
    return { tables: undefined, databases: ['clinic'], isKnown: false };
  if (tables.length === 0) return { tables, databases: ['central'], isKnown: true };
  const known = tables.flatMap((table) => {
    const databases = tableDatabases(table, models, facts);
    return databases === undefined ? [] : [databases];
  });
  const hasHole = tables.some((table) => table.includes(HOLE));
  const isKnown = known.length > 0 && !hasHole;
  const common = ALL.filter((one) => known.every((databases) => databases.includes(one)));
  return { tables, databases: isKnown ? common : ['clinic'], isKnown };
}

/** Says what is not known of a query, or that its tables are in two databases. */
export function reportQuery(
  draft: Draft,
  call: ts.CallExpression,
  { tables, databases, isKnown }: QueryTables,
): void {
  const names = tables?.join(', ').replaceAll(HOLE, '…');
  if (!isKnown)
    draft.note(
      'CODE_SQL_UNREAD',
      'warning',
      call,
      names === undefined
        ? 'the tables of this query are not known; it goes to the clinic’s database'
        : `no model has the tables ${names}; the query goes to the clinic’s database`,
    );
  if (databases.length === 0)
    draft.problem(
      'CODE_CROSSING_SQL',
      call,
      `one statement names ${names}, which are in different databases`,
    );
}

/** The statement's text, with holes for what is put in; undefined where the source does not have it. */
function sqlText(node: ts.Expression): string | undefined {
  const inner = unwrap(node);
  if (ts.isStringLiteralLike(inner)) return inner.text;
  if (ts.isTemplateExpression(inner))
    return (
      inner.head.text +
      inner.templateSpans.map((span) => (sqlText(span.expression) ?? HOLE) + span.literal.text).join('')
    );
  if (ts.isBinaryExpression(inner) && inner.operatorToken.kind === ts.SyntaxKind.PlusToken)
    return `${sqlText(inner.left) ?? HOLE}${sqlText(inner.right) ?? HOLE}`;
  if (!ts.isIdentifier(inner)) return undefined;
  return declaredText(inner);
}

/** The text of a `const` of that name in the functions and the file around. */
function declaredText(name: ts.Identifier): string | undefined {
  for (let at: ts.Node = name; at !== undefined; at = at.parent) {
    if (!ts.isBlock(at) && !ts.isSourceFile(at)) continue;
    for (const statement of at.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const declaration of statement.declarationList.declarations) {
        if (declaration.name.getText() === name.text && declaration.initializer !== undefined)
          return sqlText(declaration.initializer);
      }
    }
  }
  return undefined;
}

/** Names of tables, bare and unquoted; names bound by WITH and set-returning functions left out. */
function tablesIn(sql: string): string[] {
  const names = [...sql.matchAll(TABLES)]
    .filter(
      (match) => !/^\s*\(/.test(sql.slice(match.index + match[0].length)) || !/from|join/i.test(match[0]),
    )
    .map(([, name = '']) => name.replaceAll('"', '').replace(/^.*\./, ''));
  const bound = new Set(
    [
      ...sql.matchAll(
        /(\w+)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(\s*(?:select|insert|update|delete|with)\b/gi,
      ),
    ].map(([, name = '']) => name),
  );
  return [...new Set(names)].filter((name) => !bound.has(name));
}

function tableDatabases(
  table: string,
  models: readonly Model[],
  { scopes }: TableFacts,
): readonly Database[] | undefined {
  const model = models.find(({ tableName }) => tableName === table);
  if (model !== undefined) return databasesOf(model);
  const scope = scopes.get(table) ?? scopes.get(`public.${table}`);
  return scope === undefined ? undefined : databasesOfScope(scope);
}
