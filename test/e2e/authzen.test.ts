/**
 * The OpenID AuthZEN Authorization API 1.0: the certification scenario of its working group (levels Basic, Batch and Discovery), whose
 * fixture is the sample policy `sample.record`; and its Access Request and Approval Profile.
 */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { decide } from '../support/policies.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, type Answer } from '../support/stack.ts';

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

const evaluate = (question: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  stack.call('POST', '/access/v1/evaluation', question, { headers });
const evaluations = (questions: unknown): Promise<Answer> => stack.call('POST', '/access/v1/evaluations', questions);

const alice = { type: 'user', id: 'alice' };
const bob = { type: 'user', id: 'bob' };
const admin = { ...bob, properties: { role: 'admin' } };
const one = { type: 'record', id: 'record-1' };
const archived = { type: 'record', id: 'record-2', properties: { status: 'archived' } };
const [read, write] = [{ name: 'read' }, { name: 'write' }];
const removal = (soft: boolean): object => ({ name: 'delete', properties: { soft } });
const time = '2025-06-27T18:03-07:00';

describe('certification, level Basic', () => {
  it.each([
    ['alice reads', { subject: alice, action: read, resource: one }, true],
    ['alice writes', { subject: alice, action: write, resource: one }, true],
    ['bob reads', { subject: bob, action: read, resource: one }, true],
    ['bob writes', { subject: bob, action: write, resource: one }, false],
    ['alice writes what is archived', { subject: alice, action: write, resource: archived }, false],
    ['an admin writes what is archived', { subject: admin, action: write, resource: archived }, true],
    ['alice deletes softly', { subject: alice, action: removal(true), resource: one }, true],
    ['alice deletes for good', { subject: alice, action: removal(false), resource: one }, false],
    ['with a context', { subject: alice, action: read, resource: one, context: { time, ip: '192.168.1.1' } }, true],
    [
      'with more properties',
      {
        subject: { ...alice, properties: { department: 'Sales', role: 'manager' } },
        action: { ...read, properties: { method: 'GET' } },
        resource: { ...one, properties: { status: 'active', owner: 'bob' } },
      },
      true,
    ],
    ['with unknown fields', { subject: alice, action: read, resource: one, foo: 'bar', later: { nested: true } }, true],
  ])('%s', async (_name, question, decision) => {
    const { status, body, headers } = await evaluate(question);
    expect([status, body.decision]).toEqual([200, decision]);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
  });

  it.each([
    ['no subject', { action: read, resource: one }],
    ['no action', { subject: alice, resource: one }],
    ['no resource', { subject: alice, action: read }],
    ['a subject without type', { subject: { id: 'alice' }, action: read, resource: one }],
    ['a subject without id', { subject: { type: 'user' }, action: read, resource: one }],
    ['an action without name', { subject: alice, action: {}, resource: one }],
    ['a resource without type', { subject: alice, action: read, resource: { id: 'record-1' } }],
    ['a resource without id', { subject: alice, action: read, resource: { type: 'record' } }],
    ['a subject that is a text', { subject: 'alice', action: read, resource: one }],
    ['an action called by a number', { subject: alice, action: { name: 123 }, resource: one }],
    ['malformed JSON', '{"subject":'],
    ['no body', undefined],
  ])('%s is a bad request', async (_name, question) => {
    expect((await evaluate(question)).status).toBe(400);
  });

  it('another content type is a bad request', async () => {
    const question = JSON.stringify({ subject: alice, action: read, resource: one });
    expect((await evaluate(question, { 'content-type': 'text/plain' })).status).toBe(400);
  });

  it('X-Request-ID comes back, of errors too', async () => {
    const id = randomUUID();
    const good = await evaluate({ subject: alice, action: read, resource: one }, { 'x-request-id': id });
    const bad = await evaluate({}, { 'x-request-id': id });
    expect([good.headers.get('x-request-id'), bad.headers.get('x-request-id'), bad.status]).toEqual([id, id, 400]);
  });

  it('the same question gets the same answer again', async () => {
    const answers = [1, 2, 3].map(() => evaluate({ subject: bob, action: write, resource: one }));
    expect((await Promise.all(answers)).map(({ body }) => body.decision)).toEqual([false, false, false]);
  });

  it('nobody asks without a credential', async () => {
    const response = await fetch(`${stack.url}/access/v1/evaluation`, { method: 'POST' });
    expect(response.status).toBe(401);
  });
});

describe('certification, level Batch', () => {
  const decisions = async (questions: unknown): Promise<unknown> => {
    const { status, body } = await evaluations(questions);
    expect(status).toBe(200);
    return body.evaluations.map(({ decision }: { decision: boolean }) => decision);
  };

  it.each([
    [
      'in their order',
      { subject: bob, resource: one, evaluations: [{ action: read }, { action: write }] },
      [true, false],
    ],
    [
      'with properties of each',
      { subject: alice, action: write, evaluations: [{ resource: one }, { resource: archived }] },
      [true, false],
    ],
    [
      'of several subjects',
      { action: write, resource: archived, evaluations: [{ subject: alice }, { subject: admin }] },
      [false, true],
    ],
    [
      'without defaults',
      {
        evaluations: [
          { subject: alice, action: read, resource: one },
          { subject: bob, action: write, resource: one },
        ],
      },
      [true, false],
    ],
    [
      'with a context of their own',
      {
        ...{ subject: alice, action: read, context: { time } },
        evaluations: [{ resource: one }, { resource: archived, context: { source: 'batch-override' } }],
      },
      [true, true],
    ],
    [
      'a whole default',
      {
        ...{ subject: alice, action: write, resource: one },
        evaluations: [{}, { resource: archived }],
      },
      [true, false],
    ],
    [
      'one that cannot be read is denied alone',
      {
        ...{ subject: alice, action: read, options: { evaluations_semantic: 'execute_all' } },
        evaluations: [{ resource: one }, {}],
      },
      [true, false],
    ],
    [
      'up to the first denial',
      {
        ...{ subject: bob, resource: one, options: { evaluations_semantic: 'deny_on_first_deny' } },
        evaluations: [{ action: read }, { action: write }, { action: read }],
      },
      [true, false],
    ],
    [
      'up to the first permit',
      {
        ...{ subject: bob, resource: one, options: { evaluations_semantic: 'permit_on_first_permit' } },
        evaluations: [{ action: write }, { action: read }, { action: read }],
      },
      [false, true],
    ],
  ])('%s', async (_name, questions, expected) => {
    expect(await decisions(questions)).toEqual(expected);
  });

  it.each([[{}], [{ evaluations: [] }]])('without evaluations (%j) it is a single question', async (more) => {
    const { status, body } = await evaluations({ subject: alice, action: read, resource: one, ...more });
    expect([status, body.decision]).toEqual([200, true]);
    expect((await evaluations({ subject: alice, ...more })).status).toBe(400);
  });

  it.each([
    ['not an array', 'x'],
    ['too many', Array.from({ length: 101 }, () => ({}))],
  ])('%s is a bad request', async (_name, list) => {
    expect((await evaluations({ subject: alice, action: read, resource: one, evaluations: list })).status).toBe(400);
  });
});

it('certification, level Discovery: the metadata names its endpoints, to everybody', async () => {
  const response = await fetch(`${stack.url}/.well-known/authzen-configuration`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(await response.json()).toEqual({
    policy_decision_point: stack.url,
    access_evaluation_endpoint: `${stack.url}/access/v1/evaluation`,
    access_evaluations_endpoint: `${stack.url}/access/v1/evaluations`,
    access_request_endpoint: `${stack.url}/access/v1/requests`,
    jwks_uri: `${stack.url}/.well-known/jwks.json`,
    capabilities: ['urn:openid:authzen:capability:access-request'],
  });
});

/** A refund as an API gateway asks for it. Each is about an order of its own. */
const refund = (amount: number, order: string = randomUUID()) => ({
  subject: { type: 'agent', id: 'support-bot' },
  action: { name: 'refund.create', properties: { amount, currency: 'USD' } },
  resource: { type: 'order', id: order },
});

describe('what is decided', () => {
  it('true is one execution, sealed and redeemed; its outcome is reported with what came beside it', async () => {
    const { body } = await evaluate(refund(40));
    expect(body.decision).toBe(true);
    const { action, permit } = body.context.countersign;
    const taken = (await stack.call('GET', `/v1/actions/${action}`)).body;
    expect([taken.status, typeof taken.redeemedAt]).toEqual(['released', 'string']);
    const again = await stack.call('POST', '/v1/permits/redeem', { permit });
    expect([again.status, again.body.code]).toEqual([409, 'permit-already-redeemed']);
    const report = { permit, status: 'executed', reference: 're_1' };
    const reported = await stack.call('POST', `/v1/actions/${action}/outcome`, report);
    expect(reported.body.status).toBe('executed');
  });

  it('each question is an action of its own; with a key of the caller it is the same one', async () => {
    const question = refund(41);
    const [first, second] = [await evaluate(question), await evaluate(question)];
    expect(first.body.context.evaluation_id).not.toBe(second.body.context.evaluation_id);
    const key = { 'idempotency-key': randomUUID() };
    const [third, fourth] = [await evaluate(question, key), await evaluate(question, key)];
    expect(fourth.body).toEqual(third.body);
    expect((await evaluate(refund(42), key)).status).toBe(422);
  });

  it.each([
    ['what policy refuses', refund(5000), 'rule'],
    ['what no policy maps', { ...refund(1), resource: { type: 'spaceship', id: '1' } }, 'unclear'],
    ['a subject of a kind that is not known', { ...refund(1), subject: { type: 'robot', id: 'r2' } }, 'unclear'],
    ['a missing field', { ...refund(1), action: { name: 'refund.create' } }, 'unclear'],
  ])('%s is denied, with the reason', async (_name, question, reason) => {
    const { status, body } = await evaluate(question);
    expect([status, body.decision, body.context.reason]).toEqual([200, false, reason]);
    expect(body.context.access_request).toBeUndefined();
  });

  it('a person asks for themself only', async () => {
    const token = await stack.person(LEAD);
    const { body } = await stack.call('POST', '/access/v1/evaluation', refund(10), { token });
    expect(body).toMatchObject({ decision: false, context: { reason: 'unclear' } });
  });
});

describe('a denial that may be asked for', () => {
  type Question = ReturnType<typeof refund>;
  const denialOf = async (question: Question): Promise<object> => {
    const { body } = await evaluate(question);
    expect([body.decision, body.context.reason]).toEqual([false, 'approval_required']);
    const { access_request, evaluation_id, evaluated_at, reason } = body.context;
    return { ...access_request, evaluation_id, evaluated_at, reason };
  };
  const submit = (body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    stack.call('POST', '/access/v1/requests', body, { headers });
  const task = (id: string): Promise<Answer> => stack.call('GET', `/access/v1/requests/${id}`);
  const asked = async (question: Question): Promise<string> => {
    const answer = await submit({ ...question, denial: await denialOf(question) });
    expect([answer.status, answer.body.task.status]).toEqual([202, 'pending']);
    return answer.body.task.id;
  };
  const approvalOf = async (question: Question): Promise<object> => {
    const id = await asked(question);
    await decide(stack, id, { decision: 'approve' }, LEAD);
    const { body } = await eventually('the task is approved', async () => {
      const answer = await task(id);
      return answer.body.task.status === 'approved' ? answer : undefined;
    });
    expect(body.result.mode).toBe('reevaluate');
    return body.result.approval;
  };
  const withApproval = (question: Question, approval: object) => evaluate({ ...question, context: { approval } });

  it('asks nobody before it is asked for; then a click in Slack, and the question is true once', async () => {
    const question = refund(420);
    const denial = await denialOf(question);
    const before = await stack.call('GET', `/v1/actions?q=${question.resource.id}`);
    expect(before.body.actions).toEqual([]);
    const { status, body, headers } = await submit({ ...question, denial }, { 'idempotency-key': randomUUID() });
    expect([status, body.task.status, headers.get('location')]).toEqual([202, 'pending', body.task.status_endpoint]);
    expect(body.task).toMatchObject({
      status_endpoint: `${stack.url}/access/v1/requests/${body.task.id}`,
      progress: { current_step: 1, total_steps: 1, step_name: 'finance' },
      links: { cancel: `${stack.url}/access/v1/requests/${body.task.id}/cancel` },
    });
    expect((await evaluate(question)).body.decision).toBe(false);
    await decide(stack, body.task.id, { decision: 'approve' }, LEAD);
    const approved = await eventually('the task is approved', async () => {
      const answer = await task(body.task.id);
      return answer.body.task.status === 'approved' ? answer : undefined;
    });
    const { approval } = approved.body.result;
    expect((await evaluate(question)).body.decision).toBe(false);
    expect((await withApproval(question, approval)).body.decision).toBe(true);
    const again = (await withApproval(question, approval)).body;
    expect(again).toMatchObject({ decision: false, context: { reason: 'approval_expired', next_action: 'request' } });
    expect(again.context.access_request).toHaveProperty('binding_token');
    expect((await task(body.task.id)).body.task.status).toBe('approved');
  });

  it('of twenty questions with one approval, exactly one is true', async () => {
    const question = refund(430);
    const approval = await approvalOf(question);
    const answers = await Promise.all(Array.from({ length: 20 }, () => withApproval(question, approval)));
    const decisions = answers.map(({ body }) => body.decision as boolean);
    expect(decisions.filter(Boolean)).toHaveLength(1);
    expect(decisions).toHaveLength(20);
  });

  it('an approval is for the very request that was approved', async () => {
    const question = refund(440);
    const approval = await approvalOf(question);
    const other = { ...question, action: { name: 'refund.create', properties: { amount: 441, currency: 'USD' } } };
    expect((await withApproval(other, approval)).body).toMatchObject({
      decision: false,
      context: { reason: 'out_of_scope', next_action: 'request' },
    });
    const small = (await withApproval(refund(5), approval)).body;
    expect(small).toMatchObject({ decision: false, context: { reason: 'out_of_scope', next_action: 'none' } });
    for (const forged of [{ id: `apr_${'0'.repeat(64)}` }, { id: 7 }, 'apr', null]) {
      const { body } = await evaluate({ ...question, context: { approval: forged } });
      expect(body).toMatchObject({
        decision: false,
        context: { reason: 'approval_unverifiable', next_action: 'none' },
      });
    }
    expect((await withApproval(question, approval)).body.decision).toBe(true);
  });

  it('what an approver changed is not what is asked, and stays denied', async () => {
    const question = refund(450);
    const id = await asked(question);
    await decide(stack, id, { decision: 'approve', changes: { 'params.amount': 150 } }, LEAD);
    const { body } = await eventually('the task is approved', async () => {
      const answer = await task(id);
      return answer.body.task.status === 'approved' ? answer : undefined;
    });
    expect((await withApproval(question, body.result.approval)).body).toMatchObject({
      decision: false,
      context: { reason: 'out_of_scope' },
    });
  });

  it('a refusal is final for the task, and withdrawing one is for whoever asked', async () => {
    const question = refund(460);
    const refused = await asked(question);
    await decide(stack, refused, { decision: 'refuse', reason: 'no' }, LEAD);
    await eventually('the task is denied', async () =>
      (await task(refused)).body.task.status === 'denied' ? true : undefined,
    );
    expect((await task(refused)).body.result).toBeUndefined();
    const withdrawn = await asked(refund(461));
    const cancelled = await stack.call('POST', `/access/v1/requests/${withdrawn}/cancel`, { reason: 'not needed' });
    expect([cancelled.status, cancelled.body.task.status]).toEqual([200, 'cancelled']);
    const late = await stack.call('POST', `/access/v1/requests/${withdrawn}/cancel`);
    expect([late.status, late.body.type]).toEqual([409, 'urn:openid:authzen:access-request:error:invalid_task_state']);
  });

  it('one denial is one task, and a key of the caller is one too', async () => {
    const question = refund(470);
    const denial = await denialOf(question);
    const first = await submit({ ...question, denial });
    expect((await submit({ ...question, denial })).body.task.id).toBe(first.body.task.id);
    const other = refund(471);
    const key = { 'idempotency-key': randomUUID() };
    const keyed = await submit({ ...other, denial: await denialOf(other) }, key);
    expect((await submit({ ...other, denial: await denialOf(other) }, key)).body.task.id).toBe(keyed.body.task.id);
    const third = refund(472);
    const reused = await submit({ ...third, denial: await denialOf(third) }, key);
    expect([reused.status, reused.body.type]).toEqual([
      409,
      'urn:openid:authzen:access-request:error:duplicate_request',
    ]);
  });

  it.each([
    ['another amount', (denial: object) => ({ ...refund(481), denial }), 'invalid_denial_binding', 400],
    [
      'no token',
      (denial: object, it: Question) => ({ ...it, denial: { ...denial, binding_token: undefined } }),
      'invalid_denial_binding',
      400,
    ],
    [
      'an altered token',
      (denial: object, it: Question) => ({ ...it, denial: { ...denial, binding_token: 'a.b.c' } }),
      'invalid_denial_binding',
      400,
    ],
    [
      'another end',
      (denial: object, it: Question) => ({ ...it, denial: { ...denial, expires_at: '2099-01-01T00:00:00Z' } }),
      'invalid_denial_binding',
      400,
    ],
    ['no denial', (_denial: object, it: Question) => it, 'invalid_denial_binding', 400],
    [
      'a bundle',
      (denial: object, it: Question) => ({ subject: it.subject, items: [it], denial }),
      'not_requestable',
      400,
    ],
  ])('%s is refused', async (_name, body, type, status) => {
    const question = refund(480);
    const answer = await submit(body(await denialOf(question), question));
    expect([answer.status, answer.body.type]).toEqual([status, `urn:openid:authzen:access-request:error:${type}`]);
  });

  it('a task is only for whoever may hold its permit', async () => {
    const id = await asked(refund(490));
    const token = await stack.person(LEAD);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
    ] as const) {
      const answer = await stack.call(method, `/access/v1/requests/${id}${path}`, undefined, { token });
      expect([answer.status, answer.body.type]).toEqual([404, 'urn:openid:authzen:access-request:error:unknown_task']);
    }
  });
});
