import { quoteIdent, quoteLiteral, quoteName } from '../../core/identifiers.js';
import type { Session } from '../../core/ports.js';
import type { TablePlan } from '../plan.js';

/** Statements that change how tables behave, and those that make them as they were. */
export interface Interlude {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** These tables and their parts, as oid and quoted name. */
const RELATIONS = `
  WITH named AS (SELECT pg_catalog.to_regclass(name) AS id FROM unnest($1::text[]) AS n (name)),
  rel AS (SELECT id::oid AS oid, id::text AS name FROM named
          UNION SELECT p.relid::oid, p.relid::text FROM named, pg_catalog.pg_partition_tree(id) AS p)`;

/**
 * Rows are to be put down as they are: no trigger and no rule of these tables may have a say. Triggers that hold foreign
 * keys go on.
 */
export async function quietTables(session: Session, plans: readonly TablePlan[]): Promise<Interlude> {
  const rows = await session.query<{ relation: string; what: string; name: string; state: string }>(
    `${RELATIONS}
     SELECT rel.name AS relation, 'TRIGGER' AS what, t.tgname::text AS name, t.tgenabled::text AS state
       FROM rel JOIN pg_catalog.pg_trigger t ON t.tgrelid = rel.oid WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
     UNION ALL SELECT rel.name, 'RULE', w.rulename::text, w.ev_enabled::text
       FROM rel JOIN pg_catalog.pg_rewrite w ON w.ev_class = rel.oid WHERE w.ev_enabled <> 'D'
     ORDER BY 1, 2, 3`,
    [plans.map(({ table }) => quoteName(table))],
  );
  const [before, after]: [string[], string[]] = [[], []];
  for (const { relation, what, name, state } of rows) {
    const alter = `ALTER TABLE ONLY ${relation}`;
    const enable = { A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' }[state] ?? 'ENABLE';
    before.push(`${alter} DISABLE ${what} ${quoteIdent(name)}`);
    after.push(`${alter} ${enable} ${what} ${quoteIdent(name)}`);
  }
  return { before, after };
}

/** Takes away every foreign key of these tables and to them, and makes it again, which proves it. */
export async function withoutKeys(session: Session, plans: readonly TablePlan[]): Promise<Interlude> {
  const keys = await session.query<{
    relation: string;
    name: string;
    definition: string;
    comment: string | null;
  }>(
    `${RELATIONS}
     SELECT c.conrelid::regclass::text AS relation, c.conname::text AS name, pg_catalog.pg_get_constraintdef(c.oid) AS definition,
            pg_catalog.obj_description(c.oid, 'pg_constraint') AS comment
       FROM pg_catalog.pg_constraint c
      WHERE c.contype = 'f' AND c.conparentid = 0
        AND (c.conrelid IN (SELECT oid FROM rel) OR c.confrelid IN (SELECT oid FROM rel))
      ORDER BY 1, 2`,
    [plans.map(({ table }) => quoteName(table))],
  );
  return {
    before: keys.map(({ relation, name }) => `ALTER TABLE ${relation} DROP CONSTRAINT ${quoteIdent(name)}`),
    after: keys.flatMap(({ relation, name, definition, comment }) => [
      `ALTER TABLE ${relation} ADD CONSTRAINT ${quoteIdent(name)} ${definition}`,
      ...(comment === null
        ? []
        : [`COMMENT ON CONSTRAINT ${quoteIdent(name)} ON ${relation} IS ${quoteLiteral(comment)}`]),
    ]),
  };
}
