import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Receipt } from '../../src/contract/index.ts';
import { auditLog, type LogFiles } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { followKeys, verifyReceipt, type Trust } from '../../src/sealing/index.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(async () => {
  await stack.stop();
});

const USES = ['record', 'permit', 'log', 'attestation'] as const;

const publicTrust = async (): Promise<Trust> => {
  const [jwks, vkey] = await Promise.all([
    stack.call('GET', '/log/default/jwks.json'),
    stack.call('GET', '/log/default/vkey'),
  ]);
  return { recordKeys: jwks.body.keys, logKeys: [vkey.body.trim()] };
};

const files: LogFiles = async (path) => {
  const response = await fetch(`${stack.url}/log/default/${path}`, {
    headers: { authorization: `Bearer ${stack.stack.firstKey}` },
  });
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
};

const receiptOf = async (hash: string): Promise<Receipt> =>
  (await stack.call('GET', `/v1/records/${hash}/receipt`)).body;

describe('every key rotated while requests come in', () => {
  let old: Trust;
  let before: Receipt;
  const actions: { id: string; records: string[]; permit: string }[] = [];

  it('no request fails', { timeout: 120_000 }, async () => {
    old = await publicTrust();
    const first = await stack.ask(refund(10));
    expect(first.status).toBe(200);
    before = await receiptOf(first.body.records.at(-1));
    let rotating = true;
    const load = Array.from({ length: 4 }, async () => {
      for (let own = 0; rotating || own < 4; own += 1) {
        const { status, body } = await stack.ask(refund(10), { wait: 20 });
        expect(status, JSON.stringify(body)).toBe(200);
        const redeemed = await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
        expect(redeemed.status, JSON.stringify(redeemed.body)).toBe(200);
        const reported = await stack.call('POST', `/v1/actions/${body.id}/outcome`, {
          permit: body.permit,
          status: 'executed',
        });
        expect(reported.status, JSON.stringify(reported.body)).toBe(200);
        actions.push({ id: body.id, records: reported.body.records, permit: body.permit });
      }
    });
    const parked = await stack.ask(refund(420));
    expect(parked.status).toBe(202);
    for (const use of USES) {
      const rotated = await stack.call('POST', '/v1/signing-keys', { use, reason: 'yearly' });
      expect(rotated.status, JSON.stringify(rotated.body)).toBe(201);
    }
    rotating = false;
    await Promise.all(load);
    // Parked under the old keys, decided and released under the new ones.
    const decided = await stack.call(
      'POST',
      `/v1/actions/${parked.body.id}/decisions`,
      { decision: 'approve', reason: 'fine' },
      { token: await stack.person(LEAD) },
    );
    expect(decided.status, JSON.stringify(decided.body)).toBe(200);
    expect(decided.body.status).toBe('released');
  });

  it('what was sealed before is as valid as what is sealed now', async () => {
    const now = await publicTrust();
    const both = { recordKeys: now.recordKeys, logKeys: [...now.logKeys, ...old.logKeys] };
    expect((await verifyReceipt(before, both, { verify: nodeVerify })).keyid).toBe(
      (old.recordKeys[0] as { kid: string }).kid,
    );
    const signers = new Set<string>();
    for (const { records } of actions) {
      for (const hash of records) {
        const verified = await verifyReceipt(await receiptOf(hash), now, { verify: nodeVerify });
        signers.add(verified.keyid);
      }
    }
    expect(signers).toEqual(new Set(now.recordKeys.map((key) => (key as { kid: string }).kid)));
  });

  it('an auditor with the old public keys alone follows the log to its end', async () => {
    const report = await auditLog({ files, trust: old, verify: nodeVerify });
    expect(report.findings).toEqual([]);
    // Four rotations, and the attestation key that the first start introduced.
    expect(report.types.key).toBe(5);
  });

  it('the history leads from the old keys to the new ones', async () => {
    const history = (await stack.call('GET', '/log/default/keys.json')).body;
    const { trust, steps } = await followKeys(old, history, { verify: nodeVerify });
    expect(steps.map(({ change }) => [change.change, change.use])).toEqual([
      ['introduce', 'attestation'],
      ...USES.map((use) => ['introduce', use]),
    ]);
    const last = await receiptOf(actions.at(-1)?.records.at(-1) ?? '');
    expect(await verifyReceipt(last, trust, { verify: nodeVerify })).toMatchObject({ origin: 'countersign/default' });
  });
});

it('another key of the tenant may not rotate', async () => {
  const made = await stack.call('POST', '/v1/api-keys', { surfaces: ['payments.*'], actors: ['agent:support-bot'] });
  const { status } = await stack.call(
    'POST',
    '/v1/signing-keys',
    { use: 'record', reason: randomUUID() },
    { token: made.body.key },
  );
  expect(status).toBe(403);
});
