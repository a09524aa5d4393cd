import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { eventually } from '../support/eventually.ts';
import { openReceiver, type Receiver } from '../support/receiver.ts';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, startTestStack, type TestStack } from '../support/stack.ts';

const IC = 'user:incident-commander@acme.test';
const RISK = 'user:risk-officer@acme.test';
const AUDITOR = 'user:auditor@acme.test';

let stack: TestStack;
let receiver: Receiver;
let folder: ReturnType<typeof policiesFolder>;

const policy = (name: string, within: string, more = ''): string => `# yaml-language-server: $schema=policy.schema.json
policy: ${name}
surfaces: [${name}]
rules:
  - id: needs-a-yes
    when: 'true'
    then: supervise
    approval: { stages: [{ name: on duty, approvers: ['role:duty-manager'] }], expires: 1h }
breakGlass:
  allow: ['role:incident-commander']
  review: { approvers: ['group:risk', 'role:incident-commander'], within: ${within} }${more}
notify: ['#deployments', '${receiver.url}/pager']
disclose: [params.version]
`;

beforeAll(async () => {
  receiver = await openReceiver();
  folder = policiesFolder({
    'rare.yaml': policy('test.rare', '24h', '\n  limit: { max: 1, window: 7d }'),
    'slow.yaml': policy('test.slow', '1s'),
    'seen.yaml': policy('test.seen', '24h'),
  });
  stack = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
  await receiver.close();
});

const emergency = (surface: string, more: object = {}): object => ({
  surface,
  action: 'deploy.start',
  actor: { id: IC, type: 'user' },
  params: { version: '1.42.1' },
  context: { urgency: 'emergency', reason: 'checkout is down for everybody' },
  ...more,
});
/** The commander asks, as themself. */
const ownWord = async (surface: string) => stack.ask(emergency(surface), { token: await stack.person(IC) });
const slackId = (person: string): string =>
  stack.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const shown = (action: string, test: (text: string) => boolean) =>
  stack.sandbox.control.waitFor(
    () =>
      stack.sandbox.control
        .messages('deployments')
        .find(
          (one) =>
            one.threadTs === undefined && JSON.stringify(one.blocks).includes(action) && test(JSON.stringify(one)),
        ),
    30_000,
  );
const recordsOf = async (id: string, type: string) =>
  (await stack.call('GET', `/v1/records?action=${id}&type=${type}`)).body.records.map(
    (item: { record: unknown }) => item.record,
  );

