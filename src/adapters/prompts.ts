import type { Readable, Writable } from 'node:stream';
import { type CANCEL_SYMBOL, isCancel, multiselect, select } from '@clack/prompts';
import { InterruptedError } from '../core/errors.js';
import type { Prompter, Question } from '../core/ports.js';
import { oneLine } from '../core/printable.js';

/** Lists to choose from, moved through by the arrow keys. Ctrl-C, or the signal, ends the question. */
export function terminalPrompter(input: Readable, output: Writable, signal: AbortSignal): Prompter {
  const asked = (question: Question) => ({
    message: [question.text, ...question.facts].map(oneLine).join('\n'),
    options: question.answers.map(({ label, hint }, value) => ({
      value,
      label: oneLine(label),
      hint: oneLine(hint),
    })),
    input,
    output,
    signal,
  });
  return {
    chooseOne: async (question, preferred) =>
      answered(await select<number>({ ...asked(question), initialValue: preferred })),
    chooseSome: async (question, preferred) =>
      answered(
        await multiselect<number>({ ...asked(question), initialValues: [...preferred], required: true }),
      ),
  };
}

function answered<T>(answer: T | typeof CANCEL_SYMBOL): T {
  if (isCancel(answer)) throw new InterruptedError('interrupted; nothing was written');
  return answer;
}
