import { describe, expect, it } from 'vitest';
import { nameClinics } from '../../src/provision/naming.js';

const clinic = (key: string, label = key) => ({ key, label });
const names = (pattern: string, ...keys: string[]): (string | undefined)[] => {
  const found = nameClinics(
    pattern,
    keys.map((key) => clinic(key)),
    new Map(),
  );
  return keys.map((key) => found.get(key)?.database);
};

describe('the names of clinic databases', () => {
  it('are plain where the key is, and differ where keys differ in what a name cannot show', () => {
    expect(names('c_{key}', '7', '018f4c1e-7a2b-7c3d-8e4f-001122334455')).toEqual([
      'c_7',
      'c_018f4c1e_7a2b_7c3d_8e4f_001122334455',
    ]);
    const hostile = names('c_{key}', 'A', 'a', 'A ', '-1', '1', "'; DROP TABLE x", '');
    expect(new Set(hostile).size).toBe(hostile.length);
    for (const name of hostile) expect(name).toMatch(/^[a-z0-9_]+$/);
  });

  it('are refused where PostgreSQL would cut them, keep them for itself, or a URL would change them', () => {
    expect(() => names('c_{key}', 'x'.repeat(62))).toThrow('64 bytes');
    expect(() => names('pg_{key}', '1')).toThrow('reserves');
    expect(() => names('clinic#{key}', '1')).toThrow('URL');
  });

  it('are refused where two clinics would share one, registered ones included', () => {
    const same = [clinic('1', 'Smile!'), clinic('2', 'smile')];
    expect(() => nameClinics('c_{label}', same, new Map())).toThrow('both get the database "c_smile"');
    const registered = new Map([['9', { database: 'c_1', role: 'c_1' }]]);
    expect(() => nameClinics('c_{key}', [clinic('1')], registered)).toThrow('both get');
  });

  it('stay what they are once they are registered', () => {
    const registered = new Map([['1', { database: 'old_name', role: 'old_role' }]]);
    expect(nameClinics('c_{key}', [clinic('1')], registered).get('1')).toEqual({
      database: 'old_name',
      role: 'old_role',
    });
  });
});
