import { describe, expect, test } from 'vitest';
import type { GraphEdge, GraphNode, GraphScope, TenancyGraph } from '../../src/core/graph.js';
import { boxesOf, cells, wrap } from '../../src/report/graph/boxes.js';
import { layOut, layoutInput } from '../../src/report/graph/layout.js';
import { svgReport } from '../../src/report/svg.js';
import { elements, parseXml, textOf } from '../support/parse-xml.js';

const node = (name: string, scope: GraphScope = 'clinic', more: Partial<GraphNode> = {}): GraphNode => ({
  id: `public\0${name}`,
  name: `public.${name}`,
  shortName: name,
  scope,
  isClinicTable: false,
  rows: 0,
  rule: '',
  notes: [],
  ...more,
});
const edge = (from: string, label: string, to: string, kind: GraphEdge['kind'] = 'rule'): GraphEdge => ({
  from: `public\0${from}`,
  to: `public\0${to}`,
  label,
  kind,
});

const SMALL: TenancyGraph = {
  nodes: [
    node('companies', 'clinic', { isClinicTable: true, rows: 1 }),
    node('patients', 'clinic', { rows: 12345 }),
    node('users', 'central'),
    node('mystery', 'unresolved'),
  ],
  edges: [
    edge('patients', 'company_id', 'companies'),
    edge('patients', 'parent_id', 'patients', 'witness'),
    edge('patients', 'made_by', 'users', 'dropped'),
    edge('users', 'company_id', 'companies', 'key'),
  ],
};

/** What names may contain: each of these ends something in HTML, SVG or the layout language, or is no XML at all. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '"quoted" \'twice\' & &amp; \\" \\',
  ']]> --> </style> </title>',
  'line\nend\ttab\u0001\u007f\uffff',
  '{a|b} <b> [label="x"]; }',
  'さくら歯科 🦷 عيادة',
  '0',
  `${'x'.repeat(40)}_${'y'.repeat(22)}`,
];
const HARD: TenancyGraph = {
  nodes: HOSTILE.map((name) => node(name)),
  edges: HOSTILE.map((name, at) => edge(name, name, HOSTILE[(at + 1) % HOSTILE.length] ?? '')),
};

/** A schema of this many tables, each with up to three references to earlier ones. */
function manyTables(count: number): TenancyGraph {
  const scopes: GraphScope[] = ['clinic', 'clinic', 'clinic', 'clinic', 'shared', 'central'];
  const nodes = Array.from({ length: count }, (_, i) => node(`table_${i}`, scopes[i % scopes.length]));
  const edges = nodes.flatMap((_, i) =>
    [i % 7, i % 5, i % 3]
      .filter((step) => step > 0)
      .map((step, k) => edge(`table_${i}`, `column_${k}`, `table_${Math.floor(i / (step + 1))}`)),
  );
  return { nodes, edges };
}

