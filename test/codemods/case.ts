import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MigrationInput } from '../../src/codemods/migrate.js';
import type { AppConfig } from '../../src/config/types.js';
import { inputFor, readTree } from './fixture.js';

const FIXTURES = join(import.meta.dirname, '../../fixtures/codemods');
const BASES = join(FIXTURES, 'base');

/** An application before and after the codemods, and what they have to say. */
export interface Case {
  readonly codemod: string;
  readonly name: string;
  /** Absolute path in the application to text; with the files of the base. */
  readonly input: ReadonlyMap<string, string>;
  readonly expected: ReadonlyMap<string, string>;
  /** `CODE file:line`, sorted; of the case's own files where it stands on a base. */
  readonly findings: readonly string[];
  /** The case's own files. */
  readonly own: ReadonlySet<string>;
  readonly hasBase: boolean;
  /** From options.json: what the run is asked for beside the usual. */
  readonly options: CaseOptions;
}

export interface CaseOptions {
  readonly wrapHandlers?: boolean;
  /** Keys of the configuration's app section. */
  readonly app?: Partial<AppConfig>;
}

/** What the codemods get for a case, or for its result. */
export function inputOf({ options }: Case, files: ReadonlyMap<string, string>): MigrationInput {
  return { ...inputFor(files, options.app), wrapHandlers: options.wrapHandlers === true };
}

/**
 * Every fixtures/codemods/<codemod>/<case>/ with its input/, the files that change in expected/ (no such folder: all
 * is left alone) and findings.txt. One whose name ends in .cjs, .esm or .ts stands on fixtures/codemods/base/.
 */
export function readCases(): Case[] {
  return readdirSync(FIXTURES)
    .filter((codemod) => codemod !== 'base')
    .flatMap((codemod) =>
      readdirSync(join(FIXTURES, codemod)).map((name) =>
        readCase(codemod, name, join(FIXTURES, codemod, name)),
      ),
    );
}

function readCase(codemod: string, name: string, folder: string): Case {
  const base = /\.(cjs|esm|ts)$/.exec(name)?.[1];
  const own = readTree(join(folder, 'input'));
  const input = new Map([...(base === undefined ? [] : readTree(join(BASES, base))), ...own]);
  const changed = join(folder, 'expected');
  const findings = join(folder, 'findings.txt');
  const options = join(folder, 'options.json');
  return {
    codemod,
    name,
    input,
    expected: new Map([...input, ...(existsSync(changed) ? readTree(changed) : [])]),
    findings: existsSync(findings) ? readFileSync(findings, 'utf8').trim().split('\n') : [],
    own: new Set(own.keys()),
    hasBase: base !== undefined,
    options: existsSync(options) ? (JSON.parse(readFileSync(options, 'utf8')) as CaseOptions) : {},
  };
}

const MARK = '\uFEFF';
const endOfLine = (text: string): string => (text.includes('\r\n') ? '\r\n' : '\n');

/** The same application in another hand: what a text becomes, given the case's own input text of that file. */
export const HANDS: Readonly<Record<string, (text: string, input: string) => string>> = {
  'CRLF line ends': (text) => text.replaceAll(/\r?\n/g, '\r\n'),
  'tabs for indentation': (text, input) => {
    const unit = /^( +)\S/m.exec(input)?.[1];
    if (unit === undefined) return text;
    return text.replace(/^ +/gm, (spaces) => {
      const count = Math.floor(spaces.length / unit.length);
      return '\t'.repeat(count) + ' '.repeat(spaces.length - count * unit.length);
    });
  },
  'a byte-order mark': (text) => (text.startsWith(MARK) ? text : MARK + text),
  'a first line for the shell': (text) =>
    text.replace(/^\uFEFF?/, (mark) => `${mark}#!/usr/bin/env node${endOfLine(text)}`),
};

const isSource = (path: string): boolean => /\.[cm]?[jt]s$/.test(path);

/** Both sides of a case in another hand. */
export function inHand({ input, expected }: Case, hand: string): Pick<Case, 'input' | 'expected'> {
  const change = HANDS[hand];
  const all = (files: ReadonlyMap<string, string>): Map<string, string> =>
    new Map(
      [...files].map(([path, text]) => [
        path,
        isSource(path) && change !== undefined ? change(text, input.get(path) ?? '') : text,
      ]),
    );
  return { input: all(input), expected: all(expected) };
}
