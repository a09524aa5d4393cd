import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { canonicalize } from '../../src/canonical/index.ts';
import { auditLog } from '../../src/evidence/index.ts';
import { createAttestor } from '../../src/identity/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { verifyPasskeyDecision } from '../../src/sealing/index.ts';
import { SoftAuthenticator } from '../support/authenticator.ts';
import { enrol, originOf, send, signed, type Enrolled } from '../support/passkeys.ts';
import { policiesFolder } from '../support/policies.ts';
import { CFO, LEAD, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

const POLICY = `policy: treasury
refusalStands: 0
surfaces: [treasury.payout]
requires: [params.amount]
rules:
  - id: large
    when: params.amount > 1000
    then: supervise
    approval:
      stages: [{ name: treasury, approvers: ["user:finance-lead@acme.test", "user:cfo@acme.test"], quorum: 2, assurance: passkey }]
      expires: 4h
      mayChange: [params.amount, params.account]
      via: [console, api]
  - id: medium
    when: params.amount > 100
    then: supervise
    approval:
      stages: [{ name: treasury, approvers: ["user:finance-lead@acme.test", "user:cfo@acme.test"], assurance: passkey }]
      expires: 4h
      extendUpTo: 24h
      reason: required
      mayChange: [params.amount, params.account]
      via: [console]
  - { id: small, when: "true", then: approve }
disclose: [params.amount]
`;

const policies = policiesFolder({ 'treasury.yaml': POLICY });
let stack: TestStack;
let lead: Enrolled;
let cfo: Enrolled;
beforeAll(async () => {
  stack = await startTestStack({ COUNTERSIGN_POLICIES: policies.path });
  [lead, cfo] = await Promise.all([enrol(stack, LEAD), enrol(stack, CFO, { algorithm: 'EdDSA' })]);
});
afterAll(async () => {
  await stack.stop();
  policies.remove();
});

const payout = (amount: number): object => ({
  surface: 'treasury.payout',
  action: 'payout.send',
  actor: { id: 'agent:treasurer', type: 'agent' },
  params: { amount, account: 'DE-1' },
});
const parked = async (amount = 500): Promise<string> => {
  const { status, body } = await stack.ask(payout(amount));
  expect(status).toBe(202);
  return body.id as string;
};
const actionOf = async (id: string): Promise<Answer['body']> =>
  (await stack.call('GET', `/v1/actions/${id}?wait=0`)).body;
const recordsOf = async (query: string): Promise<Answer['body'][]> =>
  (await stack.call('GET', `/v1/records?${query}`)).body.records;

const APPROVE = { decision: 'approve', reason: 'matches the invoice' };
const by = (person: Enrolled) => ({ who: person === lead ? LEAD : CFO, with: person.authenticator });

/** Asks, signs and sends. */
async function decide(id: string, decision: object, person: Enrolled, deviation = {}): Promise<Answer> {
  const { who, with: authenticator } = by(person);
  return send(stack, id, decision, who, await signed(stack, id, decision, who, authenticator, { deviation }));
}

describe('an approval by passkey', () => {
  it('releases, and its record holds all that anybody needs to verify it', async () => {
    const id = await parked();
    const answer = await decide(id, APPROVE, lead);
    expect([answer.status, answer.body.status]).toEqual([200, 'released']);
    expect(await actionOf(id)).toMatchObject({
      permit: expect.any(String),
      approval: { stages: [{ decisions: [{ via: 'console' }] }] },
    });
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: (await actionOf(id)).permit });
    expect(redeemed.status).toBe(200);

    const [decision] = await recordsOf(`action=${id}&type=decision`);
    const enrolment = (await stack.call('GET', `/v1/records/${lead.passkey.record}`)).body;
    expect(enrolment.record).toMatchObject({ type: 'key', by: LEAD, body: { use: 'passkey', person: LEAD } });
    const verified = await verifyPasskeyDecision(decision.record, enrolment);
    expect(verified).toMatchObject({ enrolment: { person: LEAD }, after: decision.record.prev });
  });

  it('signs exactly what is decided: the challenge is the hash of the statement', async () => {
    const id = await parked();
    const decision = {
      decision: 'approve',
      reason: 'less',
      changes: { 'params.amount': 300, 'params.account': 'DE-2' },
    };
    const token = await stack.person(CFO);
    const { body } = await stack.call('POST', `/v1/actions/${id}/decision-options`, decision, {
      token,
      headers: { 'countersign-door': 'console' },
    });
    const { requestHash, records } = await actionOf(id);
    expect(body.options.challenge).toBe(createHash('sha256').update(canonicalize(body.statement)).digest('base64url'));
    expect(body.options).toMatchObject({ userVerification: 'required', rpId: 'localhost' });
    expect(body.statement).toMatchObject({
      kind: 'countersign.decision/v1',
      ...{ tenant: 'default', action: id, requestHash, stage: 0, decision: 'approve', by: CFO, reason: 'less' },
      ...{ via: 'console', delegation: null, until: null, after: records.at(-1) },
      changes: {
        'params.amount': { from: 500, to: 300 },
        'params.account': { from: expect.stringMatching(/^sha256:/), to: expect.stringMatching(/^sha256:/) },
      },
    });
    const answer = await send(stack, id, decision, CFO, cfo.authenticator.get(body.options));
    expect(answer.body.status).toBe('released');
    const [sealed] = await recordsOf(`action=${id}&type=decision`);
    expect(sealed.record.changes).toEqual(body.statement.changes);
    const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: (await actionOf(id)).permit });
    expect(redeemed.body.changes).toEqual(decision.changes);
  });

  it('counts for each of a quorum, from each door that policy lists', async () => {
    const id = await parked(2000);
    const first = await signed(stack, id, APPROVE, LEAD, lead.authenticator, { door: 'api' });
    expect((await send(stack, id, APPROVE, LEAD, first, 'api')).body.status).toBe('supervised');
    expect((await decide(id, APPROVE, cfo)).body.status).toBe('released');
  });

  it('refuses by passkey as well', async () => {
    const id = await parked();
    const answer = await decide(id, { decision: 'refuse', reason: 'a second invoice' }, lead);
    expect(answer.body.status).toBe('refused');
  });

  it('asks for none where nothing is decided', async () => {
    const id = await parked();
    const question = { decision: 'return', reason: 'which invoice?' };
    expect((await send(stack, id, question, LEAD, null)).body.code).toBe('door-closed');
    expect((await decide(id, question, lead)).body.status).toBe('supervised');
    const [sealed] = await recordsOf(`action=${id}&type=decision`);
    expect(sealed.record).toMatchObject({ decision: 'return', assurance: { enrolment: lead.passkey.record } });
  });
});