describe('the picture', () => {
  test('has every table once, with its rows, and the clinic table marked', async () => {
    const nodes = elements(parseXml(await svgReport(SMALL)), 'g', 'node');
    expect(nodes.map((each) => textOf(each, 'title'))).toEqual([
      'public.companies · clinic · 1 row',
      'public.patients · clinic · 12,345 rows',
      'public.users · central · 0 rows',
      'public.mystery · unresolved · 0 rows',
    ]);
    expect(nodes.map((each) => each.getAttribute('class'))).toEqual([
      'node clinic clinics',
      'node clinic',
      'node central',
      'node unresolved',
    ]);
  });

  test('has a line for every reference, from a table to itself too, and names its columns and what it is for', async () => {
    const edges = elements(parseXml(await svgReport(SMALL)), 'g', 'edge');
    expect(edges.map((each) => [each.getAttribute('class'), textOf(each, 'title')])).toEqual([
      [
        'edge dropped',
        'public.patients: made_by → public.users (foreign key dropped: the two ends are in different databases)',
      ],
      ['edge key', 'public.users: company_id → public.companies (other foreign key)'],
      ['edge witness', 'public.patients: parent_id → public.patients (has to agree with it)'],
      ['edge rule', 'public.patients: company_id → public.companies (tells whose a row is)'],
    ]);
    for (const each of edges) {
      expect(each.getElementsByTagName('path').item(0)?.getAttribute('d')).toMatch(/^M[\d. -]+C[\d. -]+$/);
    }
  });

  test('explains in a legend what occurs in it, and nothing else', async () => {
    const [legend] = elements(
      parseXml(await svgReport({ ...SMALL, edges: SMALL.edges.slice(0, 2) })),
      'g',
      'legend',
    );
    expect(legend?.textContent).toBe('tells whose a row ishas to agree with it');
  });

  test('is labelled for those who do not see it', async () => {
    const document = parseXml(await svgReport(SMALL));
    const [svg] = elements(document, 'svg');
    const labels = svg?.getAttribute('aria-labelledby')?.split(' ') ?? [];
    expect(labels.map((id) => document.getElementById(id)?.textContent)).toEqual([
      'Tenancy map',
      '4 tables: 2 clinic, 1 central, 1 unresolved. Arrows lead from a table to the one its rows refer to.',
    ]);
  });

  test('holds names that end tags, strings and lines, as text', async () => {
    const svg = await svgReport(HARD);
    expect(svg).not.toMatch(/<script|<b>|\p{Cc}(?<!\n)/u);
    const names = elements(parseXml(svg), 'g', 'node').map((each) => textOf(each, 'title').split(' · ')[0]);
    expect(names).toEqual(
      HOSTILE.map((name) =>
        `public.${name}`
          .replace('\t', '\\u{9}')
          .replace('\u0001', '\\u{1}')
          .replace('\u007f', '\\u{7f}')
          .replace('\uffff', '\\uffff'),
      ),
    );
    expect(elements(parseXml(svg), 'g', 'edge')).toHaveLength(HOSTILE.length);
  });

  test('is the same for the same graph, byte for byte', async () => {
    expect(await svgReport(HARD)).toBe(await svgReport(HARD));
  });

  test('can be drawn of a database without tables', async () => {
    expect(elements(parseXml(await svgReport({ nodes: [], edges: [] })), 'g', 'node')).toEqual([]);
  });
});

describe('the layout', () => {
  test('is asked for with sizes and numbers alone: no name can be taken for an instruction', () => {
    const input = JSON.stringify(layoutInput(boxesOf(HARD)));
    expect(input).not.toMatch(/script|quoted|label=|xxx|public/);
    expect(layoutInput(boxesOf(SMALL))).toMatchObject({
      subgraphs: [
        { name: 'cluster_clinic', nodes: [{ name: '0' }, { name: '1' }] },
        { name: 'cluster_central', nodes: [{ name: '2' }] },
        { name: 'cluster_unresolved', nodes: [{ name: '3' }] },
      ],
      edges: [
        { tail: '1', head: '0', attributes: { tailport: '0:w', headport: 'head:e' } },
        { tail: '1', head: '2', attributes: { tailport: '2:w', constraint: false } },
        { tail: '2', head: '0', attributes: { tailport: '0:w' } },
      ],
    });
  });

  test.each([60, 500])(
    'of %i tables puts none upon another, each in its group, with every line drawn',
    async (count) => {
      const graph = manyTables(count);
      const boxes = boxesOf(graph);
      const { places, groups, routes } = await layOut(boxes);
      const areas = boxes.map(({ node: { scope }, width, height }, at) => {
        const { x, y } = places[at] ?? { x: Number.NaN, y: Number.NaN };
        return { scope, left: x, top: y, right: x + width, bottom: y + height };
      });
      const overlapping = areas.filter((a, i) =>
        areas.some(
          (b, j) => i < j && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom,
        ),
      );
      expect(overlapping).toEqual([]);
      for (const { scope, left, top, right, bottom } of areas) {
        const group = groups.find((each) => each.scope === scope);
        expect(group).toBeDefined();
        if (group === undefined) continue;
        expect(left).toBeGreaterThanOrEqual(group.x);
        expect(top).toBeGreaterThanOrEqual(group.y);
        expect(right).toBeLessThanOrEqual(group.x + group.width);
        expect(bottom).toBeLessThanOrEqual(group.y + group.height);
      }
      const others = graph.edges.filter(({ from, to }) => from !== to);
      expect(others.filter((each) => (routes.get(each)?.length ?? 0) < 4)).toEqual([]);
    },
  );
});

describe('boxes', () => {
  test('break long names after a word, and within one that is longer than a line', () => {
    expect(wrap('appointment_reminder_delivery_attempts')).toEqual([
      'appointment_reminder_delivery_',
      'attempts',
    ]);
    expect(wrap('x'.repeat(63)).map((line) => line.length)).toEqual([30, 30, 3]);
  });

  test('are wide enough for signs that take two columns', () => {
    expect(cells('さくら🦷ab')).toBe(10);
    expect(cells('e\u0301')).toBe(1);
  });
});
