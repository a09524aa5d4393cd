import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { eventually } from '../support/eventually.ts';
import { openReceiver, verified, type Received, type Receiver } from '../support/receiver.ts';
import { policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const REQUESTER = 'user:requester@acme.test';
const DUTY = 'user:duty-manager@acme.test';
const RISK = 'user:risk-officer@acme.test';
const OWN_SECRET = `whsec_${Buffer.from('the pager has a secret of its own').toString('base64')}`;

let stack: TestStack;
let receiver: Receiver;
let folder: ReturnType<typeof policiesFolder>;

const approval = (stages: string, more: string): string => `
  - id: asks
    when: 'true'
    then: supervise
    approval:
      stages: [${stages}]
      ${more}`;
const policy = (
  name: string,
  rules: string,
  notify: string,
): string => `# yaml-language-server: $schema=policy.schema.json
policy: ${name}
refusalStands: 0
surfaces: [${name}]
rules:${rules}
notify: ${notify}
disclose: [params.amount, params.currency, resource.id]
`;
const FINANCE = "{ name: finance, approvers: ['group:finance']";

beforeAll(async () => {
  receiver = await openReceiver();
  folder = policiesFolder({
    'told.yaml': policy(
      'test.told',
      approval(`${FINANCE}, quorum: 2 }`, 'expires: 1h\n      extendUpTo: 2h'),
      "['#finance-approvals', 'webhook:pager', 'webhook:nobody']",
    ),
    'quick.yaml': policy(
      'test.quick',
      approval(`${FINANCE}, remind: 1s }`, 'expires: 4s'),
      `['#finance-approvals', '${receiver.url}/policy']`,
    ),
    'alone.yaml': policy(
      'test.alone',
      approval("{ name: duty, approvers: ['role:duty-manager'] }", 'expires: 1h'),
      "['#finance-approvals']",
    ),
    'silent.yaml': policy('test.silent', "\n  - { id: lets, when: 'true', then: approve }", "['webhook:pager']").concat(
      'outcome: { within: 1s }\n',
    ),
    'gathered.yaml': policy(
      'test.gathered',
      approval(`{ name: finance, approvers: ['${LEAD}', '${CFO}'] }`, 'expires: 1h'),
      "{ to: ['#cs-general'], digest: 20s }",
    ),
    'single.yaml': policy(
      'test.single',
      approval("{ name: risk, approvers: ['user:incident-commander@acme.test'] }", 'expires: 1h'),
      "{ to: ['#cs-single'], digest: 1s }",
    ),
    'reminded.yaml': policy(
      'test.reminded',
      approval(`{ name: risk, approvers: ['${RISK}'], remind: 25s }`, 'expires: 1h'),
      "{ to: ['#cs-emea'], digest: 5s }",
    ),
    'escalating.yaml': policy(
      'test.escalating',
      approval(
        `{ name: duty, approvers: ['role:duty-manager'], escalate: { after: 1h, to: ['${CFO}'] } }`,
        'expires: 2h',
      ),
      "['#finance-approvals']",
    ),
  });
  const settings = join(folder.path, 'hooks.conf');
  writeFileSync(
    settings,
    `webhooks:
  - { name: pager, url: '${receiver.url}/pager', secret: ${OWN_SECRET} }
  - { name: reviews, url: '${receiver.url}/always', always: true, events: [approval.asked, approval.unreachable] }
`,
  );
  stack = await startTestStack({
    COUNTERSIGN_POLICIES: folder.path,
    COUNTERSIGN_WEBHOOKS: settings,
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  });
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
  await receiver.close();
});

const ask = (surface: string, more: object = {}) =>
  stack.ask({ ...REFUND, surface, params: { amount: 42, currency: 'USD', secret: 'do not tell' }, ...more });
const decide = async (id: string, person: string, body: object) =>
  stack.call('POST', `/v1/actions/${id}/decisions`, body, { token: await stack.person(person) });
const slackId = (person: string): string =>
  stack.stack.parts.directory.current('default').person(person)?.slack?.user ?? '';
const of = (path: string, id: string, type?: string) => (message: Received) =>
  message.path === path &&
  (message.body.data.action ?? message.body.data.id) === id &&
  (type === undefined || message.body.type === type);
const notice = (person: string, id: string, text: string) =>
  stack.sandbox.control.waitFor(
    () =>
      stack.sandbox.control
        .messages(stack.sandbox.control.im(slackId(person)).id)
        .find((one) => one.text.includes(text) && JSON.stringify(one.blocks).includes(id.slice(0, 12))),
    30_000,
  );
const message = (id: string, text: string) =>
  stack.sandbox.control.waitFor(
    () =>
      stack.sandbox.control
        .messages('finance-approvals')
        .find(
          (one) =>
            one.threadTs === undefined && JSON.stringify(one.blocks).includes(id) && JSON.stringify(one).includes(text),
        ),
    30_000,
  );

/** Asked before everything else, so that nobody waits for them. */
let gathered: string[];
let reminded: string[];
beforeAll(async () => {
  const orders = [1, 2, 3].map((n) => ({ resource: { type: 'order', id: `ord_d${String(n)}` } }));
  const urgent = { resource: { type: 'order', id: 'ord_d9' }, context: { urgency: 'emergency' } };
  const idsOf = (answers: { body: { id: string } }[]): string[] => answers.map(({ body }) => body.id);
  gathered = idsOf(await Promise.all([...orders, urgent].map((one) => ask('test.gathered', one))));
  reminded = idsOf(await Promise.all(orders.slice(0, 2).map((one) => ask('test.reminded', one))));
});

describe('the requester', () => {
  it('is told of every change by callback, signed, in order, without what policy does not disclose', async () => {
    receiver.answers.push({ status: 500, path: '/callback' }, { status: 503, path: '/callback' });
    const asked = await ask('test.told', { callback: `${receiver.url}/callback` });
    const id = asked.body.id as string;
    await decide(id, LEAD, { decision: 'return', reason: 'which order was it?' });
    const returned = await receiver.waitFor(
      ({ path, body }) =>
        path === '/callback' && body.data.events.some((event: { type: string }) => event.type === 'approval.returned'),
    );
    expect(returned.body).toMatchObject({
      type: 'action.supervised',
      data: { id, events: [{ by: LEAD, reason: 'which order was it?' }] },
    });
    const answered = await countersign(
      ['answer', id, 'ord_991, charged twice', '--url', stack.url, '--data', stack.dataDir, '--as', REQUESTER],
      { env: { COUNTERSIGN_POLICIES: folder.path } },
    );
    expect([answered.code, answered.err]).toEqual([0, '']);
    await decide(id, LEAD, { decision: 'approve' });
    expect((await decide(id, CFO, { decision: 'approve', reason: 'the bank confirms' })).body.status).toBe('released');
    const released = await receiver.waitFor(of('/callback', id, 'action.released'));
    // A permit waits: everybody is told until when.
    expect(released.body.data.events).toContainEqual(
      expect.objectContaining({ type: 'action.released', until: expect.stringMatching(/^20/) }),
    );
    await notice(REQUESTER, id, `countersign permit ${id}`);
    const { channel, ts } = await message(id, 'Approved, not collected yet');
    await stack.sandbox.control.waitFor(
      () => stack.sandbox.control.thread(channel, ts).some(({ text }) => text.includes('a permit waits')),
      30_000,
    );
    const all = receiver.all.filter(({ path }) => path === '/callback');
    const ids = all.map(({ headers }) => headers['webhook-id']);
    // Two failed attempts are the same message again; each change is one message of its own, in order.
    expect(ids.slice(0, 3)).toEqual([`${id}.0`, `${id}.0`, `${id}.0`]);
    expect([...new Set(ids)]).toEqual([...new Set(ids)].map((_, index) => `${id}.${index}`));
    const printed = await countersign(['keys', 'webhook-secret', '--data', stack.dataDir], {});
    const secret = printed.out.trim();
    expect(secret).toMatch(/^whsec_/);
    for (const one of all) {
      expect(verified(one, secret)).toEqual(one.body);
      expect(one.text).not.toContain('do not tell');
      expect(one.text).not.toContain('eyJ');
    }
    // A new secret takes effect without a restart, and the old one still signs beside it.
    const replaced = await countersign(['keys', 'webhook-secret', '--replace', '--json', '--data', stack.dataDir], {});
    const { secret: next, until } = JSON.parse(replaced.out) as { secret: string; until: string };
    expect([replaced.code, next === secret, until > new Date().toISOString()]).toEqual([0, false, true]);
    const running = stack.stack.parts.keys.webhookSecrets;
    await eventually('the running process signs with both', () =>
      running
        .signing(new Date())
        .map((one) => `whsec_${one}`)
        .join() === [next, secret].join()
        ? true
        : undefined,
    );
    const wrong = await countersign(
      ['keys', 'webhook-secret', '--replace', '--keep', 'ever', '--data', stack.dataDir],
      {},
    );
    expect(wrong.code).toBe(2);
    expect(all.flatMap(({ body }) => body.data.events.map((event: { type: string }) => event.type))).toEqual(
      expect.arrayContaining(['approval.asked', 'approval.answered', 'approval.decided', 'action.released']),
    );
    expect(released.body.data.approval.stages[0].decisions.at(-1)).toMatchObject({
      by: CFO,
      reason: 'the bank confirms',
    });
  });

  it('with a Slack id is asked, warned of the end and told of it in a direct message', async () => {
    const returned = await ask('test.told');
    await decide(returned.body.id, LEAD, { decision: 'return', reason: 'which order was it?' });
    const question = await notice(REQUESTER, returned.body.id, 'A question about your request');
    expect(question.text).toContain('which order was it?');
    expect(question.text).toContain(`countersign answer ${returned.body.id}`);
    const until = new Date(Date.now() + 90 * 60_000).toISOString();
    expect((await decide(returned.body.id, CFO, { decision: 'extend', until })).status).toBe(200);
    await notice(REQUESTER, returned.body.id, 'There is more time to decide');
    await decide(returned.body.id, CFO, { decision: 'refuse', reason: 'not our customer' });
    expect((await notice(REQUESTER, returned.body.id, 'Refused')).text).toContain('not our customer');

    const late = await ask('test.quick');
    await notice(REQUESTER, late.body.id, 'Nobody has decided yet');
    await notice(REQUESTER, late.body.id, 'Expired, so refused');
    const { channel, ts } = await message(late.body.id, 'Expired');
    const thread = await stack.sandbox.control.waitFor(() => {
      const lines = stack.sandbox.control.thread(channel, ts).map(({ text }) => text);
      return lines.at(-1)?.startsWith('⌛') === true && lines;
    }, 30_000);
    const warning = thread.find((text) => text.startsWith('⏰'));
    // The approvers are mentioned, so that it reaches them.
    expect(warning).toContain(`<@${slackId(LEAD)}>`);
    expect(warning).toContain(`<@${slackId(CFO)}>`);
  });

  it('cannot have callbacks sent into our own network', async () => {
    for (const callback of ['http://169.254.169.254/latest', 'https://10.0.0.1/', 'http://hooks.example.com/']) {
      const refused = await ask('test.told', { callback });
      expect([refused.status, refused.body.errors?.[0]?.pointer]).toEqual([400, '/callback']);
    }
  });
});

describe('a notification webhook', () => {
  it('is told of asking, deciding and the outcome by its own secret, with the link where to decide', async () => {
    const asked = await ask('test.told');
    const id = asked.body.id as string;
    const first = await receiver.waitFor(of('/pager', id, 'approval.asked'));
    expect(verified(first, OWN_SECRET)).toEqual(first.body);
    expect(() => verified(first, stack.stack.parts.keys.webhookSecrets.signing(new Date())[0])).toThrow();
    expect(first.body.data).toMatchObject({
      surface: 'test.told',
      status: 'supervised',
      actor: 'agent:support-bot',
      text: expect.stringMatching(/^A decision is asked for: test\.told: refund\.create.* 42.* USD .*ord_991$/),
      people: expect.arrayContaining([{ id: CFO, name: 'Chidi Forde' }]),
      until: expect.stringMatching(/^20/),
      url: `${stack.url}/console#${id}`,
    });
    // An endpoint that is told of everything, and only of what it wants.
    await receiver.waitFor(of('/always', id, 'approval.asked'));
    await decide(id, LEAD, { decision: 'refuse', reason: 'no' });
    const decided = await receiver.waitFor(of('/pager', id, 'approval.decided'));
    expect(decided.body.data).toMatchObject({ by: LEAD, decision: 'refuse', reason: 'no' });
    await receiver.waitFor(of('/pager', id, 'action.refused'));
    expect(receiver.all.filter(({ path, body }) => path === '/always' && body.data.action === id)).toHaveLength(1);
    expect(receiver.all.every(({ text }) => !text.includes('do not tell'))).toBe(true);
  });

  it('may stand in the policy by its URL; it hears of reminders, the warning and the expiry', async () => {
    const { body } = await ask('test.quick');
    for (const type of ['approval.asked', 'approval.reminder', 'approval.expiring', 'approval.expired']) {
      const told = await receiver.waitFor(of('/policy', body.id, type));
      expect(verified(told, stack.stack.parts.keys.webhookSecrets.signing(new Date())[0])).toEqual(told.body);
    }
  });
});

describe('what policy releases by itself', () => {
  it('is told of only when nobody reports what became of it', async () => {
    const { body } = await ask('test.silent');
    expect(body.status).toBe('released');
    await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
    const told = await receiver.waitFor(of('/pager', body.id, 'action.unreported'));
    expect(told.body.data).toMatchObject({ status: 'unreported', surface: 'test.silent' });
    expect(receiver.all.filter(of('/pager', body.id))).toHaveLength(1);
  });
});

describe('an approver who cannot be reached', () => {
  it('is named and escalated at once: deactivated in Slack, or unknown to the workspace', async () => {
    const directory = join(folder.path, 'directory.yaml');
    const text = readFileSync(directory, 'utf8');
    stack.sandbox.control.setUser(slackId(DUTY), { deleted: true });
    writeFileSync(directory, text.replace('user: U0DEPUTY', 'user: U0NOWHERE'));
    try {
      const { body } = await ask('test.escalating');
      const shown = await message(body.id, 'was asked as well');
      const said = JSON.stringify(shown.blocks);
      expect(said).toContain('Dana Moreau');
      expect(said).toContain('Deniz Petrov');
      expect(said).toContain('cannot be reached in Slack');
      expect(said).toContain('Chidi Forde');
      const records = (await stack.call('GET', `/v1/records?action=${body.id}&type=decision`)).body.records;
      expect(records[0].record).toMatchObject({ decision: 'escalated', reason: 'unreachable', added: [CFO] });
      expect((await decide(body.id, CFO, { decision: 'approve' })).body.status).toBe('released');

      // Nobody is left and nobody else is named: said everywhere, decided by nobody, refused in the end.
      const alone = await ask('test.alone');
      await message(alone.body.id, 'Nobody who may decide now can be reached in Slack');
      await notice(REQUESTER, alone.body.id, 'Not everybody can be reached');
      const told = await receiver.waitFor(of('/always', alone.body.id, 'approval.unreachable'));
      expect(told.body.data.people).toEqual(expect.arrayContaining([{ id: DUTY, name: 'Dana Moreau' }]));
      expect((await stack.call('GET', `/v1/actions/${alone.body.id}`)).body.status).toBe('supervised');
      // They may still decide through another door.
      expect((await decide(alone.body.id, DUTY, { decision: 'refuse', reason: 'by hand' })).body.status).toBe(
        'refused',
      );
    } finally {
      writeFileSync(directory, text);
      stack.sandbox.control.setUser(slackId(DUTY), { deleted: false });
    }
  });
});

interface Attribute {
  key: string;
  value: { stringValue?: string; arrayValue?: { values: { stringValue: string }[] } };
}
interface Sent {
  traceId: string;
  name: string;
  attributes: Attribute[];
}

describe('a trace', () => {
  /** What the collector has of one trace. */
  const spansOf = (traceId: string): Sent[] =>
    receiver.all
      .filter(({ path }) => path === '/v1/traces')
      .flatMap(({ body }) => body.resourceSpans.flatMap((one: { scopeSpans: { spans: Sent[] }[] }) => one.scopeSpans))
      .flatMap(({ spans }: { spans: Sent[] }) => spans)
      .filter((span: Sent) => span.traceId === traceId);
  const seals = (spans: Sent[], type: string): Sent[] =>
    spans.filter(
      ({ name, attributes }) =>
        name === 'seal' &&
        attributes.some(
          ({ key, value }) =>
            key === 'countersign.records' &&
            value.arrayValue?.values.some(({ stringValue }) => stringValue === type) === true,
        ),
    );
  const traced = (method: string, path: string, body: unknown, trace: string, more: object) =>
    stack.call(method, path, body, { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01`, ...more } });

  it(
    'goes from the request through the workflow to the seal, Slack and the webhook, and holds nothing of the request',
    { timeout: 240_000 },
    async () => {
      const asking = randomBytes(16).toString('hex');
      const secret = `nobody-reads-${asking.slice(0, 8)}`;
      const request = { ...REFUND, surface: 'test.told', resource: { type: 'order', id: secret } };
      const asked = await traced('POST', '/v1/actions', request, asking, { 'idempotency-key': randomUUID() });
      expect(asked.status).toBe(202);
      const { id } = asked.body as { id: string };
      const told = await receiver.waitFor(of('/pager', id, 'approval.asked'));
      expect(told.headers['traceparent']).toContain(`00-${asking}-`);
      await eventually('every part sent its spans', () => {
        const spans = spansOf(asking);
        const names = new Set(spans.map(({ name }) => name));
        const all = ['POST /v1/actions', 'start governedAction', 'activity judge', 'slack publish', 'webhook'];
        return all.every((name) => names.has(name)) && seals(spans, 'verdict').length > 0 ? true : undefined;
      });

      // A decision is a trace of its own, through an update and a local activity.
      const deciding = randomBytes(16).toString('hex');
      const said = { decision: 'refuse', reason: `because of ${secret}` };
      const headers = { authorization: `Bearer ${await stack.person(LEAD)}` };
      const decided = await traced('POST', `/v1/actions/${id}/decisions`, said, deciding, headers);
      expect(decided.body.status).toBe('refused');
      await eventually('the decision reached its seal', () => {
        const spans = spansOf(deciding);
        const names = new Set(spans.map(({ name }) => name));
        return ['update decide', 'activity decide'].every((name) => names.has(name)) &&
          seals(spans, 'decision').length > 0
          ? true
          : undefined;
      });
      for (const { path, text } of receiver.all) if (path === '/v1/traces') expect(text).not.toContain(secret);
    },
  );
});

describe('a digest', () => {
  /** What a place shows beside threads. */
  const shown = (place: string) =>
    stack.sandbox.control.messages(place).filter(({ threadTs }) => threadTs === undefined);
  const about = (place: string, id = '') => shown(place).filter(({ blocks }) => JSON.stringify(blocks).includes(id));
  const isDigest = ({ blocks }: { blocks: object[] }): boolean =>
    JSON.stringify(blocks).includes('Each is opened whole before it is decided.');
  const digestAt = (place: string, words: string) =>
    stack.sandbox.control.waitFor(() => shown(place).find((one) => isDigest(one) && one.text.includes(words)), 30_000);
  const click = async (person: string, id: string, { channel, ts, blocks }: Awaited<ReturnType<typeof digestAt>>) => {
    const button = blocks.find((block) => JSON.stringify(block).includes(`\\"${id}\\"`));
    await stack.sandbox.control.click({
      ...{ user: slackId(person), channel, ts, actionId: 'open_form', blockId: String(button?.['block_id']) },
    });
  };

  it('gathers what is not urgent in one message for each channel and approver, and none of its own', async () => {
    const [one = '', two = '', three = '', urgent = ''] = gathered;
    const places = ['cs-general', ...[LEAD, CFO].map((person) => stack.sandbox.control.im(slackId(person)).id)];
    for (const place of places) {
      const digest = await digestAt(place, '3 requests wait');
      for (const id of [one, two, three]) {
        expect(about(place, id).map(({ ts }) => ts)).toEqual([digest.ts]);
        expect(await stack.stack.parts.store.slackMessages.list('default', id)).toEqual([]);
      }
      // Nobody makes an emergency wait.
      const [own, ...more] = await stack.sandbox.control.waitFor(() => {
        const found = about(place, urgent);
        return found.length > 0 ? found : undefined;
      }, 30_000);
      expect([own === undefined || isDigest(own), more]).toEqual([false, []]);
    }
    // There is nothing in it that approves: each is opened first.
    const { blocks } = await digestAt('cs-general', '3 requests wait');
    const text = JSON.stringify(blocks);
    expect(text.match(/"action_id":"open_form"/g)).toHaveLength(3);
    expect(text).not.toMatch(/"action_id":"(approve|alike|grant)/);
  });

  it('leads to each, whole, from where it is decided, and then shows how each stands', async () => {
    const [one = '', two = ''] = gathered;
    const digest = await digestAt('cs-general', '3 requests wait');
    await click(LEAD, one, digest);
    // Until it is looked up, a form says that it is.
    const form = await stack.sandbox.control.waitFor(() => {
      const open = stack.sandbox.control.modal(slackId(LEAD));
      return open !== undefined && JSON.stringify(open.blocks).includes('ord_d1') ? open : undefined;
    }, 30_000);
    const submitted = await stack.sandbox.control.submit({
      ...{ user: slackId(LEAD), viewId: form.id, values: { decision: 'approve' } },
    });
    expect(submitted.outcome).not.toBe('errors');
    const left = await digestAt('cs-general', '2 requests wait');
    expect([left.ts, JSON.stringify(left.blocks)]).toEqual([
      digest.ts,
      expect.stringContaining('Approved, not collected yet'),
    ]);
    const { records } = (await stack.call('GET', `/v1/records?action=${one}&type=decision`)).body;
    expect(records[0].record).toMatchObject({
      by: LEAD,
      via: 'slack',
      shown: { renderer: expect.stringContaining('slack/') },
    });

    // Who is no approver decides nothing from it either.
    await click('user:sales-manager@acme.test', two, digest);
    expect((await stack.call('GET', `/v1/actions/${two}`)).body.status).toBe('supervised');
    expect((await decide(two, CFO, { decision: 'refuse', reason: 'not now' })).body.status).toBe('refused');
    expect(JSON.stringify((await digestAt('cs-general', '1 request waits')).blocks)).toContain('Refused');
    expect(about('cs-general', two.slice(0, 12))).toHaveLength(1);
  });

  it('is no reason to miss a reminder: then it has a message of its own', async () => {
    for (const id of reminded) {
      const own = await stack.sandbox.control.waitFor(() => about('cs-emea', id).find((one) => !isDigest(one)), 60_000);
      expect(JSON.stringify(own.blocks)).toContain('"action_id":"approve"');
      expect((await decide(id, RISK, { decision: 'approve' })).body.status).toBe('released');
    }
  });

  it('says that all are settled when the last is', async () => {
    const [, , three = ''] = gathered;
    expect((await decide(three, CFO, { decision: 'approve' })).body.status).toBe('released');
    expect(await digestAt('cs-general', 'All of these are settled')).toBeDefined();
    expect(about('cs-general', three.slice(0, 12))).toHaveLength(1);
  });

  it('of one is no digest', async () => {
    const { body } = await ask('test.single');
    const [own] = await stack.sandbox.control.waitFor(() => {
      const found = about('cs-single', body.id as string);
      return found.length > 0 ? found : undefined;
    }, 30_000);
    expect(own === undefined || isDigest(own)).toBe(false);
  });
});