describe('what does not count', () => {
  type Attack = (id: string) => Promise<Answer>;
  const attack = (name: string, code: string, run: Attack) => ({ name, code, run });
  const mine = (id: string, decision: object = APPROVE, deviation = {}) =>
    signed(stack, id, decision, LEAD, lead.authenticator, { deviation });
  const said = (id: string, decision: object, passkey: object | null, door?: string) =>
    send(stack, id, decision, LEAD, passkey, door);
  const refuse = { decision: 'refuse', reason: APPROVE.reason };

  const ATTACKS = [
    attack('no passkey', 'door-closed', (id) => said(id, APPROVE, null)),
    attack('no passkey, and a door that policy does not list', 'door-closed', (id) => said(id, APPROVE, null, 'api')),
    attack('another decision', 'passkey-invalid', async (id) => said(id, APPROVE, await mine(id, refuse))),
    attack('another reason', 'passkey-invalid', async (id) =>
      said(id, { ...APPROVE, reason: 'whatever' }, await mine(id)),
    ),
    attack('changes added', 'passkey-invalid', async (id) =>
      said(id, { ...APPROVE, changes: { 'params.amount': 1 } }, await mine(id)),
    ),
    attack('other changes, of a value that is not disclosed', 'passkey-invalid', async (id) =>
      said(
        id,
        { ...APPROVE, changes: { 'params.account': 'XX-9' } },
        await mine(id, { ...APPROVE, changes: { 'params.account': 'DE-2' } }),
      ),
    ),
    attack('another action', 'passkey-invalid', async (id) => said(id, APPROVE, await mine(await parked()))),
    attack('another door', 'passkey-invalid', async (id) => said(id, APPROVE, await mine(id), 'api')),
    attack('another approver’s passkey', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await signed(stack, id, APPROVE, CFO, cfo.authenticator)),
    ),
    attack('another approver’s passkey over the very statement', 'passkey-invalid', async (id) => {
      const token = await stack.person(LEAD);
      const headers = { 'countersign-door': 'console' };
      const { body } = await stack.call('POST', `/v1/actions/${id}/decision-options`, APPROVE, { token, headers });
      return said(id, APPROVE, cfo.authenticator.get(body.options));
    }),
    attack('a passkey that nobody enrolled', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await signed(stack, id, APPROVE, LEAD, new SoftAuthenticator({ origin: originOf(stack) }))),
    ),
    attack('nobody verified', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await mine(id, APPROVE, { verified: false })),
    ),
    attack('nobody there', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await mine(id, APPROVE, { present: false })),
    ),
    attack('another origin', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await mine(id, APPROVE, { origin: 'https://countersign.example' })),
    ),
    attack('a frame of another origin', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await mine(id, APPROVE, { crossOrigin: true })),
    ),
    attack('another relying party', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await mine(id, APPROVE, { rpId: 'countersign.example' })),
    ),
    attack('the ceremony of a registration', 'passkey-invalid', async (id) =>
      said(id, APPROVE, await mine(id, APPROVE, { type: 'webauthn.create' })),
    ),
    attack('a signature of something else', 'passkey-invalid', async (id) => {
      const [one, two] = [await mine(id), await mine(id)];
      return said(id, APPROVE, { ...two, response: { ...two.response, signature: one.response.signature } });
    }),
    attack('no assertion at all', 'invalid-request', (id) => said(id, APPROVE, { id: 'AA', type: 'public-key' })),
  ];

  it.each(ATTACKS)('$name', async ({ code, run }) => {
    const id = await parked();
    const before = await actionOf(id);
    const answer = await run(id);
    expect([answer.body.code, answer.status >= 400]).toEqual([code, true]);
    expect(await actionOf(id)).toEqual(before);
  });

  it('an assertion counts once, also when its action changed meanwhile', async () => {
    const id = await parked(2000);
    const first = await signed(stack, id, APPROVE, LEAD, lead.authenticator);
    const stale = await signed(stack, id, APPROVE, CFO, cfo.authenticator);
    expect((await send(stack, id, APPROVE, LEAD, first)).body.status).toBe('supervised');
    for (const [person, passkey] of [
      [LEAD, first],
      [CFO, stale],
    ] as const) {
      expect((await send(stack, id, APPROVE, person, passkey)).body.code).toBe('passkey-invalid');
    }
    expect((await actionOf(id)).status).toBe('supervised');
    expect((await decide(id, APPROVE, cfo)).body.status).toBe('released');
  });

  it('a counter that goes back says that there is a copy', async () => {
    const copied = await enrol(stack, LEAD, { counter: 10 });
    const id = await parked();
    copied.authenticator.counter = 5;
    const passkey = await signed(stack, id, APPROVE, LEAD, copied.authenticator);
    const again = await send(stack, id, APPROVE, LEAD, passkey);
    expect(again.body).toMatchObject({ code: 'passkey-invalid', detail: expect.stringContaining('copy') });
    copied.authenticator.counter = 50;
    expect(
      (await send(stack, id, APPROVE, LEAD, await signed(stack, id, APPROVE, LEAD, copied.authenticator))).body.status,
    ).toBe('released');
  });

  it('one without a counter is used again and again', async () => {
    const synced = await enrol(stack, LEAD, { counter: null });
    for (let times = 0; times < 2; times += 1) {
      const id = await parked();
      const passkey = await signed(stack, id, APPROVE, LEAD, synced.authenticator);
      expect((await send(stack, id, APPROVE, LEAD, passkey)).body.status).toBe('released');
    }
  });
});

