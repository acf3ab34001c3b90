import { UsageError } from '../core/errors.js';
import { oneLine } from '../core/printable.js';

const WIDTH = 100;

/** A string as JavaScript has it, in single quotes where it has no need of escapes. */
export function stringText(value: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(value) && !/['"\\]/.test(value)) return `'${value}'`;
  const escaped = JSON.stringify(value).replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`,
  );
  return escaped;
}

/** A string that the program must read as it is. UsageError where it would be taken for a variable. */
export function verbatim(value: string): string {
  if (!/\$\{[A-Za-z_]/.test(value)) return stringText(value);
  throw new UsageError(`the name ${JSON.stringify(value)} would be read as an environment variable`, {
    hint: 'Rename it in the legacy database, or write this configuration by hand.',
  });
}

/** A property's name, quoted where it has to be. */
export function nameText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringText(name);
}

/** A plain value on one line; names and strings are whatever they are. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return verbatim(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${nameText(name)}: ${valueText(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** Sentences as comment lines; no text can end the comment. */
export function commentLines(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of oneLine(text).split(' ')) {
    if (line !== '' && line.length + word.length >= WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `// ${each}`);
}
