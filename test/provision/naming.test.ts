import { describe, expect, it } from 'vitest';
import { type ClinicName, type NamedClinics, nameClinics } from '../../src/provision/naming.js';
import type { Clinic } from '../../src/tenancy/types.js';

const clinic = (key: string, label = key) => ({ key, label });
const named = (pattern: string, clinics: Clinic[], registered = new Map<string, ClinicName>()) =>
  nameClinics({ database: pattern }, clinics, registered, ['legacy']);
const names = (pattern: string, ...keys: string[]): (string | undefined)[] => {
  const found = named(
    pattern,
    keys.map((key) => clinic(key)),
  );
  return keys.map((key) => found.names.get(key)?.database);
};
/** What is said of each clinic, by key. */
const faults = (found: NamedClinics): Record<string, string> =>
  Object.fromEntries(found.findings.map(({ subject, message }) => [String(subject), message]));

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

  it.each([
    ['c_{key}', 'x'.repeat(62), 'has 64 bytes, and PostgreSQL keeps 63'],
    ['pg_{key}', 'x', 'reserves for itself'],
    ['{key}', 'none', 'reserves for itself'],
    ['clinic#{key}', 'x', 'in a URL'],
    ['a b{key}', 'x', 'in a URL'],
    ['{key}', 'postgres', 'something else'],
    ['{key}', 'legacy', 'something else'],
  ])('are a finding of the one clinic where %s gives one that cannot be: %s', (pattern, key, fault) => {
    const found = named(pattern, [clinic(key)]);
    expect(faults(found)[key]).toContain(fault);
    expect(found.names.size).toBe(0);
    // As the hint has it, the clinic has a name, and the other keeps its own.
    const hint = String(found.findings[0]?.hint).replace('In the configuration: clinics: ', '');
    const said = new Function(`return ${hint}`)() as { names: Record<string, string> };
    const mended = nameClinics({ database: pattern, ...said }, [clinic(key), clinic('7')], new Map());
    expect(mended.findings.map(({ subject }) => subject)).not.toContain(key);
    expect(mended.names.get(key)?.database).toMatch(/^clinic_[a-z0-9_]+$/);
  });

  it('leave the other clinics theirs', () => {
    const found = named('c_{key}', [clinic('x'.repeat(80)), clinic('7')]);
    expect(found.names.get('7')?.database).toBe('c_7');
    expect(found.findings).toHaveLength(1);
  });

  it('are a finding of each clinic where several would share one', () => {
    const same = [clinic('1', 'Smile!'), clinic('2', 'smile'), clinic('3', 'other')];
    const found = named('c_{label}', same);
    expect(Object.keys(faults(found))).toEqual(['1', '2']);
    expect(faults(found)['1']).toContain('"c_smile" would be that of clinic "2" too');
    expect([...found.names.keys()]).toEqual(['3']);
  });

  it('are a finding of the new clinic alone where a registered one has it', () => {
    const registered = new Map([['9', { database: 'c_1', role: 'c_1' }]]);
    expect(Object.keys(faults(named('c_{key}', [clinic('1'), clinic('9')], registered)))).toEqual(['1']);
  });

  it('stay what they are once they are registered', () => {
    const registered = new Map([['1', { database: 'old_name', role: 'old_role' }]]);
    expect(named('c_{key}', [clinic('1')], registered).names.get('1')).toEqual({
      database: 'old_name',
      role: 'old_role',
    });
  });
});
