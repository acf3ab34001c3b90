import type { UserConfig } from './schema.js';

/** Gives a configuration file its types; returns its argument. */
export function defineConfig(config: UserConfig): UserConfig {
  return config;
}
