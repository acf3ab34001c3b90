import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RunError } from '../../core/errors.js';
import { describeUrl } from '../../core/urls.js';

const exec = promisify(execFile);

const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

/** Runs a pg_dump of the machine. The password goes by the environment: other users can read arguments. */
export async function dumpWithProgram(
  program: string,
  url: string,
  args: readonly string[],
): Promise<string> {
  const { bare, password } = withoutPassword(url);
  try {
    const { stdout } = await exec(program, [...args, `--dbname=${bare}`], {
      maxBuffer: MAX_OUTPUT_BYTES,
      env: {
        ...process.env,
        LC_ALL: 'C',
        PGCLIENTENCODING: 'UTF8',
        PGOPTIONS:
          '-c default_transaction_read_only=on -c standard_conforming_strings=on -c statement_timeout=0',
        ...(password === '' ? {} : { PGPASSWORD: password }),
      },
    });
    return stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT' || code === 'EACCES')
      throw new RunError(`cannot run ${program}, which PG_DUMP names: ${String(code)}`);
    const reason = stderr.trim().replace(/\s+/g, ' ');
    throw new RunError(`cannot read the schema of ${describeUrl(url)}: ${program}: ${reason}`, {
      hint: 'A pg_dump older than the server refuses it; without PG_DUMP the program uses its own.',
    });
  }
}

/** node-postgres knows sslmode=no-verify, which libpq calls require. */
function withoutPassword(url: string): { bare: string; password: string } {
  const parsed = new URL(url);
  const password = decodeURIComponent(parsed.password);
  parsed.password = '';
  if (parsed.searchParams.get('sslmode') === 'no-verify') parsed.searchParams.set('sslmode', 'require');
  return { bare: parsed.toString(), password };
}
