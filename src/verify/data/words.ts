import { InterruptedError } from '../../core/errors.js';
import type { Clinic } from '../../tenancy/types.js';

/** How many example keys a finding carries. */
export const SAMPLES = 5;

const MAX_SHOWN = 80;

/** A key as a person reads it; quoted where it could be taken for something else. */
export function showKey(key: string): string {
  const shown = key.length > MAX_SHOWN ? `${key.slice(0, MAX_SHOWN)}…` : key;
  return /^[\p{L}\p{N}_.:@(),+-]+$/u.test(shown) ? shown : JSON.stringify(shown);
}

/** Example keys, and whether there are more. */
export function showKeys(keys: readonly string[], total: number): string {
  const shown = keys.slice(0, SAMPLES).map(showKey).join(', ');
  return total > Math.min(keys.length, SAMPLES) ? `${shown}, …` : shown;
}

export function showClinic({ key, label }: Clinic): string {
  return `clinic ${showKey(key)}${label === '' ? '' : ` (${showLabel(label)})`}`;
}

function showLabel(label: string): string {
  return JSON.stringify(label.slice(0, MAX_SHOWN)).slice(1, -1);
}

export function countRows(rows: number): string {
  return rows === 1 ? '1 row' : `${rows} rows`;
}

export function stopIfAsked(signal: AbortSignal, doing: string): void {
  if (signal.aborted) throw new InterruptedError(`interrupted while ${doing}`);
}
