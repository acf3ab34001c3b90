import { RunError } from '../core/errors.js';
import type { DumpOptions, SchemaDumper } from '../core/ports.js';
import { describeUrl } from '../core/urls.js';
import { dumpArguments } from './pg-dump/arguments.js';
import { cleanDump } from './pg-dump/clean.js';
import { dumpWithProgram } from './pg-dump/native.js';
import { dumpWithOwnCopy } from './pg-dump/own-copy.js';
import { surroundings } from './pg-dump/surroundings.js';

async function dump(url: string, options: DumpOptions, program: string | undefined): Promise<string> {
  const around = await surroundings(url, options);
  const args = dumpArguments(options, around.dependents);
  try {
    const text =
      program === undefined || program === ''
        ? await dumpWithOwnCopy(url, args)
        : await dumpWithProgram(program, url, args);
    return cleanDump(text, options.section === 'pre-data' ? around.extensionSchemas : []);
  } catch (error) {
    if (error instanceof RunError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunError(`cannot read the schema of ${describeUrl(url)}: ${reason}`, {
      hint: /permission denied/.test(reason)
        ? 'Grant the login USAGE on the schemas, and SELECT on all their tables and sequences.'
        : 'PG_DUMP=/path/to/pg_dump makes the program use another pg_dump than its own.',
      cause: error,
    });
  }
}

/**
 * pg_dump 18, carried along as WebAssembly, so that no client program need be installed; the environment variable
 * PG_DUMP names a native one to use instead.
 */
export const pgDumper: SchemaDumper = {
  dump: (url, options) => dump(url, options, process.env.PG_DUMP),
};

/** The one that is carried along, for the server that is: whatever PG_DUMP names is for another. */
export const ownDumper: SchemaDumper = { dump: (url, options) => dump(url, options, undefined) };
