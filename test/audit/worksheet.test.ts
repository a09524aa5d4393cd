/** The worksheet of a sample: each answer follows from records that it names. */
import { expect, it } from 'vitest';
import { WORKSHEET_QUESTIONS, worksheetOf, type HashedRecord } from '../../src/audit/index.ts';
import { ASKER, COURSES, decision, recordOf, REQUEST, verdict, type Draft } from '../evidence/world.ts';

const BEGAN = Date.parse('2026-11-21T10:00:00.000Z');
const sealed = (drafts: readonly Draft[], stepMs = 7000): HashedRecord[] =>
  drafts.map((draft, seq) => {
    const at = new Date(BEGAN + seq * stepMs).toISOString();
    const prev = seq === 0 ? null : `sha256:${String(seq - 1).padStart(64, '0')}`;
    const record = recordOf(draft, { tenant: 'default', action: 'act_1', seq, prev, at, requestHash: REQUEST });
    return { hash: `sha256:${String(seq).padStart(64, '0')}`, record };
  });
const answers = (records: HashedRecord[], approved: string | null = '42.00', executed: string | null = '42.00') =>
  Object.fromEntries(
    worksheetOf(records, { approved, executed }).map(({ question, answer }) => [question, answer]),
  ) as Record<string, string>;
const course = (name: string): HashedRecord[] => sealed(COURSES[name] ?? []);

it.each([
  ['approved', { 'named-approver': 'none', 'four-eyes': 'none', 'executed-once': 'yes' }],
  ['refused', { 'named-approver': 'none', 'executed-once': 'none', 'amount-as-approved': 'none' }],
  [
    'overridden',
    { 'named-approver': 'yes', 'four-eyes': 'yes', 'in-time': 'yes', 'words-given': 'yes', 'executed-once': 'yes' },
  ],
  ['approved by a delegate', { 'named-approver': 'yes', 'four-eyes': 'yes', 'executed-once': 'no' }],
  ['asked, answered, extended, escalated, approved by who was added', { 'named-approver': 'yes', 'in-time': 'yes' }],
])('of what was %s', (name, expected) => {
  expect(answers(course(name))).toMatchObject(expected);
});

it('says no where a record says so', () => {
  const own = [verdict('supervise'), decision('approve', ASKER, { reason: ' ' })];
  expect(answers(sealed(own))).toMatchObject({ 'named-approver': 'no', 'four-eyes': 'no', 'words-given': 'no' });
  expect(answers(sealed(own, 24 * 3_600_000))['in-time']).toBe('no');
  expect(answers(course('overridden'), '42.00', '43.00')['amount-as-approved']).toBe('no');
  expect(answers(course('overridden'), null, null)['amount-as-approved']).toBe('none');
});

it('answers every question once, with records of this action as proof', () => {
  for (const drafts of Object.values(COURSES)) {
    const records = sealed(drafts);
    const cells = worksheetOf(records, { approved: null, executed: null });
    expect(cells.map(({ question }) => question)).toEqual(Object.keys(WORKSHEET_QUESTIONS));
    const hashes = new Set(records.map(({ hash }) => hash));
    for (const { proof, says } of cells)
      expect([proof.every((hash) => hashes.has(hash)), says !== '']).toEqual([true, true]);
  }
});