describe('breaking the glass', () => {
  it('releases at once on that person’s word and reason, and says so loudly', async () => {
    const asked = await stack.ask(emergency('test.seen'), { token: await stack.person(IC) });
    expect([asked.status, asked.body.status]).toEqual([200, 'released']);
    expect(asked.body.permit).toEqual(expect.any(String));
    expect(asked.body.verdict).toMatchObject({ decision: 'approve', basis: 'break_glass' });
    expect(asked.body.verdict.reasons[0]).toContain('checkout is down for everybody');
    const id = asked.body.id as string;
    const [release] = await recordsOf(id, 'release');
    expect(release).toMatchObject({ basis: 'break_glass' });

    const message = await shown(id, () => true);
    expect(message.text).toContain('Break-glass');
    expect(JSON.stringify(message.blocks)).toContain('checkout is down for everybody');
    const thread = await stack.sandbox.control.waitFor(() => {
      const lines = stack.sandbox.control.thread(message.channel, message.ts);
      return lines.some(({ text }) => text.includes('Released at once, in an emergency')) && lines;
    }, 30_000);
    expect(JSON.stringify(thread)).toContain('checkout is down for everybody');
    // Every reviewer is told in person, beside the channel; whoever broke it is told who will look.
    for (const person of [RISK, 'user:risk-analyst@acme.test']) {
      await stack.sandbox.control.waitFor(
        () =>
          stack.sandbox.control
            .messages(stack.sandbox.control.im(slackId(person)).id)
            .find((one) => JSON.stringify(one.blocks).includes(id)),
        30_000,
      );
    }
    await stack.sandbox.control.waitFor(
      () =>
        stack.sandbox.control
          .messages(stack.sandbox.control.im(slackId(IC)).id)
          .find(({ text }) => text.includes('Released at once, in an emergency')),
      30_000,
    );
    const paged = await receiver.waitFor(({ body }) => body.type === 'break_glass.released' && body.data.action === id);
    expect(paged.body.data).toMatchObject({
      by: IC,
      reason: 'checkout is down for everybody',
      people: expect.arrayContaining([{ id: RISK, name: 'Rosa Okafor' }]),
      url: expect.stringContaining(id),
    });
  });

  it.each<[string, object, 'key' | 'agent' | 'person', string, string]>([
    [
      'without a reason',
      emergency('test.seen', { context: { urgency: 'emergency' } }),
      'person',
      'unclear',
      'no reason was given',
    ],
    [
      'in the name of somebody whom the key does not speak for',
      emergency('test.seen', { actor: { id: 'agent:bot', type: 'agent', onBehalfOf: { id: IC, type: 'user' } } }),
      'agent',
      'unclear',
      'may not speak for',
    ],
    [
      'by anybody else',
      emergency('test.seen', { actor: { id: LEAD, type: 'user' } }),
      'key',
      'rule',
      'asks for approval',
    ],
  ])('does not happen %s: it waits as ever, and says why', async (_what, body, as, basis, why) => {
    const scope = { surfaces: ['test.*'], actors: ['agent:bot'] };
    const tokens: Record<string, () => Promise<string>> = {
      person: () => stack.person(IC),
      agent: async () => (await stack.call('POST', '/v1/api-keys', scope)).body.key as string,
    };
    const token = await tokens[as]?.();
    const asked = await stack.ask(body, token === undefined ? {} : { token });
    expect([asked.status, asked.body.status, asked.body.permit]).toEqual([202, 'supervised', null]);
    expect(asked.body.verdict.basis).toBe(basis);
    expect(asked.body.verdict.reasons.join()).toContain(why);
  });

  it('is rare: beyond the limit the ordinary verdict stands, also when what was released has failed', async () => {
    const first = await ownWord('test.rare');
    expect(first.body.verdict.basis).toBe('break_glass');
    await stack.call('POST', '/v1/permits/redeem', { permit: first.body.permit });
    const reported = await stack.call('POST', `/v1/actions/${first.body.id}/outcome`, {
      permit: first.body.permit,
      status: 'failed',
    });
    expect(reported.body.status).toBe('failed');
    const second = await ownWord('test.rare');
    expect([second.status, second.body.verdict.basis]).toEqual([202, 'limit']);
    expect(second.body.verdict.reasons.join()).toContain('may break it once in 7 days');
    // Two at once do not both fit either.
    expect((await ownWord('test.seen')).body.verdict.basis).toBe('break_glass');
    const both = await Promise.all([ownWord('test.seen'), ownWord('test.seen')]);
    expect(both.map(({ body }) => body.verdict.basis)).toEqual(['limit', 'limit']);
  });
});

