import { Chalk } from 'chalk';
import { describe, expect, test } from 'vitest';
import { DatabaseError, UsageError } from '../../src/core/errors.js';
import { errorText } from '../../src/report/error-text.js';
import { githubReport } from '../../src/report/github.js';
import { jsonReport } from '../../src/report/json.js';
import { formatDuration } from '../../src/report/numbers.js';
import { describeTask, logProgress } from '../../src/report/progress.js';
import type { Report } from '../../src/report/report.js';
import { sarifReport } from '../../src/report/sarif.js';
import { textReport } from '../../src/report/text.js';

const plain = new Chalk({ level: 0 });

const report: Report = {
  command: 'verify',
  ok: false,
  summary: { clinics: 1200, checkedRows: 5 },
  findings: [
    { code: 'SPLIT_NO_CLINIC', severity: 'warning', message: 'second' },
    {
      code: 'TENANCY_UNRESOLVED',
      severity: 'error',
      message: 'first: 100%, see\nbelow',
      hint: 'Mend it.',
      location: { file: '/app/src/a b.js', line: 3, column: 7 },
    },
  ] as Report['findings'],
  tables: [
    {
      title: 'Rows',
      head: ['table', 'rows'],
      rows: [
        ['a\u001b[31m\nx', 1234567],
        ['longer', 8],
      ],
    },
  ],
  data: { clinics: [{ key: '1' }] },
};

describe('reports', () => {
  test('JSON is the object that the contract names', () => {
    const parsed = JSON.parse(jsonReport(report)) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual(['command', 'ok', 'summary', 'findings', 'clinics']);
    expect(parsed.findings).toEqual(report.findings);
  });

  test('text aligns numbers, puts the worst first and lets no control character through', () => {
    expect(textReport(report, plain)).toBe(
      [
        'Rows',
        '   table                     rows',
        '   a\\u{1b}[31m\\u{a}x    1,234,567',
        '   longer                       8',
        '',
        'error TENANCY_UNRESOLVED /app/src/a b.js:3:7',
        '  first: 100%, see',
        'below',
        '  Mend it.',
        '',
        'warning SPLIT_NO_CLINIC',
        '  second',
        '',
        '✖ verify  clinics 1,200 · checked rows 5',
        '',
      ].join('\n'),
    );
  });

  test('GitHub annotations are escaped and relative to the checkout', () => {
    expect(githubReport(report, '/app').split('\n')[1]).toBe(
      '::error file=src/a b.js,line=3,col=7,title=TENANCY_UNRESOLVED::first: 100%25, see%0Abelow%0AMend it.',
    );
  });

  test('SARIF names rule, level and place', () => {
    const log = JSON.parse(sarifReport(report, '/app', '1.2.3')) as {
      runs: [{ results: unknown[]; tool: unknown }];
    };
    expect(log.runs[0].results[1]).toMatchObject({
      ruleId: 'TENANCY_UNRESOLVED',
      ruleIndex: 1,
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'src/a%20b.js' },
            region: { startLine: 3, startColumn: 7 },
          },
        },
      ],
    });
  });
});

describe('errors', () => {
  test('are one line and what to do, without a stack', () => {
    expect(errorText(new UsageError('unknown key a', { hint: 'Did you mean b?' }), plain, false)).toBe(
      'error unknown key a\n  Did you mean b?\n',
    );
  });

  test('let no control character of a foreign name through', () => {
    const error = new DatabaseError('no \u001b[2Jtable', {
      statement: 'SELECT \u0007',
      position: 8,
      hint: 'a\rb',
    });
    expect(errorText(error, plain, false)).toBe(
      'error no \\u{1b}[2Jtable\n  SELECT \\u{7}\n         ^\n  a\\u{d}b\n',
    );
  });

  test('show the line of a refused statement with a caret', () => {
    const error = new DatabaseError('refused', { statement: 'SELECT 1,\n  frm x', position: 13 });
    expect(errorText(error, plain, false)).toBe('error refused\n    frm x\n    ^\n');
  });

  test('show a stack with --verbose alone', () => {
    const error = new Error('broken');
    expect(errorText(error, plain, false)).not.toContain('at ');
    expect(errorText(error, plain, true)).toContain('report.test.ts');
  });
});

describe('progress', () => {
  test('says share, rate and time left', () => {
    const task = { text: 'Copying', done: 250, bytes: 0, total: 1000, unit: 'rows', since: 0 };
    expect(describeTask(task, 2000)).toBe('Copying  25%  125 rows/s, 6 s left');
    expect(describeTask({ ...task, total: undefined }, 2000)).toBe('Copying  250 rows, 125 rows/s');
    expect(describeTask({ ...task, bytes: 5_000_000 }, 2000)).toBe(
      'Copying  25%  125 rows/s, 2.5 MB/s, 6 s left',
    );
  });

  test('goes into a log as a line a minute', () => {
    let now = 0;
    const lines: string[] = [];
    const task = logProgress(
      (line) => lines.push(line),
      () => now,
    ).start('Copying', { total: 1000, unit: 'rows' });
    for (now = 1000; now <= 130_000; now += 1000) task.advance(1);
    task.done();
    expect(lines).toEqual([
      '1970-01-01T00:01:00.000Z Copying  6%  1 rows/s, 15 min 40 s left\n',
      '1970-01-01T00:02:00.000Z Copying  12%  1 rows/s, 14 min 40 s left\n',
    ]);
  });

  test('durations are read at a glance', () => {
    expect([0.4, 59, 61, 3700].map(formatDuration)).toEqual(['0 s', '59 s', '1 min 1 s', '1 h 1 min']);
  });
});
