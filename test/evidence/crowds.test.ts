/** Approvers whom a record names by a hash: a decision proves that whoever decided is one of them, or it does not count. */
import { describe, expect, it } from 'vitest';
import { peopleEntry, proveMembership, type Membership } from '../../src/sealing/index.ts';
import { audit, CFO, decision, LEAD, openLog, plan, release, verdict, type Draft } from './world.ts';

const members = (count: number, name: string): string[] =>
  Array.from({ length: count }, (_, n) => `user:${name}-${n}@acme.test`);
const ASKED = [...members(1002, 'asked'), LEAD];
const LATER = [...members(300, 'later'), CFO];
const [ONE = '', TWO = ''] = ASKED;
const [LATE = ''] = LATER;

const [stage] = plan().stages;
const asking = verdict(
  'supervise',
  {},
  {
    plan: plan({
      stages: [
        {
          ...(stage ?? { name: '', quorum: 1, refusals: 1, refs: [], remindMs: null, assurance: null }),
          approvers: [peopleEntry(ASKED)],
          escalate: { afterMs: 60_000, refs: [], approvers: [peopleEntry(LATER)] },
        },
      ],
    }),
  },
);
const escalated = decision('escalated', 'countersign', { added: [peopleEntry(LATER)] });
const proof = async (people: string[], person: string): Promise<{ membership: Membership }> => {
  const membership = await proveMembership(people, person);
  if (membership === null) throw new Error(`${person} is not on the list`);
  return { membership };
};

const found = async (drafts: Draft[]): Promise<string[]> => {
  const world = await openLog();
  await world.seal('act_1', drafts);
  return (await audit(await world.files(), world.trust)).findings.map(({ code }) => code);
};

describe('a decision about people named by a hash', () => {
  it.each<[string, () => Promise<Draft[]>]>([
    ['one of them', async () => [asking, decision('approve', ONE, await proof(ASKED, ONE))]],
    [
      'somebody who stands in for one of them',
      async () => [
        asking,
        decision('approve', CFO, { ...(await proof(ASKED, ONE)), delegation: { id: 'd', from: ONE } }),
      ],
    ],
    ['one who was asked later', async () => [asking, escalated, decision('approve', LATE, await proof(LATER, LATE))]],
  ])('counts by %s', async (_who, drafts) => {
    expect(await found([...(await drafts()), release('override')])).toEqual([]);
  });

  it.each<[string, () => Promise<Draft[]>]>([
    ['one of them without proof', () => Promise.resolve([asking, decision('approve', ONE)])],
    ['a stranger without proof', () => Promise.resolve([asking, decision('approve', 'user:x@acme.test')])],
    [
      'a stranger with the proof of another',
      async () => [asking, decision('approve', 'user:x@acme.test', await proof(ASKED, ONE))],
    ],
    ['one of them with the proof of another', async () => [asking, decision('approve', TWO, await proof(ASKED, ONE))]],
    [
      'one who would be asked later, too early',
      async () => [asking, decision('approve', LATE, await proof(LATER, LATE))],
    ],
    ['whoever is called as the list', () => Promise.resolve([asking, decision('approve', peopleEntry(ASKED))])],
  ])('does not count by %s', async (_who, drafts) => {
    const codes = await found([...(await drafts()), release('override')]);
    expect(codes).toContain('not-an-approver');
    expect(codes).toContain('quorum-missing');
  });
});
