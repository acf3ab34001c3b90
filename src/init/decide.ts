import type { Prompter } from '../core/ports.js';

export interface Option<T> {
  readonly value: T;
  /** As in the configuration or in few words: `central`. */
  readonly label: string;
  /** What it would mean. */
  readonly hint: string;
}

/** An open question, with the answer that is taken where nobody is asked. */
export interface OpenQuestion<T> {
  /** Display name of the table, or the key of the configuration. */
  readonly subject: string;
  readonly text: string;
  readonly facts: readonly string[];
  readonly options: readonly Option<T>[];
  readonly preferred: Option<T>;
  /** Why it is preferred. */
  readonly why: string;
}

/** A question that has been answered. */
export interface Decision<T = unknown> {
  readonly subject: string;
  readonly facts: readonly string[];
  readonly chosen: Option<T>;
  /** Why it was taken; undefined where a person chose. */
  readonly why: string | undefined;
  readonly others: readonly Option<unknown>[];
}

/** Answers questions: asks the person, else takes what is preferred. */
export interface Decider {
  decide<T>(question: OpenQuestion<T>): Promise<Decision<T>>;
}

export function createDecider(prompter: Prompter | undefined): Decider {
  return {
    async decide(question) {
      const { subject, text, facts, options, preferred, why: reason } = question;
      const answers = options.map(({ label, hint }) => ({ label, hint }));
      const index = await prompter?.chooseOne(
        { text, facts: [...facts, `suggested: ${preferred.label}, because ${reason}`], answers },
        options.indexOf(preferred),
      );
      const chosen = (index === undefined ? undefined : options[index]) ?? preferred;
      const why = index === undefined ? reason : undefined;
      return { subject, facts, chosen, why, others: options.filter((option) => option !== chosen) };
    },
  };
}
