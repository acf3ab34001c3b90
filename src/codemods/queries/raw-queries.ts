import { ts } from 'ts-morph';
import type { TableFacts } from '../../project/models/registry.js';
import { unwrap } from '../../project/source/nodes.js';
import { type Home, homesOf, type Model } from '../../project/types.js';
import type { Draft } from '../planning/draft.js';

/** Stands in a statement's text for what is put in when it runs. */
const HOLE = '\u0000';

const TABLES =
  /\b(?:from|join|into|update|table|truncate)\s+(?:only\s+)?((?:"[^"]+"|[\w\0]+)(?:\.(?:"[^"]+"|[\w\0]+))?)/gi;

/**
 * The database of a raw query, by the tables its text names. One that names none (`SELECT 1`) goes to the
 * central database; one whose text, or the name of a table in it, is not in the source goes to the clinic's, where
 * a missing table fails.
 */
export function queryHome(
  draft: Draft,
  call: ts.CallExpression,
  models: readonly Model[],
  facts: TableFacts,
): Home {
  const [first] = call.arguments;
  const text = first === undefined ? undefined : sqlText(first);
  const tables = text === undefined ? [] : tablesIn(text);
  if (text === undefined || (text.includes(HOLE) && tables.length === 0)) {
    draft.note(
      'CODE_SQL_UNREAD',
      'warning',
      call,
      'the tables of this query are not known; it goes to the clinic’s database',
    );
    return 'clinic';
  }
  if (tables.length === 0) return 'central';
  const homes = tables.map((table) => tableHomes(table, models, facts));
  const known = homes.filter((one) => one !== undefined);
  if (known.length === 0 || tables.some((table) => table.includes(HOLE)))
    draft.note(
      'CODE_SQL_UNREAD',
      'warning',
      call,
      `no model has the tables ${tables.join(', ').replaceAll(HOLE, '…')}; the query goes to the clinic’s database`,
    );
  if (tables.some((table) => table.includes(HOLE))) return 'clinic';
  const isAll = (home: Home): boolean => known.every((one) => one.includes(home));
  if (isAll('clinic')) return 'clinic';
  if (isAll('central')) return 'central';
  draft.problem(
    'CODE_CROSSING_SQL',
    call,
    `one statement names ${tables.join(', ')}, which are in different databases`,
  );
  return 'clinic';
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

function tableHomes(
  table: string,
  models: readonly Model[],
  { scopes }: TableFacts,
): readonly Home[] | undefined {
  const model = models.find(({ tableName }) => tableName === table);
  if (model !== undefined) return homesOf(model);
  const scope = scopes.get(table) ?? scopes.get(`public.${table}`);
  if (scope === undefined) return undefined;
  return scope === 'central' ? ['central'] : scope === 'ignored' ? [] : ['clinic'];
}
