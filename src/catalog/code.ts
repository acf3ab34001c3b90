import type { Session } from '../core/ports.js';
import { CODE, FORM } from './code-sources.js';

/** A piece of code that a database holds, and that runs with the rights of whoever makes it run. */
export interface CodeEntry extends Record<string, unknown> {
  /** In words, and the same in every database: `the function public.f(integer)`. */
  readonly place: string;
  readonly digest: string;
  /** True where the digest is of what its maker wrote, and not of what the server makes of it. */
  readonly verbatim: boolean;
  /** True where reading a table's rows can make it run. */
  readonly onRead: boolean;
  /** True where it calls functions that are neither PostgreSQL's nor an extension's. */
  readonly calls: boolean;
}

/** All of it, as one server tells it. */
export interface Code {
  readonly version: number;
  readonly entries: ReadonlyMap<string, CodeEntry>;
}

export type CodeReader = (session: Session) => Promise<Code>;

/** Everything but what hangs on the program's own tables, which has a check of its own. */
export async function readCode(session: Session): Promise<Code> {
  return codeReader()(session);
}

/** The same for one database after the other; what many have alike, as clones have, is read in full once. */
export function codeReader(): CodeReader {
  const known = new Map<string, Code>();
  return async (session) => {
    const [row] = await session.query<{ version: number; form: string }>(FORM);
    const form = row?.form ?? '';
    const seen = known.get(form);
    if (seen !== undefined) return seen;
    const rows = await session.query<CodeEntry>(CODE);
    const code = { version: row?.version ?? 0, entries: new Map(rows.map((each) => [each.place, each])) };
    known.set(form, code);
    return code;
  };
}

/** What a database has and another has not, or has otherwise. Servers of two versions write the same thing in two ways. */
export function foreignCode(known: Code, found: Code): CodeEntry[] {
  return [...found.entries.values()].filter((each) => {
    const other = known.entries.get(each.place);
    if (other === undefined) return true;
    const isComparable = known.version === found.version || (each.verbatim && other.verbatim);
    return isComparable && other.digest !== each.digest;
  });
}

/** What of it can run when a table's rows are read. Whatever a function that is called calls in turn is not known. */
export function foreignOnRead(known: Code, found: Code): CodeEntry[] {
  const foreign = foreignCode(known, found);
  const calling = [...found.entries.values()].filter(({ onRead, calls }) => onRead && calls);
  if (calling.length === 0) return [];
  const functions = foreign.filter(({ place }) => place.startsWith('the function '));
  return functions.length > 0
    ? [...functions, ...calling.filter((each) => foreign.includes(each))]
    : foreign.filter((each) => calling.includes(each));
}
