import { randomUUID, createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, TASK_QUEUE } from '../../src/main/engine.ts';
import { GOVERNED_ACTION } from '../../src/contract/governed-action.ts';
import { policiesFolder } from '../support/policies.ts';
import { createApiKey } from '../../src/identity/index.ts';
import { refund, startTestStack, type TestStack } from '../support/stack.ts';
import { untyped } from '../support/untyped.ts';

const folder = policiesFolder({
  'closed.yaml': `policy: closed
surfaces: [closed.rules]
requires: [params.kind]
rules:
  - { id: fits, when: 'params.kind == "allowed"', then: approve }
  - { id: breaks, when: 'params.kind == "breaks" && params.count > 3', then: approve }
  - id: nobody
    when: params.kind == "nobody"
    then: supervise
    approval: { stages: [{ name: gone, approvers: ["group:nobody-is-in-it"] }] }
  - id: folder
    when: params.kind == "folder" && !inFolder("/emea")
    then: refuse
    because: This belongs to another folder.
`,
});

let it_: TestStack;
beforeAll(async () => {
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

const closed = (kind: string | undefined, more: object = {}): object => ({
  surface: 'closed.rules',
  action: 'do',
  actor: { id: 'agent:a', type: 'agent' },
  ...(kind === undefined ? {} : { params: { kind } }),
  ...more,
});

interface Row {
  body: object;
  basis: string;
  reason: RegExp;
  token?: () => Promise<string>;
}

/** A key of its own, as an owner would make it. */
async function keyFor(scope: { actors?: string[]; surfaces?: string[] }): Promise<string> {
  const { status, body } = await it_.call('POST', '/v1/api-keys', { surfaces: ['**'], actors: ['agent:a'], ...scope });
  expect(status).toBe(201);
  return body.key as string;
}

const ROWS: Record<string, Row> = {
  'no policy speaks about the surface': {
    body: { ...closed('allowed'), surface: 'nobody.wrote.a.policy' },
    basis: 'silence',
    reason: /no policy speaks about surface/,
  },
  'no rule speaks about the action': {
    body: closed('something-else'),
    basis: 'silence',
    reason: /no rule of policy `closed`/,
  },
  'a condition cannot be evaluated': {
    body: closed('breaks'),
    basis: 'error',
    reason: /rule `breaks` of policy `closed`: its condition could not be evaluated/,
  },
  'a required field is missing': { body: closed(undefined), basis: 'unclear', reason: /does not say `params.kind`/ },
  'a required field is null': { body: closed('', { params: { kind: null } }), basis: 'unclear', reason: /params.kind/ },
  'an amount has more digits than are exact': {
    body: refund(untyped('1.0000000000000001')),
    basis: 'unclear',
    reason: /amount/,
  },
  'approvers resolve to nobody': { body: closed('nobody'), basis: 'unclear', reason: /stage `gone`.*finds nobody/ },
  'a folder does not match': {
    body: closed('folder', { context: { folder: '/apac' } }),
    basis: 'rule',
    reason: /belongs to another folder/,
  },
  'a folder tries to climb out': {
    body: closed('folder', { context: { folder: '/emea/../apac' } }),
    basis: 'error',
    reason: /folder/,
  },
  'a folder is not said': { body: closed('folder'), basis: 'error', reason: /folder/ },
  'a key speaks for an actor that is not its own': {
    body: closed('allowed'),
    token: () => keyFor({ actors: ['agent:other'] }),
    basis: 'unclear',
    reason: /may not speak for the actor `agent:a`/,
  },
  'a person asks as somebody else': {
    body: closed('allowed', { actor: { id: 'user:cfo@acme.test', type: 'user' } }),
    token: () => it_.person('user:requester@acme.test'),
    basis: 'unclear',
    reason: /may not speak for the actor `user:cfo/,
  },
  'a person claims a role they do not have': {
    body: closed('allowed', { actor: { id: 'user:requester@acme.test', type: 'user', roles: ['cfo'] } }),
    token: () => it_.person('user:requester@acme.test'),
    basis: 'unclear',
    reason: /does not have the role `cfo`/,
  },
  'somebody who left is acted for': {
    body: closed('allowed', {
      actor: { id: 'agent:a', type: 'agent', onBehalfOf: { id: 'user:former-lead@acme.test', type: 'user' } },
    }),
    basis: 'unclear',
    reason: /not active in the directory/,
  },
  'an id and its type disagree': {
    body: closed('allowed', { actor: { id: 'agent:a', type: 'user' } }),
    basis: 'unclear',
    reason: /said to be of type/,
  },
};

describe('fails closed, and says why', () => {
  it.each(Object.keys(ROWS))('%s', async (name) => {
    const { body, basis, reason, token } = ROWS[name] as Row;
    const asked = await it_.ask(body, token === undefined ? {} : { token: await token() });
    expect([asked.status, asked.body.code]).toEqual([403, 'action-refused']);
    const { action, receipt } = asked.body;
    expect(action).toMatchObject({ status: 'refused', permit: null, verdict: { decision: 'refuse', basis } });
    expect(action.verdict.reasons.join('\n')).toMatch(reason);
    expect(receipt.kind).toBe('countersign.receipt/v1');
    const { records } = (await it_.call('GET', `/v1/records?action=${action.id}`)).body;
    expect(records.map((item: { record: { type: string } }) => item.record.type)).toEqual(['verdict']);
  });

  it('a key that does not reach the surface starts nothing', async () => {
    const token = await keyFor({ surfaces: ['payments.*'] });
    const asked = await it_.ask(closed('allowed'), { token });
    expect([asked.status, asked.body.code]).toEqual([403, 'forbidden']);
  });

  it('a surface that is frozen', async () => {
    const frozen = await it_.call('POST', '/v1/freezes', {
      scope: 'surface',
      value: 'closed.rules',
      reason: 'look first',
    });
    expect(frozen.status).toBe(201);
    const asked = await it_.ask(closed('allowed'));
    expect(asked.body.action.verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
    expect(asked.body.action.verdict.reasons.join()).toContain('look first');
    await it_.call('DELETE', `/v1/freezes/${frozen.body.id}`, { reason: 'looked' });
    expect((await it_.ask(closed('allowed'))).status).toBe(200);
  });
});

describe('started by Temporal alone', () => {
  const start = async (input: { tenant?: string; token?: string; key?: string }) => {
    const { parts, temporal } = it_.stack;
    const client = createClient(parts, temporal.connection, temporal.namespace);
    const { tenant = 'default', token = it_.stack.firstKey ?? '', key: idempotencyKey = randomUUID() } = input;
    const id = createHash('sha256').update(idempotencyKey).digest('hex');
    return client.workflow.start(GOVERNED_ACTION, {
      workflowId: `action/${tenant}/${id}`,
      taskQueue: TASK_QUEUE,
      args: [{ request: closed('allowed'), tenant, idempotencyKey, token }],
    });
  };

  it('with the first key it is judged as over HTTP', async () => {
    const handle = await start({});
    const action = await handle.executeUpdate<{ status: string }, []>('verdict');
    expect(action.status).toBe('released');
    await handle.terminate();
  });

  it.each([
    ['no token', () => Promise.resolve('nothing-of-ours')],
    ['a token that is not ours', () => Promise.resolve('csk_unknown_key_of_nobody')],
    [
      'a token of another tenant',
      async () => {
        const { key, entry } = createApiKey({ tenant: 'other' });
        await it_.stack.parts.store.apiKeys.create({ ...entry, createdAt: new Date().toISOString() });
        return key;
      },
    ],
  ])('%s is refused as unclear', async (_, token) => {
    const handle = await start({ token: await token() });
    const action = (await handle.result()) as object;
    expect(action).toMatchObject({ status: 'refused', permit: null, verdict: { basis: 'unclear' } });
  });

  it('a tenant that does not exist gets neither a log nor a permit', async () => {
    const handle = await start({ tenant: 'nobody', token: 'nothing-of-ours' });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'unauthenticated' } });
    expect((await it_.call('GET', '/log/nobody/checkpoint')).status).toBe(404);
  });
});

describe('constrain', () => {
  const push = {
    surface: 'git.push',
    action: 'git.push',
    actor: { id: 'agent:dev', type: 'agent' },
    resource: { type: 'repository', repository: 'shop', branch: 'main' },
  };
  const pull = {
    ...push,
    action: 'git.open_pull_request',
    params: { base: 'main', title: 'Changes proposed by agent:dev' },
  };

  it('binds the permit to the changed request: who would run the original is refused', async () => {
    const asked = await it_.ask(push);
    expect([asked.status, asked.body.status, asked.body.verdict.decision]).toEqual([200, 'released', 'constrain']);
    expect(asked.body.verdict.changes).toMatchObject({ action: 'git.open_pull_request' });
    const { permit } = asked.body;
    const original = await it_.call('POST', '/v1/permits/redeem', { permit, request: push });
    expect([original.status, original.body.code]).toEqual([403, 'permit-request-differs']);
    const byHash = await it_.call('POST', '/v1/permits/redeem', { permit, requestHash: asked.body.requestHash });
    expect([byHash.status, byHash.body.code]).toEqual([403, 'permit-request-differs']);
    const changed = await it_.call('POST', '/v1/permits/redeem', { permit, request: pull });
    expect([changed.status, changed.body.changes]).toEqual([200, asked.body.verdict.changes]);
  });
});

describe('observe', () => {
  it('releases with a basis of its own, and seals what it would have said', async () => {
    const asked = await it_.ask({
      surface: 'marketing.spend',
      action: 'spend',
      actor: { id: 'agent:ads', type: 'agent' },
      resource: { type: 'campaign', campaign: randomUUID() },
      params: { amount: 5000 },
    });
    expect([asked.status, asked.body.status, asked.body.verdict.mode]).toEqual([200, 'released', 'observe']);
    const [verdict, release] = await Promise.all(
      asked.body.records.map(async (hash: string) => (await it_.call('GET', `/v1/records/${hash}`)).body.record),
    );
    expect(verdict.observed).toMatchObject({ decision: 'supervise', rule: 'over-budget', mode: 'observe' });
    expect(release).toMatchObject({ type: 'release', basis: 'observe' });
    const found = await it_.call('GET', '/v1/records?decision=observe');
    expect(found.body.records.map(({ hash }: { hash: string }) => hash)).toContain(asked.body.records[1]);
  });
});