describe('whoever runs the stack', () => {
  it('forges no approval, with Temporal, the attestation key and the database’s rows', async () => {
    const id = await parked();
    const connection = await Connection.connect({ address: stack.stack.temporal.address });
    try {
      const handle = new Client({ connection, namespace: stack.stack.temporal.namespace }).workflow.getHandle(
        `action/default/${id.slice(4)}`,
      );
      const { parts } = stack.stack;
      const { requestHash } = await actionOf(id);
      const claims = {
        ...{ kind: 'decide' as const, tenant: 'default', action: id, by: LEAD, via: 'console' as const, requestHash },
        ...{ decision: 'approve' as const, reason: APPROVE.reason },
      };
      const real = await signed(stack, await parked(), APPROVE, LEAD, lead.authenticator);
      const foreign = new SoftAuthenticator({ origin: originOf(stack) });
      const own = await signed(stack, id, APPROVE, LEAD, foreign);
      // A row that makes the forger's key the lead's, with the lead's own enrolment behind it.
      const row = (await parts.store.passkeys.list('default', LEAD))[0];
      if (row === undefined) throw new Error('the lead has no passkey');
      const hash = createHash('sha256').update(foreign.credentialId).digest('hex');
      await parts.store.passkeys.add({
        ...row,
        id: `passkey:${hash}`,
        credential: foreign.credentialId.toString('base64url'),
      });
      const forgeries = [
        null,
        { assured: true },
        { credential: real.id, ...real.response },
        { credential: own.id, ...own.response },
      ];
      for (const assurance of forgeries) {
        const attestation = await createAttestor(parts.keys.attestation).attest({ ...claims, assurance });
        await handle.signal('decide', { attestation });
        await expect(handle.executeUpdate('decide', { args: [{ attestation }] })).rejects.toBeInstanceOf(
          WorkflowUpdateFailedError,
        );
      }
      expect(await actionOf(id)).toMatchObject({
        status: 'supervised',
        permit: null,
        approval: { stages: [{ decisions: [] }] },
      });
      const attempts = await parts.store.attempts.list('default', id);
      expect(attempts.map(({ code }) => code)).toContain('passkey-invalid');
    } finally {
      await connection.close();
    }
  });
});