describe('the review', () => {
  it('is made by somebody else, in Slack, and sealed with what was shown', async () => {
    const reviews = await stack.call('GET', '/v1/reviews?status=open', undefined, { token: await stack.person(RISK) });
    const mine = reviews.body.reviews.find((one: { surface: string }) => one.surface === 'test.seen');
    expect(mine).toMatchObject({ by: IC, reason: 'checkout is down for everybody', result: null });
    expect(mine.reviewers).not.toContain(IC);
    const id = mine.action as string;
    const own = await stack.call(
      'POST',
      `/v1/actions/${id}/review`,
      { right: true, reason: 'I did well' },
      { token: await stack.person(IC) },
    );
    expect([own.status, own.body.code]).toEqual([403, 'own-request']);
    const other = await stack.call(
      'POST',
      `/v1/actions/${id}/review`,
      { right: true, reason: 'fine' },
      { token: await stack.person(LEAD) },
    );
    expect(other.status).toBe(403);

    const { control } = stack.sandbox;
    const message = await shown(id, (text) => text.includes('approve_form'));
    const said = control.ephemerals(slackId(IC)).length;
    await control.click({ user: slackId(IC), channel: message.channel, ts: message.ts, actionId: 'approve_form' });
    await control.waitFor(() => control.ephemerals(slackId(IC))[said], 30_000);
    expect(control.modal(slackId(IC))).toBeUndefined();

    await control.slashCommand({ user: slackId(RISK), command: '/countersign', text: 'pending' });
    expect(JSON.stringify(control.ephemerals(slackId(RISK)).at(-1))).toContain('Review: deploy.start');
    await control.click({ user: slackId(RISK), channel: message.channel, ts: message.ts, actionId: 'refuse_form' });
    const modal = await control.waitFor(() => control.modal(slackId(RISK)), 30_000);
    const values = { reason: 'a rollback would have done' };
    expect((await control.submit({ user: slackId(RISK), viewId: modal.id, values })).outcome).toBe('closed');
    const reviewed = await shown(id, (text) => text.includes('a rollback would have done'));
    expect(JSON.stringify(reviewed.blocks)).not.toContain('_form"');
    const [record] = await recordsOf(id, 'review');
    expect(record).toMatchObject({
      by: RISK,
      reason: 'a rollback would have done',
      body: {
        state: 'done',
        right: false,
        via: 'slack',
        brokenBy: IC,
        given: 'checkout is down for everybody',
        shown: { renderer: expect.stringMatching(/^slack\//), hash: expect.stringMatching(/^sha256:/) },
      },
    });
    await receiver.waitFor(({ body }) => body.type === 'review.done' && body.data.action === id);
    const again = await stack.call(
      'POST',
      `/v1/actions/${id}/review`,
      { right: true, reason: 'no' },
      { token: await stack.person(RISK) },
    );
    expect([again.status, again.body.code]).toEqual([409, 'not-open']);
  });

  it('that nobody makes in time is overdue everywhere: message, thread, Home, command, list, report, webhook', async () => {
    const asked = await ownWord('test.slow');
    const id = asked.body.id as string;
    const overdue = await shown(id, (text) => text.includes('Review overdue'));
    const { control } = stack.sandbox;
    await control.waitFor(
      () => control.thread(overdue.channel, overdue.ts).find(({ text }) => text.includes('review is overdue')),
      30_000,
    );
    expect(await recordsOf(id, 'review')).toMatchObject([{ by: null, body: { state: 'overdue', via: 'engine' } }]);
    await receiver.waitFor(({ body }) => body.type === 'review.overdue' && body.data.action === id);

    const risk = { token: await stack.person(RISK) };
    const list = await stack.call('GET', '/v1/reviews?status=overdue', undefined, risk);
    const { items } = (await stack.call('GET', '/v1/inbox', undefined, risk)).body;
    expect(items).toContainEqual(expect.objectContaining({ id, kind: 'review', state: 'review_overdue' }));
    expect(list.body.reviews.map(({ action }: { action: string }) => action)).toContain(id);
    await control.openHome(slackId(RISK));
    const home = await control.waitFor(() => control.home(slackId(RISK)), 30_000);
    expect(JSON.stringify(home.blocks)).toContain('Overdue reviews');
    await control.slashCommand({ user: slackId(RISK), command: '/countersign', text: 'pending' });
    expect(JSON.stringify(control.ephemerals(slackId(RISK)).at(-1)?.blocks)).toContain('Overdue review: deploy.start');

    const auditor = { token: await stack.person(AUDITOR) };
    const report = await stack.call('GET', '/v1/reports/break-glass?from=2026-01-01', undefined, auditor);
    expect(report.status).toBe(200);
    expect(report.body).toMatchObject({ overdue: expect.any(Number), people: [{ by: IC }], wrong: 1, cut: false });
    expect(report.body.overdue).toBeGreaterThan(0);
    const item = report.body.items.find(({ action }: { action: string }) => action === id);
    expect(item).toMatchObject({
      by: IC,
      surface: 'test.slow',
      status: 'overdue',
      late: true,
      reason: 'checkout is down for everybody',
      result: null,
    });
    expect((await stack.call('GET', '/v1/reports/break-glass', undefined, risk)).status).toBe(403);
    expect((await stack.call('GET', '/v1/reports/break-glass?from=soon', undefined, auditor)).status).toBe(400);

    const cli = (...args: string[]) =>
      countersign([...args, '--url', stack.url, '--data', stack.dataDir], {
        env: { COUNTERSIGN_POLICIES: folder.path },
      });
    const told = await cli('report', 'break-glass', '--from', '2026-01-01', '--as', AUDITOR);
    // 3: something is overdue.
    expect([told.code, told.err]).toEqual([3, '']);
    expect(told.out).toContain('OVERDUE since');
    expect(told.out).toContain('checkout is down for everybody');
    expect((await cli('report', 'break-glass', '--to', '2026-01-01', '--as', AUDITOR)).out).toContain(': 0\n');
    expect((await cli('review', '--as', RISK)).out).toContain(id);
    expect((await cli('review', id, '--right', '--wrong', '--reason', 'x', '--as', RISK)).code).toBe(2);

    // Late is better than never, and is told as late.
    const late = await cli('review', id, '--right', '--reason', 'it was needed', '--as', RISK);
    expect([late.code, late.err]).toEqual([0, '']);
    expect(await recordsOf(id, 'review')).toMatchObject([{ body: { state: 'done', via: 'cli' } }, {}]);
    const after = await eventually('the report has it', async () => {
      const read = await stack.call('GET', '/v1/reports/break-glass', undefined, auditor);
      return read.body.right === 1 ? read : undefined;
    });
    expect(after.body.items.find(({ action }: { action: string }) => action === id)).toMatchObject({
      status: 'done',
      late: true,
      result: { by: RISK, right: true },
    });
  });
});
