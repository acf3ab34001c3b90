import { Chalk } from 'chalk';
import { describe, expect, test } from 'vitest';
import { DatabaseError, RunError } from '../../src/core/errors.js';
import type { TenancyGraph } from '../../src/core/graph.js';
import { errorText } from '../../src/report/error-text.js';
import { githubReport } from '../../src/report/github.js';
import { htmlReport } from '../../src/report/html.js';
import { jsonReport } from '../../src/report/json.js';
import { logProgress, terminalProgress } from '../../src/report/progress.js';
import type { Report } from '../../src/report/report.js';
import { sarifReport } from '../../src/report/sarif.js';
import { svgReport } from '../../src/report/svg.js';
import { textReport } from '../../src/report/text.js';

/** One of each kind: C0, DEL, C1, zero width, marks and overrides of direction, line and paragraph ends, a tag. */
const HOSTILE = [
  0x00, 0x07, 0x08, 0x0d, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x200b, 0x200d, 0x200e, 0x2028, 0x2029, 0x202a,
  0x202e, 0x2066, 0x2069, 0xfeff, 0xfff9, 0xe0041,
].map((code) => String.fromCodePoint(code));
const NAME = `Clinic ${HOSTILE.join('x')} end`;
const plain = new Chalk({ level: 0 });

const graph: TenancyGraph = {
  nodes: [
    {
      id: '1',
      name: NAME,
      shortName: NAME,
      scope: 'clinic',
      rule: NAME,
      rows: 1,
      notes: [NAME],
      isClinicTable: true,
    },
  ],
  edges: [{ from: '1', to: '1', label: NAME, kind: 'rule' }],
} as unknown as TenancyGraph;

const report: Report = {
  command: 'inspect',
  ok: false,
  summary: { [NAME]: NAME },
  findings: [
    {
      code: 'TENANCY_UNRESOLVED',
      severity: 'error',
      subject: NAME,
      message: NAME,
      hint: NAME,
      location: { file: `/app/${NAME}`, line: 1, column: 1 },
    },
  ],
  tables: [{ title: NAME, head: [NAME], rows: [[NAME]] }],
  text: NAME,
  data: { clinics: [{ key: NAME, [NAME]: NAME }] },
  graph,
};

const cause = new RunError(NAME);
const error = new DatabaseError(NAME, { statement: `SELECT ${NAME}`, position: 10, hint: NAME, cause });

const WAYS: Record<string, () => string | Promise<string>> = {
  text: () => textReport(report, plain),
  json: () => jsonReport(report),
  sarif: () => sarifReport(report, '/app', '1.0.0'),
  github: () => githubReport(report, '/app'),
  html: () => htmlReport(report),
  svg: () => svgReport(graph),
  'an error': () => errorText(error, plain, false),
  'an error with --verbose': () => errorText(error, plain, true),
  'a fault of our own': () => errorText(new TypeError(NAME), plain, true),
  'progress in a log': () => logged(),
  'progress on a terminal': () => shown(),
};

function logged(): string {
  let now = 0;
  let text = '';
  const progress = logProgress(
    (line) => {
      text += line;
    },
    () => now,
  );
  const task = progress.start(NAME);
  now = 61_000;
  task.advance(1, NAME);
  task.done(NAME);
  return text;
}

/** What is written to a terminal, without what its cursor is moved with. */
function shown(): string {
  let text = '';
  const stream = {
    isTTY: true,
    columns: 100_000,
    rows: 50,
    write: (chunk: string) => {
      text += chunk;
      return true;
    },
    on: () => stream,
    once: () => stream,
    off: () => stream,
    removeListener: () => stream,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
    getColorDepth: () => 1,
  };
  const progress = terminalProgress(stream as unknown as NodeJS.WriteStream);
  const task = progress.start(NAME);
  task.advance(1, NAME);
  task.done(NAME);
  progress.start(NAME).fail(NAME);
  const lines = text.split('\n').filter((line) => line.includes('Clinic'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of a terminal begin with one
  return lines.join('\n').replaceAll(/\u001b\[[0-9;?]*[a-zA-Z]/g, '');
}

describe('a hostile name', () => {
  test.each(Object.keys(WAYS))('has nothing unseen left in %s', async (way) => {
    const text = (await WAYS[way]?.()) ?? '';
    expect(text).toContain('Clinic');
    const left = [...text].filter((char) => char !== '\n' && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(char));
    expect(left.map((char) => char.codePointAt(0)?.toString(16))).toEqual([]);
  });

  test('is the same value for who reads the JSON', () => {
    const parsed = JSON.parse(jsonReport(report)) as { summary: object; clinics: unknown };
    expect(parsed.summary).toEqual({ [NAME]: NAME });
    expect(parsed.clinics).toEqual([{ key: NAME, [NAME]: NAME }]);
  });

  test('leaves the tabs and line ends of source text', () => {
    const text = '--- a.js\n+\tlet a;\r\n';
    expect(textReport({ ...report, text }, plain)).toContain('+\tlet a;\r\n');
  });
});
