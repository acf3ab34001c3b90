/** What an exit code promises a script; see the command-line reference. */
export const EXIT = { ok: 0, findings: 1, usage: 2, failure: 3, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorOptions {
  /** What the user should do next, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of every error that is meant for the user's eyes: one line, and what to do next. */
export class ClinicMigrateError extends Error {
  readonly hint: string | undefined;

  constructor(
    message: string,
    readonly exitCode: ExitCode,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** The command line or the configuration is wrong; nothing was done. Exit code 2. */
export class UsageError extends ClinicMigrateError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.usage, options);
  }
}

/** Something failed while running: a server that went away, a refused login, a full disk. Exit code 3. */
export class RunError extends ClinicMigrateError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.failure, options);
  }
}

/** The user asked to stop and the run stopped cleanly. Exit code 130. */
export class InterruptedError extends ClinicMigrateError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, EXIT.interrupted, options);
  }
}

/** A statement that PostgreSQL refused. Carries what a report needs and never the values. Exit code 3. */
export class DatabaseError extends RunError {
  readonly sqlState: string | undefined;
  readonly statement: string | undefined;
  /** 1-based character offset into `statement`, where the server gave one. */
  readonly position: number | undefined;

  constructor(
    message: string,
    details: {
      sqlState?: string | undefined;
      statement?: string | undefined;
      position?: number | undefined;
    } & ErrorOptions,
  ) {
    super(message, details);
    this.sqlState = details.sqlState;
    this.statement = details.statement;
    this.position = details.position;
  }
}

/** True where a statement gave up waiting for somebody else's lock. */
export function isLocked(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.sqlState === '55P03';
}
