import { ClinicMigrateError } from './errors.js';

/** A fault of this program while it was at one file: the file is left alone, and all others go on. */
export class FileFault extends Error {
  constructor(
    /** Absolute path. */
    readonly file: string,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'FileFault';
  }
}

/** Does what concerns one file; whatever goes wrong there, but for what is told to users, becomes a FileFault that names it. */
export function whileAt<Result>(file: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof ClinicMigrateError || error instanceof FileFault) throw error;
    throw new FileFault(file, error);
  }
}
