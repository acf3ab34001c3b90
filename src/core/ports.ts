import type { Readable, Writable } from 'node:stream';

/** A row as the driver returns it: column name to value. */
export type Row = Record<string, unknown>;

/** One connection to one database. Errors are DatabaseError. Not for concurrent use. */
export interface Session {
  /** The database's URL without a password, for messages. */
  readonly label: string;
  /** One statement with parameters ($1, $2 …); resolves to its rows. */
  query<R extends Row = Row>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  /** A script of any number of statements, without parameters; one implicit transaction unless it says otherwise. */
  execute(script: string): Promise<void>;
  /** Runs `work` between BEGIN and COMMIT; rolls back and rethrows when it fails. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /** `COPY … TO STDOUT`: the rows' bytes as the server sends them. */
  copyOut(sql: string): Readable;
  /** `COPY … FROM STDIN`: finishes when the server has taken every byte; destroy it to abort the COPY. */
  copyIn(sql: string): Writable;
  /** Ends the connection; safe to call twice and after a failure. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Every session on the legacy database sets this: the server itself then refuses a write. */
  readonly readOnly?: boolean;
  /** Undefined: a statement waits for other people's locks as long as they are held. */
  readonly patience?: Patience;
}

/** How long a statement waits for a lock that somebody else holds; it fails with 55P03 then. */
export interface Patience {
  readonly milliseconds: number;
  /** Told in words what is waited for, and whom for, as long as it lasts. */
  onWait(what: string): void;
}

/**
 * Opens sessions. Every session has the same fixed text settings (TimeZone, DateStyle, IntervalStyle,
 * extra_float_digits, bytea_output, client_encoding, an empty search_path, row_security off), so that
 * one value has one text on both sides.
 */
export interface Databases {
  connect(url: string, options?: ConnectOptions): Promise<Session>;
}

export interface DumpOptions {
  readonly section: 'pre-data' | 'post-data';
  /** Tables left out, with what hangs on them alone. */
  readonly excludeTables: readonly { schema: string; name: string }[];
  readonly schemas: readonly string[];
}

/** Reads a database's schema as SQL text, as pg_dump writes it. */
export interface SchemaDumper {
  dump(url: string, options: DumpOptions): Promise<string>;
}

/** One line of long work: shown on a terminal, silent elsewhere. */
export interface Task {
  /** Adds to what is done, and to the bytes it took; `text` replaces the description. */
  advance(amount: number, text?: string, bytes?: number): void;
  /** Ends the line; with a text, leaves it standing. */
  done(text?: string): void;
  fail(text?: string): void;
}

export interface Progress {
  /** `total` and `unit` give a rate and the time left ("rows", "clinics"). */
  start(text: string, options?: { total?: number; unit?: string }): Task;
}

/** The file system as the program uses it. Paths are absolute. Text is read and written as UTF-8, byte-order mark kept. */
export interface Files {
  /** The file's text; undefined where there is no such file. */
  read(path: string): Promise<string | undefined>;
  /** As read(), whatever the bytes are. */
  readBytes(path: string): Promise<Buffer | undefined>;
  /** Every file below a folder (or the file itself), sorted; `skip` names folders that are not entered. */
  list(path: string, skip?: readonly string[]): Promise<string[]>;
  /** Writes by rename, making folders. */
  write(path: string, text: string): Promise<void>;
  /** Writes several files as one; a run that is killed in the midst is finished by finishWrites() of the same journal. */
  writeAll(changes: readonly FileChange[], journal: string): Promise<void>;
  /** Puts in place what a killed writeAll() left; answers with the number of files. */
  finishWrites(journal: string): Promise<number>;
}

/** A file's new text, and the one that was read. */
export interface FileChange {
  readonly path: string;
  readonly text: string;
  readonly expected: string;
}

/** A question to a person, with its answers. */
export interface Question {
  readonly text: string;
  /** What is known of it, a line each. */
  readonly facts: readonly string[];
  readonly answers: readonly { readonly label: string; readonly hint: string }[];
}

/** Asks the person at the terminal. Answers are indexes into the question's; InterruptedError where they give up. */
export interface Prompter {
  /** `preferred` is marked at first. */
  chooseOne(question: Question, preferred: number): Promise<number>;
  /** At least one; `preferred` are marked at first. */
  chooseSome(question: Question, preferred: readonly number[]): Promise<number[]>;
}

/** What version control knows of a working copy. */
export interface VersionControl {
  /** Those of these files that have changes not committed, or are untracked; empty where `folder` is no repository. */
  dirty(folder: string, files: readonly string[]): Promise<string[]>;
}

/** A PostgreSQL server of our own: superuser login, no durability; gone with this process, however it ends. */
export interface EmbeddedServer {
  /** The superuser's URL on the database `postgres`. */
  readonly url: string;
  /** Temporary folder that holds it. */
  readonly folder: string;
  /** Of its version. */
  readonly dumper: SchemaDumper;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}
