/** Time as policies write it, hours and days of it, on Temporal's time-skipping server. Skipped where that server is not at hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policiesFolder } from '../support/policies.ts';
import { openSkippingWorld, type SkippingWorld } from '../support/skipping.ts';
import { eventually } from '../support/eventually.ts';
import { timeServer } from '../support/wheels.ts';
import { CFO, LEAD, REFUND } from '../support/stack.ts';

const SERVER = await timeServer();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DUTY = 'user:duty-manager@acme.test';
const RISK = 'user:risk-officer@acme.test';
const COMMANDER = 'user:incident-commander@acme.test';

const POLICY = `policy: test.time
surfaces: [test.time]
rules:
  - id: asked
    when: 'true'
    then: supervise
    approval:
      stages:
        - { name: finance, approvers: ['${LEAD}'], remind: 15m, escalate: { after: 1h, to: ['${CFO}'] } }
      expires: 4h
      extendUpTo: 24h
breakGlass: { allow: ['role:incident-commander'], review: { approvers: ['group:risk'], within: 24h } }
notify: ['#finance-approvals']
outcome: { within: 100d }
`;

describe.skipIf(SERVER === null)('hours and days (skipped where the time-skipping server cannot be had)', () => {
  let folder: ReturnType<typeof policiesFolder>;
  let world: SkippingWorld;
  beforeAll(async () => {
    folder = policiesFolder({ 'test.time.yaml': POLICY });
    world = await openSkippingWorld(SERVER ?? '', folder.path);
  });
  afterAll(async () => {
    await world.close();
    folder.remove();
  });

  const ask = async (more: object = {}, as?: string) => {
    const action = await world.ask({ ...REFUND, surface: 'test.time', ...more }, as);
    return { id: action.id, action, openedAt: Date.parse(action.approval?.expiresAt ?? '') - 4 * HOUR };
  };
  const told = (id: string, kinds: string[]) =>
    eventually(
      `${kinds.join(', ')} is told`,
      () => Promise.resolve(JSON.stringify(world.told(id)) === JSON.stringify(kinds) ? true : undefined),
      { withinMs: 30_000 },
    );
  const becomes = (id: string, status: string) =>
    eventually(`it becomes ${status}`, async () => {
      const action = await world.action(id);
      return action.status === status ? action : undefined;
    });

  it('a reminder after 15 minutes, others asked after an hour, a warning when a fifth is left, the end after four hours', async () => {
    const { id, action } = await ask();
    expect(action.status).toBe('supervised');
    await told(id, []);
    await world.pass(14 * MINUTE);
    expect(world.told(id)).toEqual([]);
    await world.pass(2 * MINUTE);
    await told(id, ['reminder']);
    await expect(world.decide(id, CFO, { decision: 'approve' })).rejects.toMatchObject({ code: 'not-an-approver' });
    await world.pass(43 * MINUTE);
    expect(await world.sealed(id)).toEqual(['verdict']);
    await world.pass(2 * MINUTE);
    await told(id, ['reminder', 'escalated']);
    expect(await world.sealed(id)).toEqual(['verdict', 'escalated']);
    await world.pass(2 * HOUR + 10 * MINUTE);
    expect(world.told(id)).toHaveLength(2);
    await world.pass(2 * MINUTE);
    await told(id, ['reminder', 'escalated', 'warning']);
    await world.pass(46 * MINUTE);
    expect((await world.action(id)).status).toBe('supervised');
    await world.pass(2 * MINUTE);
    expect((await becomes(id, 'expired')).permit).toBeNull();
    expect(await world.sealed(id)).toEqual(['verdict', 'escalated', 'expired']);
    await world.pass(3 * DAY);
    await told(id, ['reminder', 'escalated', 'warning', 'expired']);
  });

  it('a decision in the last minute counts; the person asked later may give it', async () => {
    const { id } = await ask();
    await world.pass(4 * HOUR - MINUTE);
    await eventually('it is escalated', async () => ((await world.sealed(id)).length > 1 ? true : undefined));
    expect((await world.decide(id, CFO, { decision: 'approve' })).status).toBe('released');
    expect(await world.sealed(id)).toEqual(['verdict', 'escalated', 'approve', 'release']);
  });

  it('extended to 24 hours and no further: warned again, and decided on the next day', async () => {
    const { id, openedAt } = await ask();
    const until24 = (ms: number) => ({ decision: 'extend' as const, until: new Date(openedAt + ms).toISOString() });
    await world.pass(3 * HOUR);
    await told(id, ['reminder', 'escalated']);
    await expect(world.decide(id, LEAD, until24(DAY + 1))).rejects.toMatchObject({ code: 'change-not-allowed' });
    await world.decide(id, LEAD, until24(DAY));
    await world.pass(5 * HOUR);
    expect((await world.action(id)).status).toBe('supervised');
    await told(id, ['reminder', 'escalated', 'extended']);
    await world.pass(15 * HOUR);
    await told(id, ['reminder', 'escalated', 'extended', 'warning']);
    expect((await world.decide(id, LEAD, { decision: 'approve' })).status).toBe('released');
  });

  it('extended to 24 hours, and then it ends', async () => {
    const { id, openedAt } = await ask();
    await world.decide(id, LEAD, { decision: 'extend', until: new Date(openedAt + DAY).toISOString() });
    await world.pass(DAY - MINUTE);
    expect((await world.action(id)).status).toBe('supervised');
    await world.pass(2 * MINUTE);
    await becomes(id, 'expired');
  });

  it('a question does not stop the clock', async () => {
    const { id } = await ask();
    await world.pass(HOUR / 2);
    await world.decide(id, LEAD, { decision: 'return', reason: 'which order?' });
    await world.pass(31 * MINUTE);
    await eventually('others are asked', async () =>
      (await world.sealed(id)).includes('escalated') ? true : undefined,
    );
    await world.pass(3 * HOUR);
    await becomes(id, 'expired');
    expect(await world.sealed(id)).toEqual(['verdict', 'return', 'escalated', 'expired']);
  });

  const emergency = {
    actor: { id: COMMANDER, type: 'user' },
    context: { urgency: 'emergency', reason: 'checkout is down' },
  };

  it('a broken glass is reviewed within 24 hours: reminded half-way, overdue when it is not, and still reviewed then', async () => {
    const { id, action } = await ask(emergency, COMMANDER);
    expect(action.status).toBe('released');
    await world.pass(12 * HOUR + MINUTE);
    await told(id, ['break_glass', 'lapsed', 'reminder']);
    await world.pass(11 * HOUR + 58 * MINUTE);
    expect(await world.sealed(id)).toEqual(['verdict', 'release', 'outcome']);
    await world.pass(2 * MINUTE);
    await told(id, ['break_glass', 'lapsed', 'reminder', 'review_overdue']);
    expect(await world.sealed(id)).toEqual(['verdict', 'release', 'outcome', 'review']);
    await world.pass(DAY);
    await told(id, ['break_glass', 'lapsed', 'reminder', 'review_overdue', 'review_overdue']);
    await world.review(id, RISK, false);
    expect(await world.sealed(id)).toEqual(['verdict', 'release', 'outcome', 'review', 'review']);
    await world.pass(3 * DAY);
    await told(id, ['break_glass', 'lapsed', 'reminder', 'review_overdue', 'review_overdue', 'reviewed']);
  });

  it('a broken glass that is reviewed in time is never overdue', async () => {
    const { id } = await ask(emergency, COMMANDER);
    await world.pass(2 * HOUR);
    await expect(world.review(id, DUTY, true)).rejects.toMatchObject({ code: 'not-an-approver' });
    await world.review(id, RISK, true);
    await world.pass(3 * DAY);
    await told(id, ['break_glass', 'lapsed', 'reviewed']);
    expect(await world.sealed(id)).toEqual(['verdict', 'release', 'outcome', 'review']);
  });

  it('four hours are four hours in the night in which clocks are set forward', async () => {
    // 02:00 in Berlin becomes 03:00 on 28 March 2027, at 01:00 UTC.
    await world.pass(Date.UTC(2027, 2, 27, 23) - world.now());
    const { id } = await ask();
    await world.pass(4 * HOUR - MINUTE);
    expect((await world.action(id)).status).toBe('supervised');
    await world.pass(2 * MINUTE);
    await becomes(id, 'expired');
  });
});