describe('bringing one in', () => {
  const options = async (person: string) =>
    (await stack.call('POST', '/v1/passkeys/options', {}, { token: await stack.person(person) })).body;
  const bring = async (person: string, response: object) =>
    stack.call('POST', '/v1/passkeys', { response }, { token: await stack.person(person) });
  const fresh = () => new SoftAuthenticator({ origin: originOf(stack) });

  it('is for people, for themselves', async () => {
    expect((await stack.call('POST', '/v1/passkeys/options', {})).body.code).toBe('forbidden');
    const asked = await options(LEAD);
    expect(asked).toMatchObject({ rp: { id: 'localhost' }, authenticatorSelection: { userVerification: 'required' } });
    const stolen = fresh().create(asked);
    expect((await bring(CFO, stolen)).body.code).toBe('passkey-invalid');
  });

  it.each([
    ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['another origin', { origin: 'https://countersign.example' }],
    ['another relying party', { rpId: 'countersign.example' }],
    ['nobody verified', { verified: false }],
    ['the ceremony of an assertion', { type: 'webauthn.get' }],
  ])('is refused with %s', async (_, deviation) => {
    const answer = await bring(LEAD, fresh().create(await options(LEAD), deviation));
    expect([answer.status, answer.body.code]).toEqual([403, 'passkey-invalid']);
  });

  it('counts once for each challenge, and once for each passkey', async () => {
    const authenticator = fresh();
    const made = authenticator.create(await options(LEAD));
    expect((await bring(LEAD, made)).status).toBe(201);
    expect((await bring(LEAD, made)).body.code).toBe('passkey-invalid');
    expect((await options(LEAD)).excludeCredentials.map(({ id }: { id: string }) => id)).toContain(
      authenticator.credentialId.toString('base64url'),
    );
    const asked = await options(LEAD);
    expect((await bring(LEAD, authenticator.create({ ...asked, excludeCredentials: [] }))).body.code).toBe('conflict');
  });

  it('is listed for its person and for auditors, and revoked by its person or an owner, sealed both times', async () => {
    const { authenticator, passkey } = await enrol(stack, LEAD);
    const listed = async (token?: string) =>
      (await stack.call('GET', '/v1/passkeys', undefined, token === undefined ? {} : { token })).body.passkeys.map(
        ({ id }: { id: string }) => id,
      );
    expect(await listed(await stack.person(LEAD))).toContain(passkey.id);
    expect(await listed()).toContain(passkey.id);
    expect(await listed(await stack.person(CFO))).not.toContain(passkey.id);
    const revoke = async (person?: string) =>
      stack.call(
        'DELETE',
        `/v1/passkeys/${passkey.id}`,
        { reason: 'lost on a train' },
        person === undefined ? {} : { token: await stack.person(person) },
      );
    expect((await revoke(CFO)).status).toBe(404);
    const id = await parked();
    const ready = await signed(stack, id, APPROVE, LEAD, authenticator);
    expect((await revoke()).status).toBe(204);
    expect((await revoke(LEAD)).status).toBe(404);
    expect((await send(stack, id, APPROVE, LEAD, ready)).body.code).toBe('passkey-invalid');
    const records = await recordsOf(`action=${encodeURIComponent(passkey.id)}`);
    expect(records.map(({ record }) => [record.seq, record.body.change, record.reason])).toEqual([
      [1, 'revoke', 'lost on a train'],
      [0, 'introduce', null],
    ]);
  });
});

describe('an audit of all this', () => {
  it('verifies every assertion in the log, and finds nothing wrong', async () => {
    const served = async (path: string): Promise<Uint8Array | null> => {
      const answer = await fetch(`${stack.url}/log/default/${path}`, {
        headers: { authorization: `Bearer ${stack.stack.firstKey}` },
      });
      return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : null;
    };
    const text = async (path: string): Promise<string> => Buffer.from((await served(path)) ?? []).toString('utf8');
    const recordKeys = JSON.parse(await text('jwks.json')).keys as object[];
    const trust = { recordKeys, logKeys: [(await text('vkey')).trim()] };
    const report = await auditLog({ files: served, trust, verify: nodeVerify });
    expect(report.findings).toEqual([]);
    expect(report.types.decision).toBeGreaterThan(6);
    expect(report.types.key).toBeGreaterThan(3);
  });
});
