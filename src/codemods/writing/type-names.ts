import type { Draft } from '../planning/draft.js';

/**
 * How a type of the package sequelize is named in a file: imported, or in place where the file imports nothing. In
 * TypeScript's CommonJS a `require` binds no types, and the first import would turn the file into a module.
 */
export function typeName(draft: Draft, name: string): string {
  const { isEsModule, quote } = draft.style;
  if (!isEsModule) return `import(${quote}sequelize${quote}).${name}`;
  draft.fromSequelize.add(`type ${name}`);
  return name;
}

/** `: Sequelize`, where the file is TypeScript; else nothing. */
export function connectionType(draft: Draft): string {
  return draft.style.isTypeScript ? `: ${typeName(draft, 'Sequelize')}` : '';
}
