/** A human's no stands against the same effect, however it is worded and whoever of the same humans asks. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide, policiesFolder } from '../support/policies.ts';
import { LEAD, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

const REQUESTER = 'user:requester@acme.test';
const OWNED = `
agents:
  - { id: 'agent:desk-1', owner: '${REQUESTER}' }
  - { id: 'agent:desk-2', owner: '${REQUESTER}' }
services:
  - { id: 'service:back-office', owner: '${REQUESTER}' }
`;
const ASKED_AGAIN = `policy: test.again
surfaces: [test.again]
decimals: [params.amount]
rules:
  - { id: small, when: params.amount <= 100, then: approve }
  - id: medium
    when: 'true'
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['${LEAD}'] }] }
disclose: [params.amount, resource.id]
refusalStands: ask
`;

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
beforeAll(async () => {
  folder = policiesFolder({ 'test.again.yaml': ASKED_AGAIN });
  appendFileSync(join(folder.path, 'directory.yaml'), OWNED);
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
});

type Request = Record<string, unknown> & { resource: Record<string, unknown>; params: Record<string, unknown> };
const AMOUNT = 420.5;
const about = (order: string, amount: number | string = AMOUNT): Request => ({
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:desk-1', type: 'agent' },
  resource: { type: 'order', id: order },
  params: { amount, currency: 'USD' },
});

/** Asks, and has the finance lead refuse. @returns the hash of the refusal's record */
async function refused(request: Request): Promise<string> {
  const { body, status } = await it_.ask(request);
  expect(status).toBe(202);
  const answer = await decide(it_, body.id, { decision: 'refuse', reason: 'paid already' }, LEAD);
  expect(answer.body.status).toBe('refused');
  return answer.body.records.at(-1);
}

const IDENTITIES = {
  'the same agent': { id: 'agent:desk-1', type: 'agent' },
  'another agent of the same owner': { id: 'agent:desk-2', type: 'agent' },
  'a service in the name of the owner': {
    id: 'service:other',
    type: 'service',
    onBehalfOf: { id: REQUESTER, type: 'user' },
  },
  'the owner': { id: REQUESTER, type: 'user' },
};
const id = (order: string) => ({ resource: { type: 'order', id: order } });
const REWORDINGS: Record<string, (asked: Request) => object> = {
  'word for word': () => ({}),
  'a cent less': () => ({ params: { amount: AMOUNT - 0.01, currency: 'USD' } }),
  'an eighth less': () => ({ params: { amount: 368, currency: 'USD' } }),
  'an eighth more': () => ({ params: { amount: 473, currency: 'USD' } }),
  'the amount as text': () => ({ params: { amount: '420.50', currency: 'USD' } }),
  'another currency': () => ({ params: { amount: 390, currency: 'EUR' } }),
  'the order in capitals': ({ resource }) => id(String(resource['id']).toUpperCase()),
  'the order with other separators': ({ resource }) => id(` ${String(resource['id']).replaceAll('_', ' - ')}`),
  'the order in full width': ({ resource }) => id(String(resource['id']).replace('7', '７')),
  'the order with its kind before it': ({ resource }) => id(`Order/${String(resource['id'])}`),
  'the order percent-encoded, with zeros': ({ resource }) => id(String(resource['id']).replace('_7', '%5f007')),
  'another note, another verb in capitals': ({ params }) => ({
    action: 'Refund.Create',
    params: { ...params, note: 'goodwill this time' },
    context: { matter: 'M-1', labels: ['urgent'] },
  }),
};

describe('a human’s no', () => {
  let record: string;
  const asked = about('ord_7001');
  beforeAll(async () => {
    record = await refused(asked);
  });

  it.each(Object.entries(IDENTITIES))('stands in 12 rewordings of %s', async (_, actor) => {
    expect(Object.keys(REWORDINGS)).toHaveLength(12);
    for (const [name, reword] of Object.entries(REWORDINGS)) {
      const { body } = await it_.call('POST', '/v1/evaluate', { ...asked, ...reword(asked), actor });
      expect(body.verdict, name).toMatchObject({ decision: 'refuse', basis: 'refused_before' });
      expect(body.verdict.reasons.join(), name).toContain(record);
    }
  });

  it('is final, sealed with the record it names, and no word about another effect', async () => {
    const { status, body } = await it_.ask(asked);
    expect(status).toBe(403);
    expect(body).toMatchObject({ code: 'action-refused', final: true });
    expect(body.action.verdict).toMatchObject({ basis: 'refused_before', policy: 'payments.refund' });
    const { body: sealed } = await it_.call('GET', `/v1/records/${body.action.records[0]}`);
    expect(sealed.record.facts.refusals).toMatchObject([{ record, by: LEAD, reason: 'paid already' }]);

    const others: Record<string, object> = {
      'another order': id('ord_7002'),
      'far less': { params: { amount: 200, currency: 'USD' } },
      'another human': { actor: { id: 'user:new-hire@acme.test', type: 'user' } },
      'what a rule refuses anyway': { params: { amount: 5000, currency: 'USD' } },
    };
    for (const [name, other] of Object.entries(others)) {
      const { verdict } = (await it_.call('POST', '/v1/evaluate', { ...asked, ...other })).body;
      expect(verdict.basis, name).toBe('rule');
    }
  });

  it('a refusal by a rule is nobody’s no', async () => {
    expect((await it_.ask(about('ord_7003', 5000))).status).toBe(403);
    expect((await it_.ask(about('ord_7003', 990))).status).toBe(202);
  });

  it('stands against its parts, asked for at once by four who act for one', async () => {
    const parts = about('ord_7004');
    const first = await refused(parts);
    const actors = Object.values(IDENTITIES);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n): Promise<Answer> =>
        it_.ask({ ...parts, actor: actors[n % 4], params: { amount: 90, currency: 'USD' } }),
      ),
    );
    // Four times 90 reach four fifths of 420.50; three do not.
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    for (const { body } of answers.filter(({ status }) => status !== 200)) {
      expect(body.action.verdict.basis).toBe('refused_before');
      expect(body.action.verdict.reasons.join()).toContain(first);
    }
  });

  it('where policy says `ask`: the same people are asked again, with the no before them', async () => {
    const again = { ...about('ord_7005', 120), surface: 'test.again' };
    const first = await refused(again);
    const { status, body } = await it_.ask({ ...again, params: { amount: 99, currency: 'USD' } });
    expect(status).toBe(202);
    expect(body.approval.stages).toMatchObject([{ approvers: [LEAD] }]);
    expect(body.verdict.reasons.join()).toContain(first);
    expect(body.verdict.reasons[0]).toMatch(/^user:\S+ refused the same .*\(now amount 99 instead of 120\)/);
    await decide(it_, body.id, { decision: 'approve' }, LEAD);
    const { body: released } = await it_.call('GET', `/v1/actions/${body.id}?wait=20`);
    expect(released.status).toBe('released');
  });
});
