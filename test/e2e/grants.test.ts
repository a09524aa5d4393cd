/** Standing approvals: a yes to the like, inside bounds, counted race-free, and ended at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { decide, policiesFolder } from '../support/policies.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const policy = (
  surface: string,
  more: string,
  approval = "{ stages: [{ name: finance, approvers: ['group:finance'] }] }",
) =>
  `policy: ${surface}
surfaces: [${surface}]
refusalStands: 0
notify: ['#finance-approvals']
rules:
  - { id: small, when: params.amount <= 10, then: approve }
  - { id: medium, when: 'true', then: supervise, approval: ${approval} }
disclose: [params.amount, params.currency, resource.id]
grants: { upTo: 2000, uses: 20, within: 12h }
${more}
`;
const QUORUM = "{ stages: [{ name: finance, approvers: ['group:finance'], quorum: 2 }] }";

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({
    'test.like.yaml': policy('test.like', 'effect: { kind: compensable }'),
    'test.other.yaml': policy('test.other', 'effect: { kind: compensable }'),
    'test.final.yaml': policy('test.final', 'effect: { kind: irreversible }'),
    'test.quorum.yaml': policy('test.quorum', 'effect: { kind: compensable }', QUORUM),
  });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

/** How many come, eight at once: they only make the test longer. */
const MANY = 40;

let order = 0;
const ask = async (surface: string, amount: number, actor = 'agent:support-bot') => {
  order += 1;
  const resource = { type: 'order', id: `ord_g${String(order)}` };
  const who = { ...REFUND.actor, id: actor };
  const body = { ...REFUND, surface, actor: who, resource, params: { amount, currency: 'USD' } };
  const key = `grants-${String(order)}`;
  // A busy machine may be too late with a verdict: the same key then asks for the same action.
  for (;;) {
    const answer = await it_.ask(body, { key });
    if (answer.status !== 503) return answer.body;
  }
};
const until = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
const grant = async (surface: string, bounds: object = {}, person = LEAD) => {
  const { id } = await ask(surface, 150);
  const token = await it_.person(person);
  const body = { decision: 'approve', grant: { until: until(1), ...bounds } };
  return { id, ...(await it_.call('POST', `/v1/actions/${id}/decisions`, body, { token })) };
};

describe('a standing approval', () => {
  it('covers exactly 20 of those that come at once, and the others ask people', async () => {
    const given = await grant('test.like', { uses: 20 });
    expect(given.body.grant).toMatch(/^grt_[0-9a-f]{32}$/);
    const answers: { id: string; status: string; verdict: { basis: string } }[] = [];
    for (let at = 0; at < MANY; at += 8) {
      answers.push(...(await Promise.all(Array.from({ length: 8 }, () => ask('test.like', 20)))));
    }
    const released = answers.filter(({ status }) => status === 'released');
    expect(released).toHaveLength(20);
    expect(released.every(({ verdict }) => verdict.basis === 'grant')).toBe(true);
    expect(answers.filter(({ status }) => status === 'supervised')).toHaveLength(MANY - 20);

    const { record } = (await it_.call('GET', `/v1/records?action=${given.id}&type=decision`)).body.records[0];
    const [use] = (await it_.call('GET', `/v1/records?action=${released[0]?.id}&type=release`)).body.records;
    expect(use.record.basis).toBe('grant');
    const [verdict] = (await it_.call('GET', `/v1/records?action=${released[0]?.id}&type=verdict`)).body.records;
    expect(verdict.record.facts.grants[0]).toMatchObject({
      grant: given.body.grant,
      by: LEAD,
      action: given.id,
      uses: 20,
    });
    const { grants } = (await it_.call('GET', '/v1/grants', undefined, { token: await it_.person(CFO) })).body;
    expect(grants).toMatchObject([{ id: given.body.grant, used: 20, sum: '400', upTo: '2000', currency: 'usd' }]);
    const sealed = (await it_.call('GET', `/v1/records/${grants[0].record}`)).body.record;
    expect(sealed).toMatchObject({
      type: 'grant',
      by: LEAD,
      body: { state: 'given', policy: 'test.like', rule: 'medium' },
    });
    expect(sealed.body.attested).toBeDefined();
    expect(record.by).toBe(LEAD);
    await it_.sandbox.control.waitFor(() => {
      const lines = it_.sandbox.control.messages('finance-approvals').filter(({ threadTs }) => threadTs !== undefined);
      return JSON.stringify(lines).includes('under this standing approval');
    }, 30_000);
  });

  it('is for the like alone, up to its sum, and not for another actor, surface or currency', async () => {
    const given = await grant('test.other', { upTo: '150' });
    expect(given.status).toBe(200);
    expect((await ask('test.other', 90)).verdict.basis).toBe('grant');
    expect((await ask('test.other', 90)).status).toBe('supervised');
    expect((await ask('test.other', 60)).verdict.basis).toBe('grant');
    expect((await ask('test.other', 11, 'agent:other-bot')).status).not.toBe('released');
    expect((await ask('test.other', 5)).verdict.basis).toBe('rule');
  });

  it('is ended at once by any approver, and releases nothing afterwards', async () => {
    const given = await grant('test.other');
    expect((await ask('test.other', 50)).verdict.basis).toBe('grant');
    const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: await it_.person(CFO) };
    expect((await countersign(['grants'], { env })).out).toContain(given.body.grant);
    const other = { token: await it_.person('user:sales-manager@acme.test') };
    expect((await it_.call('POST', `/v1/grants/${given.body.grant}/revoke`, {}, other)).status).toBe(404);
    const ended = await countersign(['grants', '--revoke', given.body.grant, '--reason', 'enough'], { env });
    expect(ended.code).toBe(0);
    const { grants } = (await it_.call('GET', '/v1/grants')).body;
    expect(grants.map(({ id }: { id: string }) => id)).not.toContain(given.body.grant);
    for (const one of grants) await it_.call('POST', `/v1/grants/${one.id}/revoke`, {});
    expect((await ask('test.other', 50)).status).toBe('supervised');
  });

  it('is given only inside what policy allows, by whom policy asks', async () => {
    const codes = async (surface: string, bounds: object, person = LEAD) => {
      const { status, body } = await grant(surface, bounds, person);
      return [status, body.code];
    };
    expect(await codes('test.like', { until: until(13) })).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.like', { uses: 21 })).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.like', { upTo: '2000.01' })).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.final', {})).toEqual([422, 'change-not-allowed']);
    expect(await codes('test.quorum', {})).toEqual([422, 'change-not-allowed']);
    expect(await codes('payments.refund', {})).toEqual([422, 'change-not-allowed']);
    const { id } = await ask('test.like', 100);
    const refuse = { decision: 'refuse', reason: 'no', grant: { until: until(1) } };
    const answer = await it_.call('POST', `/v1/actions/${id}/decisions`, refuse, { token: await it_.person(LEAD) });
    expect(answer.status).toBe(400);
    await decide(it_, id, { decision: 'approve' }, LEAD);
  });
});

