import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it, vi } from 'vitest';
import { demoCommand } from '../../src/commands/demo.js';
import { contextIn, NO_OPTIONS } from '../support/context.js';

const leftovers = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('clinic-migrate-demo-'));

it('tells the whole migration, and leaves nothing behind', { timeout: 180_000 }, async () => {
  // Whatever is named there is for another server than the demonstration's own.
  vi.stubEnv('PG_DUMP', '/nowhere/pg_dump');
  const before = leftovers();
  const lines: string[] = [];
  const context = await contextIn(tmpdir(), {});
  const report = await demoCommand.run({ ...context, say: (line) => void lines.push(line) }, [], NO_OPTIONS);
  expect(report.findings).toEqual([]);
  expect(report.ok).toBe(true);
  expect(report.summary).toMatchObject({
    clinics: 8,
    'answers that differ': 0,
    'isolation checks that held': 21,
  });
  expect(Number(report.summary['rows moved'])).toBeGreaterThan(100_000);
  expect(Number(report.summary['requests replayed'])).toBeGreaterThan(500);
  expect(lines.join('\n')).toContain("await ModelFactory.getModel(req.clinicDb, 'Room')");
  expect(leftovers()).toEqual(before);
});
