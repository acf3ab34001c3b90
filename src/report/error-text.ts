import type { ChalkInstance } from 'chalk';
import { ClinicMigrateError, DatabaseError } from '../core/errors.js';
import { oneLine, printable } from '../core/printable.js';

/**
 * An error for standard error: one line, what to do next, and for a refused statement the line of SQL with a caret.
 * The stack only where `verbose`.
 */
export function errorText(error: unknown, paint: ChalkInstance, verbose: boolean): string {
  const lines = [`${paint.red('error')} ${messageOf(error)}`];
  if (error instanceof DatabaseError) lines.push(...excerpt(error));
  if (error instanceof ClinicMigrateError && error.hint !== undefined)
    lines.push(paint.dim(`  ${printable(error.hint)}`));
  if (!(error instanceof ClinicMigrateError) && !verbose) {
    lines.push(paint.dim('  This is a fault of clinic-migrate itself; --verbose shows where.'));
  }
  if (verbose && error instanceof Error) lines.push(...stacks(error).map(printable));
  return `${lines.join('\n')}\n`;
}

function messageOf(error: unknown): string {
  return oneLine((error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' '));
}

function excerpt({ statement, position }: DatabaseError): string[] {
  if (statement === undefined || position === undefined) return [];
  const start = statement.lastIndexOf('\n', position - 2) + 1;
  const end = statement.indexOf('\n', position - 1);
  const line = statement.slice(start, end === -1 ? undefined : end);
  // A long line is cut to what stands around the fault.
  const from = Math.max(0, position - 1 - start - 60);
  return [`  ${oneLine(line.slice(from, from + 100))}`, `  ${' '.repeat(position - 1 - start - from)}^`];
}

function stacks(error: Error): string[] {
  const cause = error.cause instanceof Error ? ['caused by', ...stacks(error.cause)] : [];
  return [error.stack ?? error.message, ...cause];
}
