/** What never fits into the log is refused once, with a record that says so; it is not tried for ever, and not forgotten. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policiesFolder } from '../support/policies.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const crowd = (count: number, group: string): string =>
  Array.from(
    { length: count },
    (_, n) => `  - { id: "user:${group}-${n}@acme.test", name: "${group} ${n}", groups: [${group}] }`,
  ).join('\n');
const asks = (surface: string, refs: string): string => `policy: ${surface}
surfaces: [${surface}]
limits: { ten: { key: [actor.id], sum: params.amount, window: 24h, max: 10 } }
rules:
  - id: all
    when: limit("ten").fits
    then: supervise
    approval: { stages: [{ name: everybody, approvers: [${refs}] }] }
disclose: [params.amount]`;

const folder = policiesFolder({
  'many.yaml': asks('many', '"group:many"'),
  'twice.yaml': asks('twice', '"group:few", "group:half"'),
  'few.yaml': asks('few', '"group:few"'),
  'directory.yaml': `people:\n${crowd(1002, 'many')}\n${crowd(700, 'half')}\n${crowd(600, 'few')}\n`,
});
let it_: TestStack;

beforeAll(async () => {
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const request = (surface: string, amount = 10): object => ({
  surface,
  action: 'go',
  actor: { id: 'agent:asker', type: 'agent' },
  params: { amount },
});

it.each(['many', 'twice'])(
  'a verdict with too many people is refused, sealed, and answered alike again: %s',
  async (surface) => {
    const key = `too-large-${surface}`;
    const first = await it_.ask(request(surface), { key });
    expect([first.status, first.body.action.verdict]).toMatchObject([403, { decision: 'refuse', basis: 'error' }]);
    expect(first.body.action.verdict.reasons[0]).toContain('cannot be sealed');
    const again = await it_.ask(request(surface), { key });
    expect([again.status, again.body.action.records]).toEqual([403, first.body.action.records]);
    const { record } = (await it_.call('GET', `/v1/records/${first.body.action.records[0]}`)).body;
    expect(record).toMatchObject({ type: 'verdict', verdict: { basis: 'error' }, facts: { people: {} } });
  },
);

it('takes nothing of a limit', async () => {
  await it_.ask(request('many'));
  const { body } = await it_.ask(request('few'));
  expect(body.status).toBe('supervised');
});
