import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Newcomer, newcomer } from '../support/init.js';
import { hasTerminal, openTerminal, type Terminal } from '../support/terminal.js';

const PROGRAM = join(import.meta.dirname, '../../bin/clinic-migrate.js');

let user: Newcomer;

beforeEach(async () => {
  user = await newcomer(
    'CREATE TABLE companies (id int PRIMARY KEY); CREATE TABLE "set\u001b[2Jtings" (name text); CREATE TABLE zones (id int)',
  );
});
afterEach(() => user.drop());

const run = (args: string): Terminal =>
  openTerminal(`"${process.execPath}" "${PROGRAM}" ${args}`, user.folder, user.env);
const file = (): string => join(user.folder, 'clinic-migrate.config.mjs');

describe.runIf(hasTerminal())('init on a real terminal', () => {
  it('asks its questions, takes the answers by the arrow keys and writes the file', async () => {
    const terminal = run('init');
    await terminal.shows('Whose are the rows of public.set\\u{1b}[2Jtings?');
    await terminal.shows('navigate');
    terminal.press('\u001b[A');
    await terminal.shows('● shared');
    terminal.press('\r');
    await terminal.shows('Whose are the rows of public.zones?');
    await terminal.shows('navigate');
    terminal.press('\r');
    const { code, screen } = await terminal.end();
    expect(screen).toContain('✔ init');
    expect(code).toBe(0);
    expect(readFileSync(file(), 'utf8')).toMatch(/"set\\u001b\[2Jtings": \{ scope: 'shared' \}/);
    expect(readFileSync(file(), 'utf8')).toContain("zones: { scope: 'central' }");
  });

  it('writes nothing after Ctrl-C, and ends with 130', async () => {
    const terminal = run('init');
    await terminal.shows('navigate');
    terminal.press('\u0003');
    const { code, screen } = await terminal.end();
    expect(screen).toContain('interrupted; nothing was written');
    expect(code).toBe(130);
    expect(existsSync(file())).toBe(false);
  });
});
