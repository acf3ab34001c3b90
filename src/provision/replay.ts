import { DatabaseError, RunError } from '../core/errors.js';
import type { Finding } from '../core/finding.js';
import { lookInto } from '../core/name-path.js';
import type { Session } from '../core/ports.js';
import { oneAtATime } from '../core/side-by-side.js';
import { isOutage } from './databases.js';
import { emptiesPath, type Heading, type Statement } from './sql-text.js';
import { type Difference, differences, meaningFinding, readUses, type Uses } from './uses.js';

const IN_NO_SCHEMA: readonly string[] = [];

/**
 * A dump's statements, run so that everything comes to mean what it means in the legacy database. What is said without
 * a name, as the operator of a CASE, is found by the search_path of the moment, which need not have been the same for
 * all objects: what was made when a dump was restored, was made under an empty one. What differs is made once more where
 * the operators are found that it used.
 */
export class Replay {
  /** Those that come out as they were only where names are looked for elsewhere. */
  readonly #paths = new Map<Statement, readonly string[]>();
  #isSettled = false;
  readonly #inTurn = oneAtATime();
  readonly #statements: readonly Statement[];

  constructor(
    statements: readonly Statement[],
    /** Where the application finds names without a schema. */
    private readonly path: readonly string[],
    /** Of the legacy database. */
    private readonly uses: Uses,
    /** In words, for messages. */
    private readonly place: string,
  ) {
    this.#statements = statements.filter(({ text }) => !emptiesPath(text));
  }

  /**
   * Runs all of it in the session's transaction. Findings where something means something else here. RunError, naming the
   * object, where a statement fails. What was found out is known when it runs again in another database.
   */
  run(session: Session): Promise<Finding[]> {
    return this.#isSettled ? this.#once(session) : this.#inTurn(() => this.#once(session));
  }

  async #once(session: Session): Promise<Finding[]> {
    await session.execute('SAVEPOINT replay');
    await this.#make(session);
    if (this.#isSettled) return [];
    let differing = await this.#differing(session);
    const suspects = this.#about(differing);
    if (suspects.length > 0) {
      for (const [statement, path] of suspects) this.#paths.set(statement, path);
      await session.execute('ROLLBACK TO SAVEPOINT replay');
      await this.#make(session);
      differing = await this.#differing(session);
    }
    this.#isSettled = differing.length === 0;
    return differing.map((difference) => meaningFinding(difference, this.place));
  }

  async #differing(session: Session): Promise<Difference[]> {
    return differences(this.uses, await readUses(session));
  }

  /** Statements that may have made these objects, and where else each may find what it used. */
  #about(found: readonly Difference[]): [Statement, readonly string[]][] {
    return this.#statements.flatMap((statement): [Statement, readonly string[]][] => {
      const { heading } = statement;
      if (heading === undefined || this.#paths.has(statement) || !isOfDump(heading)) return [];
      const about = found.find(
        ({ object: { schema, tags } }) => heading.schema === schema && tags.includes(heading.name),
      );
      if (about === undefined) return [];
      const { operators } = about.object;
      return [
        [statement, operators.length === 0 ? IN_NO_SCHEMA : [...new Set([...operators, ...this.path])]],
      ];
    });
  }

  /** One script, one round trip; where it fails, once more one by one, to know what it was. */
  async #make(session: Session): Promise<void> {
    const lines: string[] = [];
    let path: readonly string[] | undefined;
    for (const statement of this.#statements) {
      if (this.#pathOf(statement) !== path) lines.push(lookInto(this.#pathOf(statement)));
      path = this.#pathOf(statement);
      lines.push(statement.text);
    }
    try {
      await session.execute([...lines, lookInto(IN_NO_SCHEMA)].join(';\n\n'));
    } catch (error) {
      if (isOutage(error)) throw error;
      await session.execute('ROLLBACK TO SAVEPOINT replay');
      await this.#makeOneByOne(session);
    }
  }

  async #makeOneByOne(session: Session): Promise<void> {
    for (const statement of this.#statements) {
      const run = (path: readonly string[]): Promise<void> =>
        session.execute(`SAVEPOINT one; ${lookInto(path)};\n${statement.text}`);
      try {
        await run(this.#pathOf(statement));
      } catch (error) {
        if (isOutage(error)) throw error;
        await session.execute('ROLLBACK TO SAVEPOINT one');
        const isMade = await run(IN_NO_SCHEMA).then(
          () => true,
          () => false,
        );
        if (!isMade) throw notMade(statement, this.place, error);
        this.#paths.set(statement, IN_NO_SCHEMA);
      }
      await session.execute('RELEASE SAVEPOINT one');
    }
    await session.execute(lookInto(IN_NO_SCHEMA));
  }

  #pathOf(statement: Statement): readonly string[] {
    return this.#paths.get(statement) ?? this.path;
  }
}

/** Headings of a dump are in capitals; what we add to it is not. */
function isOfDump({ type }: Heading): boolean {
  return type === type.toUpperCase();
}

function notMade({ heading, text }: Statement, place: string, error: unknown): RunError {
  const what =
    heading === undefined
      ? text.slice(0, 80)
      : `the ${heading.type.toLowerCase()} ${[heading.schema, heading.name].filter((part) => part !== '-').join('.')}`;
  const reason = error instanceof Error ? error.message : String(error);
  return new RunError(`${what} could not be made in ${place}: ${reason}`, {
    cause: error,
    hint: hintFor(error),
  });
}

function hintFor(error: unknown): string {
  const state = error instanceof DatabaseError ? (error.sqlState ?? '') : '';
  if (/^42(883|P01|704|703|P02)$/.test(state))
    return 'It needs something that is not there. Give what it needs and what needs it one scope; or, where a function’s body names it without a schema, set the function’s own path in the legacy database: ALTER FUNCTION … SET search_path = ….';
  if (state === '42501')
    return 'The provisioning login may not make it: let an administrator of the server do so, or drop it in the legacy database.';
  if (state.startsWith('23'))
    return 'Rows break it in the legacy database too, or are not where it looks for them. Correct the rows, or drop the constraint.';
  return 'Drop or change it in the legacy database, then run the command again.';
}
