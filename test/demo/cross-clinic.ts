import { expect } from 'vitest';
import { converse, type Question, type Speaker } from './conversation.js';

/** A clinic's session with the application as it was, and with the migrated one. */
export interface Sessions {
  readonly clinic: number;
  readonly before: Speaker;
  readonly after: Speaker;
}

/** The clinics whose marks stand in a text. */
export function marksIn(text: string): number[] {
  return [...new Set([...text.matchAll(/mark-of-clinic-(\d+)-/gi)].map(([, clinic]) => Number(clinic)))];
}

/**
 * Lets every clinic try to reach the others' rows, and expects the answers that it got before, or that there is
 * nothing; and nothing of another clinic in any. Resolves to the questions that were answered otherwise before.
 */
export async function attackAll(
  sessions: readonly Sessions[],
  attacks: (clinic: number) => readonly Question[],
): Promise<string[]> {
  const holes: string[] = [];
  for (const { clinic, before, after } of sessions) {
    const was = await converse(before, attacks(clinic));
    const is = await converse(after, attacks(clinic));
    for (const [at, answer] of is.entries()) {
      const isNothing = answer.status === 404 || answer.text === '[]';
      if (isNothing && answer.text !== was[at]?.text) holes.push(answer.question);
      else expect(answer).toEqual(was[at]);
      expect(
        marksIn(answer.text).filter((one) => one !== clinic),
        answer.question,
      ).toEqual([]);
    }
  }
  return holes;
}