describe('in Slack', () => {
  const slackIdOf = (person: string): string =>
    it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';

  it('is given from the message, told in its thread, and ended from there by another approver at once', async () => {
    const { control } = it_.sandbox;
    const driver = sandboxDriver(it_.sandbox);
    const actor = 'agent:sales-assistant';
    const { id } = await ask('test.like', 150, actor);
    const message = await driver.messageOf(id);
    await driver.click(slackIdOf(LEAD), message, 'grant_form');
    const user = slackIdOf(LEAD);
    const form = await control.waitFor(() => control.modal(user), 30_000);
    const inputs = form.blocks.flatMap(({ block_id: block, element }) => (element === undefined ? [] : [block]));
    expect(inputs).toEqual(['until', 'uses', 'up_to', 'reason']);
    // More than policy allows is refused in the form, and nothing is decided.
    expect(await driver.submit(user, { uses: '21' })).toBe('errors');
    expect(await driver.submit(user, { uses: '2', up_to: '100' })).toBe('taken');

    const line = (words: string) =>
      control.waitFor(
        () => control.thread(message.channel, message.ts).find(({ text }) => text.includes(words)),
        30_000,
      );
    const given = await line('A standing approval was given');
    expect(given.text).toContain('2 uses, up to 100.00 USD in all');
    expect(await ask('test.like', 20, actor)).toMatchObject({ status: 'released', verdict: { basis: 'grant' } });
    expect((await line('released under this standing approval')).text).toContain('1 of 2');

    // Whoever is no approver ends nothing.
    await control.click({
      user: slackIdOf('user:requester@acme.test'),
      channel: given.channel,
      ts: given.ts,
      actionId: 'revoke_grant',
    });
    const { grants } = (await it_.call('GET', '/v1/grants')).body;
    expect(grants.filter((one: { actor: string }) => one.actor === actor)).toMatchObject([{ used: 1 }]);
    await control.click({ user: slackIdOf(CFO), channel: given.channel, ts: given.ts, actionId: 'revoke_grant' });
    await line('was ended');
    expect(await ask('test.like', 20, actor)).toMatchObject({ status: 'supervised' });
  });
});

it('a link to an action shows how it stands, to whoever may see it, and no amount', async () => {
  const { control } = it_.sandbox;
  const { id } = await ask('test.like', 150, 'agent:link-bot');
  const { channel } = await sandboxDriver(it_.sandbox).messageOf(id);
  const share = async (person: string) => {
    const user = it_.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
    const { message } = await control.write({ user, channel, text: `look: ${it_.url}/console#${id}` });
    return message;
  };
  const shared = await share(LEAD);
  const [unfurl] = await control.waitFor(() => shared.unfurls, 30_000);
  const said = JSON.stringify(unfurl?.blocks);
  expect(said).toContain('Decide');
  expect(said).not.toContain('USD');
});
