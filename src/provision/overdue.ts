import { emptiesPath, type Heading, type Statement } from './sql-text.js';

/** What a database does not have of what it is to have, and what it has otherwise. */
export interface Overdue {
  /** In their order, with what sets the scene for them. */
  readonly statements: readonly Statement[];
  /** What is there and is not what it is to be. */
  readonly changed: readonly Heading[];
}

/**
 * Holds the statements of one dump against those of another: an object is known by the heading of its statement. A comment
 * may be written over another.
 */
export function overdueOf(wanted: readonly Statement[], present: readonly Statement[]): Overdue {
  const texts = new Set(present.map(({ text }) => text));
  const names = new Set(present.flatMap(({ heading }) => (heading === undefined ? [] : [keyOf(heading)])));
  const lacking = wanted.filter((statement) => isScene(statement) || !texts.has(statement.text));
  const isChanged = ({ heading }: Statement): boolean =>
    heading !== undefined && heading.type !== 'COMMENT' && names.has(keyOf(heading));
  const changed = lacking.filter((statement) => !isScene(statement) && isChanged(statement));
  return {
    statements: lacking.filter((statement) => isScene(statement) || !isChanged(statement)),
    changed: [
      ...new Map(changed.flatMap(({ heading }) => (heading ? [[keyOf(heading), heading]] : []))).values(),
    ],
  };
}

const keyOf = ({ type, schema, name }: Heading): string => JSON.stringify([type, schema, name]);

/** Settings under which what follows is made. */
const isScene = ({ text }: Statement): boolean => text.startsWith('SET ') || emptiesPath(text);
