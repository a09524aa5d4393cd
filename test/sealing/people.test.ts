/** Long lists of people in records: what stands for them, and the proof that somebody is on one. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionRecord, VerdictRecord } from '../../src/contract/index.ts';
import {
  checkedList,
  encodeRecord,
  foldPeople,
  isAmong,
  listsNamed,
  peopleEntry,
  type Membership,
  PEOPLE_LEAST,
  PEOPLE_MAX,
  proveMembership,
  unfoldPeople,
} from '../../src/sealing/index.ts';
import { decision, plan, recordOf, verdict } from '../evidence/world.ts';

const crowd = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `user:person-${String(n).padStart(5, '0')}@acme.test`);

const place = { action: 'act_1', seq: 0, prev: null, at: '2026-11-27T10:00:00.000Z', requestHash: null };
const asking = (people: string[]): VerdictRecord => {
  const [stage] = plan().stages;
  if (stage === undefined) throw new Error('the plan has a stage');
  const stages = [{ ...stage, approvers: people, escalate: { afterMs: 1, refs: [], approvers: people } }];
  const facts = { now: place.at, limits: [], people: { 'group:all': people }, conflict: null };
  return recordOf(verdict('supervise', {}, { plan: plan({ stages }), facts }), place) as VerdictRecord;
};

/** RFC 6962 as its section 2.1 defines it, by recursion. */
function rootOf(leaves: Buffer[]): Buffer {
  const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (leaves.length === 1) return sha(Buffer.of(0), leaves[0] ?? Buffer.alloc(0));
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return sha(Buffer.of(1), rootOf(leaves.slice(0, half)), rootOf(leaves.slice(half)));
}

describe('what stands for a list', () => {
  it.each([1, 2, 3, 7, 8, 101, 1002])('is the number and the root of its tree: %i people', (count) => {
    const people = crowd(count);
    const leaves = people.map((id) => Buffer.from(`countersign/people/v1\n${id}`));
    const entry = `people:${count}:sha256:${rootOf(leaves).toString('hex')}`;
    expect(peopleEntry(people)).toBe(entry);
    expect(peopleEntry([...people].reverse())).toBe(entry);
    expect(peopleEntry([...people, ...people])).toBe(entry);
    expect(checkedList(entry, [...people].reverse())).toEqual(people);
  });

  it.each<[string, (people: string[]) => string[] | null]>([
    ['missing', () => null],
    ['one fewer', (people) => people.slice(1)],
    ['one more', (people) => [...people, 'user:stranger@acme.test']],
    ['another one', (people) => ['user:stranger@acme.test', ...people.slice(1)]],
    ['two in one', ([first = '', second = '', ...rest]) => [`${first}\n${second}`, ...rest]],
    ['the entry itself', (people) => [peopleEntry(people)]],
  ])('is no list that is %s', (_what, change) => {
    const people = crowd(300);
    const entry = peopleEntry(people);
    expect(() => checkedList(entry, change(people))).toThrow(expect.objectContaining({ code: 'invalid-evidence' }));
    const { record } = foldPeople(asking(people));
    expect(() => unfoldPeople(record, new Map([[entry, change(people)]]))).toThrow(
      expect.objectContaining({ code: 'invalid-evidence' }),
    );
  });
});

describe('a record', () => {
  it.each([0, 1, PEOPLE_MAX])('holds %i people as they are', (count) => {
    const record = asking(crowd(count));
    expect(foldPeople(record)).toEqual({ record, lists: [] });
    expect(listsNamed(record)).toEqual([]);
  });

  it.each([PEOPLE_MAX + 1, 1002, 5000])('names %i people, and is whole again with their list', (count) => {
    const people = crowd(count);
    const record = asking(people);
    const folded = foldPeople(record);
    const entry = peopleEntry(people);
    expect(folded.lists).toEqual([{ entry, people }]);
    expect(listsNamed(folded.record)).toEqual([entry]);
    expect(encodeRecord(folded.record).payload.length).toBeLessThan(4096);
    expect(unfoldPeople(folded.record, new Map([[entry, people]]))).toEqual(record);
  });

  it('with many lists that would not fit together names all but the shortest', () => {
    const record = asking(crowd(PEOPLE_LEAST));
    const people = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`group:${n}`, crowd(90).map((id) => `${id}-${n}`)]),
    );
    const { record: folded, lists } = foldPeople({ ...record, facts: { ...record.facts, people } });
    expect(lists).toHaveLength(30);
    expect(folded.plan?.stages[0]?.approvers).toHaveLength(PEOPLE_LEAST);
    expect(encodeRecord(folded).payload.length).toBeLessThan(16 * 1024);
  });

  it('of an escalation, of a no that stands and of a review names theirs too', () => {
    const people = crowd(300);
    const entry = peopleEntry(people);
    const stands = [{ policy: 'p', key: 'k', who: null, until: place.at, ask: people }];
    const escalated = recordOf(
      decision('escalated', 'countersign', { added: people, unreachable: people, stands }),
      place,
    );
    expect(foldPeople(escalated as DecisionRecord).record).toMatchObject({
      added: [entry],
      unreachable: [entry],
      stands: [{ ask: [entry] }],
    });
  });
});

describe('a proof', () => {
  it('holds for everybody on the list, at their place alone, and for nobody else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (count, at) => {
        const people = crowd(count);
        const [folded, person] = [[peopleEntry(people)], people[at % count] ?? ''];
        const proof = await proveMembership(people, person);
        if (proof === null) throw new Error('they are on the list');
        expect(isAmong(folded, person, proof)).toBe(true);
        expect(isAmong(folded, `${person}x`, proof)).toBe(false);
        expect(isAmong(folded, person, { ...proof, index: proof.index + 1 })).toBe(false);
        expect(isAmong(folded, person, { ...proof, path: proof.path.slice(1) })).toBe(count === 1);
        expect(isAmong([peopleEntry(crowd(count + 1))], person, proof)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  it.each<[string, unknown]>([
    ['none', undefined],
    ['no base64', { index: 0, path: ['!'] }],
    ['a negative place', { index: -1, path: [] }],
    ['no hashes', { index: 0, path: [] }],
  ])('that is %s proves nothing', (_what, proof) => {
    const people = crowd(300);
    expect(isAmong([peopleEntry(people)], people[0] ?? '', proof as Membership | undefined)).toBe(false);
  });

  it('is of nobody who is not on the list', async () => {
    expect(await proveMembership(crowd(300), 'user:stranger@acme.test')).toBeNull();
  });

  it('is not asked of a list that stands in the record', () => {
    expect(isAmong(crowd(3), 'user:person-00001@acme.test', undefined)).toBe(true);
    expect(isAmong(crowd(3), 'user:stranger@acme.test', { index: 0, path: [] })).toBe(false);
  });
});
