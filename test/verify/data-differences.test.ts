import { expect, it } from 'vitest';
import { compareRows } from '../../src/verify/data/differences.js';

it('tells missing, extra and changed rows apart, and counts rows that share an id', () => {
  const expected = new Map([
    ['1', ['a']],
    ['2', ['b']],
    ['3', ['c', 'c']],
    ['4', ['d']],
  ]);
  const actual = new Map([
    ['1', ['a']],
    ['2', ['x']],
    ['3', ['c']],
    ['5', ['e']],
  ]);
  expect(compareRows(expected, actual)).toEqual({ missing: ['3', '4'], extra: ['5'], changed: ['2'] });
});
