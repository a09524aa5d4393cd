/** The tables of SECURITY.md: each attack was tried, gave nobody anything, and is shown by a test that there is. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FINDING_CODES } from '../../src/evidence/index.ts';
import { attackRows } from '../support/attack-table.ts';

const ROW_CODES = ['row-inserted', 'row-altered', 'row-removed', 'log-shrank'];

describe('an attack that SECURITY.md lists', () => {
  it.each(attackRows().map((row) => [row.attack, row] as const))('%s', (_name, { tries, accepted, named, shownBy }) => {
    expect(Number.isInteger(tries) && tries > 0).toBe(true);
    expect(accepted).toMatch(/^0(\b|$)/);
    expect(
      named.filter((code) => !(FINDING_CODES as readonly string[]).includes(code) && !ROW_CODES.includes(code)),
    ).toEqual([]);
    expect(shownBy.length).toBeGreaterThan(0);
    expect(shownBy.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('is counted by the tests that say so, and by no table twice', () => {
    const rows = attackRows();
    expect(rows.length).toBeGreaterThan(60);
    const keys = rows.map(({ attack, shownBy }) => [attack, ...shownBy].join(' '));
    expect(new Set(keys).size).toBe(keys.length);
    for (const file of [
      'test/attack/namespace.test.ts',
      'test/attack/edited-rows.test.ts',
      'test/e2e/database-admin.test.ts',
    ]) {
      expect([file, readFileSync(file, 'utf8').includes('new AttackCount(')]).toEqual([file, true]);
    }
  });
});
