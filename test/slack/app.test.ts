import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CountersignError } from '../../src/contract/index.ts';
import { RENDERER } from '../../src/slack/blocks/index.ts';
import { ACTION, NOW, WAITING } from './messages.ts';
import { openBench, until, type Bench } from './bench.ts';

const FINANCE = 'U0FINANCE';
const CFO = 'U0CFO';

describe.each(['http', 'socket'] as const)('over %s', (mode) => {
  let bench: Bench;
  let at: { channel: string; ts: string };
  beforeEach(async () => {
    bench = await openBench(mode);
  });
  afterEach(async () => {
    await bench.stop();
  });

  const shown = (): string => {
    const message = bench.control.messages(at.channel).find(({ ts }) => ts === at.ts);
    return JSON.stringify([message?.text, message?.blocks]);
  };
  const heard = (user: string): string =>
    bench.control
      .ephemerals(user)
      .map(({ text }) => text)
      .join('\n');
  const click = (user: string, actionId: string, more: object = {}) =>
    bench.control.click({ user, ...at, actionId, ...more });
  /** Clicks and waits for the form. */
  const open = async (user: string, actionId: string): Promise<string> => {
    expect((await click(user, actionId)).ok).toBe(true);
    return (await bench.control.waitFor(() => bench.control.modal(user))).id;
  };

  test('one click approves: acknowledged when it is sealed, with what was shown', async () => {
    at = await bench.ask();
    const result = await click(FINANCE, 'approve');
    expect(result).toMatchObject({ ok: true, status: 200 });
    expect(bench.door.decisions).toEqual([
      {
        tenant: 'default',
        action: ACTION,
        person: 'user:finance-lead@acme.test',
        decision: { decision: 'approve', stage: 0 },
        slack: { workspace: 'T0SANDBOX', user: FINANCE, channel: at.channel, message: at.ts },
        shown: { hash: expect.stringMatching(/^sha256:/) as string, renderer: RENDERER },
        responsibility: WAITING.responsibility,
      },
    ]);
    expect(shown()).toContain('✅ Approved');
    expect(shown()).not.toContain('"button"');
    expect(bench.control.ephemerals(FINANCE)).toEqual([]);
    expect(bench.control.problems).toEqual([]);
  });

  test('refusing opens a form, wants a reason, and seals it', async () => {
    at = await bench.ask();
    const viewId = await open(FINANCE, 'refuse_form');
    expect(await bench.control.submit({ user: FINANCE, viewId })).toMatchObject({ sent: false, outcome: 'errors' });
    const blank = await bench.control.submit({ user: FINANCE, viewId, values: { reason: '  ' } });
    expect(blank).toMatchObject({ outcome: 'errors', errors: { reason: expect.stringContaining('reason') as string } });
    expect(bench.door.decisions).toEqual([]);
    const sent = await bench.control.submit({ user: FINANCE, viewId, values: { reason: 'Duplicate <!channel>' } });
    expect(sent.outcome).toBe('closed');
    expect(bench.door.decisions[0]).toMatchObject({
      decision: { decision: 'refuse', reason: 'Duplicate <!channel>', stage: 0 },
      responsibility: null,
    });
    expect(shown()).toContain('Duplicate &lt;!channel&gt;');
  });

  test('approving with a reason and a change', async () => {
    at = await bench.ask({
      controls: {
        ...WAITING.controls,
        approveReason: 'required',
        mayChange: [{ path: 'params.amount', label: 'Amount', kind: 'number', value: '420.5' }],
      },
    });
    const viewId = await open(FINANCE, 'approve_form');
    const values = { reason: 'Partial', change_0: '12345678901234567' };
    const wrong = await bench.control.submit({ user: FINANCE, viewId, values });
    expect(wrong).toMatchObject({ outcome: 'errors', errors: { change_0: expect.stringContaining('15') as string } });
    const sent = await bench.control.submit({ user: FINANCE, viewId, values: { ...values, change_0: '300' } });
    expect(sent.outcome).toBe('closed');
    expect(bench.door.decisions[0]?.decision).toEqual({
      decision: 'approve',
      stage: 0,
      reason: 'Partial',
      changes: { 'params.amount': 300 },
    });
  });

  test('what is refused at the submission keeps the form and what was typed', async () => {
    at = await bench.ask();
    const viewId = await open(FINANCE, 'refuse_form');
    bench.door.failure = new CountersignError('unavailable', 'the engine cannot be reached');
    const sent = await bench.control.submit({ user: FINANCE, viewId, values: { reason: 'Because' } });
    expect(sent).toMatchObject({ outcome: 'errors', errors: { reason: expect.stringContaining('reached') as string } });
    bench.door.failure = null;
    expect((await bench.control.submit({ user: FINANCE, viewId })).outcome).toBe('closed');
    expect(bench.door.decisions[0]?.decision.reason).toBe('Because');
  });

  test('asking back and extending', async () => {
    at = await bench.ask();
    let viewId = await open(FINANCE, 'return_form');
    expect((await bench.control.submit({ user: FINANCE, viewId, values: { reason: 'Which?' } })).outcome).toBe(
      'closed',
    );
    viewId = await open(CFO, 'extend_form');
    const past = await bench.control.submit({ user: CFO, viewId, values: { until: NOW + 48 * 3600 } });
    expect(past.errors).toHaveProperty('until');
    expect((await bench.control.submit({ user: CFO, viewId, values: { until: NOW + 8 * 3600 } })).outcome).toBe(
      'closed',
    );
    expect(bench.door.decisions.map(({ decision }) => decision)).toEqual([
      { decision: 'return', stage: 0, reason: 'Which?' },
      { decision: 'extend', stage: 0, until: '2026-11-21T20:00:00.000Z' },
    ]);
  });

  test.each([
    ['U0STRANGER', 'belongs to nobody in the directory', 'unauthenticated'],
    ['U0GUEST', 'Guests of a Slack workspace do not decide', 'forbidden'],
    ['U0OTHER', '', 'forbidden'],
    ['U0GONE', 'deactivated', 'forbidden'],
  ])('%s is told why not, and nothing changes', async (user, why, code) => {
    at = await bench.ask();
    const before = shown();
    for (const actionId of ['approve', 'refuse_form']) {
      await click(user, actionId, { force: true });
      if (user === 'U0OTHER') await until(() => bench.door.attempts.length > 0);
      else await until(() => heard(user).includes(why));
    }
    expect(bench.door.decisions).toEqual([]);
    expect(bench.control.modal(user)).toBeUndefined();
    expect(shown()).toBe(before);
    expect(bench.door.attempts.map((attempt) => attempt.code)).toContain(code);
  });

  test.each([
    ['U0REQUESTER', 'You cannot decide your own request'],
    [CFO, 'This is not yours to decide'],
  ])('%s, who is in the directory but may not decide, is told so', async (user, why) => {
    const [finance] = WAITING.stages;
    at = await bench.ask({ stages: finance === undefined ? [] : [{ ...finance, people: finance.people.slice(0, 1) }] });
    await click(user, 'approve');
    await until(() => heard(user).includes(why));
    await click(user, 'refuse_form');
    await until(() => bench.control.ephemerals(user).length === 2);
    expect(bench.control.modal(user)).toBeUndefined();
    expect(bench.door.decisions).toEqual([]);
  });

  test('a late click says who decided, and the message shows it', async () => {
    at = await bench.ask();
    await click(FINANCE, 'approve');
    await click(CFO, 'approve', { stale: true });
    expect(heard(CFO)).toMatch(/No longer open[^]*finance-lead@acme.test[^]*approved/);
    expect(bench.door.decisions).toHaveLength(1);
  });

  test('a click while a freeze is in force is told so', async () => {
    at = await bench.ask();
    await bench.post({ ...WAITING, revision: 2, state: 'frozen', ask: null });
    await click(FINANCE, 'approve', { stale: true });
    expect(heard(FINANCE)).toContain('A freeze is in force');
    expect(bench.door.decisions).toEqual([]);
  });

  test('one click delivered twice, or two people at once: one decision, the other is told', async () => {
    at = await bench.ask();
    bench.control.inject({ deliver: 'duplicate-concurrently' });
    await Promise.all([click(FINANCE, 'approve'), click(CFO, 'approve')]);
    await until(() => heard(FINANCE).length + heard(CFO).length > 0);
    expect(bench.door.decisions).toHaveLength(1);
    expect(heard(FINANCE) + heard(CFO)).toMatch(/Already decided|No longer open/);
  });

  test('a click on what was shown before is not taken for one on what is shown now', async () => {
    at = await bench.ask();
    await bench.post({ ...WAITING, revision: 2, amount: '999.00 USD' });
    await click(FINANCE, 'approve', { stale: true });
    await until(() => heard(FINANCE).includes('It changed while you looked'));
    expect(bench.door.decisions).toEqual([]);
    await click(FINANCE, 'approve');
    expect(bench.door.decisions).toHaveLength(1);
  });

  test('a form about what changed meanwhile is not taken either', async () => {
    at = await bench.ask();
    const viewId = await open(FINANCE, 'refuse_form');
    await bench.post({ ...WAITING, revision: 2, amount: '9.00 USD' });
    const sent = await bench.control.submit({ user: FINANCE, viewId, values: { reason: 'no' } });
    expect(sent.errors['reason']).toContain('changed while this form was open');
    expect(bench.door.decisions).toEqual([]);
  });

  test('a message that is not on file as ours decides nothing', async () => {
    at = await bench.ask();
    bench.door.rows.length = 0;
    await click(FINANCE, 'approve');
    await until(() => heard(FINANCE).includes('not a message that Countersign sent'));
    expect(bench.door.decisions).toEqual([]);
    expect(bench.door.attempts[0]).toMatchObject({ code: 'not-found', slack: { message: at.ts } });
  });

  test('slower than Slack waits: acknowledged in time, finished behind it', async () => {
    at = await bench.ask();
    bench.door.slowMs = 2600;
    const slow = await click(FINANCE, 'approve');
    expect(slow.ok).toBe(true);
    expect(bench.door.decisions).toEqual([]);
    await until(() => shown().includes('✅ Approved'));
    expect(bench.door.decisions).toHaveLength(1);
  });

  test('a slow refusal of a slow click is told, and nothing changes', async () => {
    at = await bench.ask();
    bench.door.slowMs = 2600;
    bench.door.failure = new CountersignError('unavailable', 'the engine cannot be reached');
    expect((await click(FINANCE, 'approve')).ok).toBe(true);
    await until(() => heard(FINANCE).includes('Not sealed yet'));
    expect(shown()).toContain('"approve"');
  });

  test('a slow submission says so, and then what became of it, with what was typed', async () => {
    at = await bench.ask();
    const viewId = await open(FINANCE, 'refuse_form');
    bench.door.slowMs = 2600;
    bench.door.failure = new CountersignError('unavailable', 'the engine cannot be reached');
    const sent = await bench.control.submit({ user: FINANCE, viewId, values: { reason: 'Because' } });
    expect(sent).toMatchObject({ ok: true, outcome: 'updated' });
    expect(JSON.stringify(bench.control.modal(FINANCE)?.title)).toContain('Being sealed');
    await until(() => JSON.stringify(bench.control.modal(FINANCE)).includes('The engine cannot be reached'));
    bench.door.slowMs = 0;
    bench.door.failure = null;
    expect((await bench.control.submit({ user: FINANCE, viewId })).outcome).toBe('closed');
    expect(bench.door.decisions[0]?.decision.reason).toBe('Because');
  });

  test('Slack’s limits and outages while somebody clicks', async () => {
    at = await bench.ask();
    bench.control.inject({ api: 'users.info', answer: 429, retryAfter: 30 });
    await click(FINANCE, 'approve');
    await until(() => heard(FINANCE).includes('could not say who you are'));
    expect(bench.door.decisions).toEqual([]);
    bench.control.inject({ api: 'views.open', answer: 500 });
    await click(FINANCE, 'refuse_form');
    await until(() => heard(FINANCE).includes('did not open the form'));
    bench.control.inject({ outage: true });
    expect((await click(CFO, 'approve')).ok).toBe(true);
    expect(bench.door.decisions).toEqual([]);
    bench.control.inject({ outage: false });
    await click(CFO, 'approve');
    expect(bench.door.decisions).toHaveLength(1);
  });

  test('several alike are decided together, each by itself', async () => {
    const other = { ...WAITING, action: `act_${'f'.repeat(64)}`, amount: '310 USD' };
    const gone = { ...WAITING, action: `act_${'e'.repeat(64)}` };
    const alike = [other, gone].map(({ action, revision, stage }) => ({ action, revision, stage, summary: action }));
    at = await bench.ask({ alike });
    bench.door.messages.set(other.action, other);
    bench.door.messages.set(gone.action, { ...gone, ask: null, state: 'refused' });
    const viewId = await open(FINANCE, 'alike_form');
    const none = await bench.control.submit({ user: FINANCE, viewId, values: { decision: 'refuse' } });
    expect(none.errors).toHaveProperty('reason');
    const sent = await bench.control.submit({ user: FINANCE, viewId, values: { decision: 'approve' } });
    expect(sent.outcome).toBe('updated');
    expect(JSON.stringify(bench.control.modal(FINANCE))).toContain('2 sealed');
    expect(bench.door.decisions.map(({ action }) => action)).toEqual([WAITING.action, other.action]);
  });

  test('the Home tab is the inbox, and decides', async () => {
    await bench.ask();
    expect((await bench.control.openHome(FINANCE)).ok).toBe(true);
    const home = await bench.control.waitFor(() => bench.control.home(FINANCE));
    expect(JSON.stringify(home.blocks)).toContain('refund.create, 420.50 USD');
    await bench.control.clickInView({ user: FINANCE, viewId: home.id, actionId: 'open_form' });
    const modal = await bench.control.waitFor(() => bench.control.modal(FINANCE));
    const values = { decision: 'refuse', reason: 'Not now' };
    expect((await bench.control.submit({ user: FINANCE, viewId: modal.id, values })).outcome).toBe('closed');
    expect(bench.door.decisions[0]).toMatchObject({
      decision: { decision: 'refuse', reason: 'Not now' },
      slack: { channel: 'view', message: `view:${home.id}` },
    });
    bench.door.frozen = true;
    bench.door.mayLift = false;
    await bench.control.openHome(FINANCE);
    const stopped = await bench.control.waitFor(() => {
      const now = bench.control.home(FINANCE);
      return JSON.stringify([now]).includes('Frozen') && now;
    });
    expect(JSON.stringify(stopped.blocks)).not.toContain('lift_form');
    bench.door.mayLift = true;
    await bench.control.openHome(FINANCE);
    const mine = await bench.control.waitFor(() => {
      const now = bench.control.home(FINANCE);
      return JSON.stringify([now]).includes('lift_form') && now;
    });
    await bench.control.clickInView({ user: FINANCE, viewId: mine.id, actionId: 'lift_form' });
    const lift = await bench.control.waitFor(() => bench.control.modal(FINANCE));
    bench.door.frozen = false;
    expect((await bench.control.submit({ user: FINANCE, viewId: lift.id, values: {} })).outcome).toBe('errors');
    const forged = await bench.control.submit({ user: FINANCE, viewId: lift.id, values: { reason: 'over' } });
    expect(forged.outcome).toBe('closed');
    expect(bench.door.lifts).toMatchObject([{ id: 'frz_12345678', reason: 'over' }]);
    await until(() => !JSON.stringify([bench.control.home(FINANCE)]).includes('Frozen'));
    await bench.control.openHome('U0STRANGER');
    await until(() => JSON.stringify([bench.control.home('U0STRANGER')]).includes('belongs to nobody'));
  });

  test('/countersign', async () => {
    await bench.ask();
    const said = async (text: string, user = FINANCE): Promise<string> => {
      const before = bench.control.ephemerals(user).length;
      expect((await bench.control.slashCommand({ user, command: '/countersign', text })).ok).toBe(true);
      return JSON.stringify(bench.control.ephemerals(user).slice(before));
    };
    expect(await said('')).toContain('pending');
    expect(await said('dance')).toContain('There is no command dance');
    expect(await said('pending')).toContain('1 waiting for you');
    expect(await said('show act_0123')).toContain('refund.create, 420.50 USD');
    expect(await said('show act_9999')).toContain('not yours to see');
    expect(await said('delegate <@U0CFO|cfo> until 2099-12-24 for payments.*')).toContain(
      'Chidi Forde decides for you',
    );
    expect(await said('delegate @cfo until friday')).toContain('a name alone is nobody');
    expect(await said('freeze surface payments.refund because investigation')).toContain(
      'Frozen: surface payments.refund',
    );
    expect(await said('freezes')).toContain('Nothing is frozen');
    bench.door.frozen = true;
    expect(await said('freezes')).toContain('since');
    expect(await said('lift frz_1234')).toContain('Say which freeze and why');
    expect(await said('lift frz_12345678 because it is over')).toContain('Lifted: everything');
    expect(bench.door.lifts).toMatchObject([{ id: 'frz_12345678', reason: 'it is over', slack: { user: FINANCE } }]);
    expect(await said('pending', 'U0STRANGER')).toContain('belongs to nobody in the directory');
    expect(bench.door.delegations[0]).toMatchObject({ to: { slackUser: 'U0CFO' }, surfaces: ['payments.*'] });
    expect(bench.door.stops[0]).toMatchObject({ reason: 'investigation' });
  });
});
