import type { AppConfig } from '../../config/types.js';

/** What the source says of one key of the `app` section. */
export interface AppGuess {
  readonly key: keyof AppConfig;
  /** Undefined where nothing was found. */
  readonly value: string | undefined;
  /** Where it was found and what else it could be; sentences. */
  readonly why: string;
  /** True where a person has to answer it before the application can be migrated. */
  readonly isOpen?: true;
}
