/** A whole stack whose keys are in a key manager: ES256 from end to end, and what happens while the manager is down. */
import { execFile } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crypto, dsse } from '@sigstore/core';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Receipt } from '../../src/contract/index.ts';
import { auditLog, type LogFiles } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { LOOK_MS } from '../../src/keys/live-file.ts';
import { nobleVerify, verifyReceipt, type Trust } from '../../src/sealing/index.ts';
import { eventually, passed } from '../support/eventually.ts';
import { onCluster } from '../support/not-on-cluster.ts';
import { startFakeVault, type FakeVault } from '../support/fake-vault.ts';
import { LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

const run = promisify(execFile);

let vault: FakeVault;
let stack: TestStack;
beforeAll(async () => {
  vault = await startFakeVault();
  for (const key of ['records', 'permits', 'attestations']) vault.make(key, 'ecdsa-p256');
  vault.make('log', 'ed25519');
  stack = await startTestStack(settings());
});
afterAll(async () => {
  await stack.stop();
  await vault.close();
});

const settings = (): Record<string, string> => ({
  VAULT_ADDR: vault.url,
  VAULT_TOKEN: vault.token,
  COUNTERSIGN_SIGNER: 'vault:records',
  COUNTERSIGN_PERMIT_SIGNER: 'vault:permits',
  COUNTERSIGN_LOG_SIGNER: 'vault:log',
  COUNTERSIGN_ATTESTATION_SIGNER: 'vault:attestations',
});

const files: LogFiles = async (path) => {
  const response = await fetch(`${stack.url}/log/default/${path}`, {
    headers: { authorization: `Bearer ${stack.stack.firstKey}` },
  });
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : null;
};
const trustNow = async (): Promise<Trust> => ({
  recordKeys: (await stack.call('GET', '/log/default/jwks.json')).body.keys,
  logKeys: [(await stack.call('GET', '/log/default/vkey')).body.trim()],
});
const receiptOf = async (hash: string): Promise<Receipt> =>
  (await stack.call('GET', `/v1/records/${hash}/receipt`)).body;
const size = async (): Promise<number> =>
  Number(String((await stack.call('GET', '/log/default/checkpoint')).body).split('\n')[1]);

describe('ES256 from end to end', () => {
  let released: Answer;

  it('nothing of a key is in the data folder', () => {
    const file = readFileSync(join(stack.dataDir, 'keys', 'tenants', 'default.json'), 'utf8');
    const { keys } = JSON.parse(file) as { keys: { kind: string; signer: string; jwk: object }[] };
    expect(keys.map(({ kind, signer }) => [kind, signer])).toEqual([
      ['remote', 'vault:transit/records:1'],
      ['remote', 'vault:transit/permits:1'],
      ['remote', 'vault:transit/log:1'],
    ]);
    expect(file).not.toContain('"d"');
  });

  it('an action is asked for, decided, executed and reported', async () => {
    const asked = await stack.ask(refund(420));
    expect(asked.status, JSON.stringify(asked.body)).toBe(202);
    released = await stack.call(
      'POST',
      `/v1/actions/${asked.body.id}/decisions`,
      { decision: 'approve', reason: 'fine' },
      { token: await stack.person(LEAD) },
    );
    // The decision is an approver's, who gets no permit; the one who asked does.
    released = await stack.call('GET', `/v1/actions/${asked.body.id}`);
    expect(released.body.status).toBe('released');
    const { permit, id } = released.body;
    const jwks = (await stack.call('GET', '/.well-known/jwks.json')).body;
    const { protectedHeader } = await jwtVerify(permit, createLocalJWKSet(jwks), { audience: 'payments.refund' });
    expect(protectedHeader.alg).toBe('ES256');
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    const reported = await stack.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    expect(reported.body.status).toBe('executed');
    released = reported;
  });

  it('its receipts verify here, by sigstore, by the command line and in an audit', async () => {
    const trust = await trustNow();
    const folder = mkdtempSync(join(tmpdir(), 'countersign-es256-'));
    for (const [i, hash] of (released.body.records as string[]).entries()) {
      const receipt = await receiptOf(hash);
      writeFileSync(join(folder, `receipt-${i}.json`), JSON.stringify(receipt));
      for (const verify of [nodeVerify, nobleVerify]) {
        expect((await verifyReceipt(receipt, trust, { verify })).recordHash).toBe(hash);
      }
      const { payload, payloadType, signatures } = receipt.envelope;
      const signed = dsse.preAuthEncoding(payloadType, Buffer.from(payload, 'base64'));
      const key = createPublicKey({ key: { ...(trust.recordKeys[0] as object) }, format: 'jwk' });
      expect(crypto.verify(signed, key, Buffer.from(signatures[0]?.sig ?? '', 'base64'), 'sha256')).toBe(true);
    }
    const cli = async (...args: string[]): Promise<string> => {
      const env = { PATH: process.env['PATH'], COUNTERSIGN_URL: stack.url };
      return (await run(process.execPath, ['bin/countersign.js', ...args], { env })).stdout;
    };
    await cli('keys', 'export', '--out', folder);
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['key-history.json', 'log.vkey', 'record-keys.jwks.json']),
    );
    const receipts = (released.body.records as string[]).map((_, i) => join(folder, `receipt-${i}.json`));
    const out = await cli(
      'verify',
      ...receipts,
      '--key',
      join(folder, 'record-keys.jwks.json'),
      '--log-key',
      join(folder, 'log.vkey'),
      '--key-history',
      join(folder, 'key-history.json'),
    );
    expect(out.match(/: valid$/gm)).toHaveLength(receipts.length);
    expect((await auditLog({ files, trust, verify: nodeVerify })).findings).toEqual([]);
  });
});

describe.each(['failing', 'down'] as const)('the key manager is %s', (state) => {
  it('actions wait, nothing is released, and all is done when it is back', { timeout: 120_000 }, async () => {
    const parked = await stack.ask(refund(500));
    expect(parked.status).toBe(202);
    const person = await stack.person(LEAD);
    const before = await size();
    vault.state = state;
    const deciding = stack.call(
      'POST',
      `/v1/actions/${parked.body.id}/decisions`,
      { decision: 'approve', reason: 'fine' },
      { token: person },
    );
    const asked = await Promise.all(Array.from({ length: 4 }, () => stack.ask(refund(10))));
    for (const { status, body } of asked) {
      expect([status, body.action]).toMatchObject([503, { status: 'evaluating', permit: null }]);
    }
    const waiting = await stack.call('GET', `/v1/actions/${parked.body.id}`);
    expect(waiting.body).toMatchObject({ status: 'supervised', permit: null });
    expect(await size()).toBe(before);

    // Nobody asks again: what was accepted goes on by itself.
    vault.state = 'up';
    const ids = [...asked.map(({ body }) => body.action.id as string), parked.body.id as string];
    for (const id of ids) {
      const action = await eventually(`${id} is released`, async () => {
        const { body } = await stack.call('GET', `/v1/actions/${id}?wait=20`);
        return body.status === 'released' ? body : undefined;
      });
      expect((await stack.call('POST', '/v1/permits/redeem', { permit: action.permit })).status).toBe(200);
    }
    expect([200, 503]).toContain((await deciding).status);
    expect((await auditLog({ files, trust: await trustNow(), verify: nodeVerify })).findings).toEqual([]);
  });
});

it('a rotation to a newer version of the same key, and to another place', async () => {
  vault.make('records');
  const old = await trustNow();
  const first = await stack.call('POST', '/v1/signing-keys', { use: 'record', reason: 'a newer version' });
  expect(first.body).toMatchObject({ signer: 'vault:transit/records:2' });
  const again = await stack.call('POST', '/v1/signing-keys', { use: 'record', reason: 'there is none' });
  expect(again.status).toBe(409);
  const moved = await stack.call('POST', '/v1/signing-keys', { use: 'record', reason: 'back home', signer: 'file' });
  expect(moved.body).toMatchObject({ signer: 'file', replaces: first.body.kid });
  const refused = await stack.call('POST', '/v1/signing-keys', { use: 'log', reason: 'no', signer: 'vault:permits' });
  expect(refused.status).toBe(400);
  expect((await stack.ask(refund(10))).status).toBe(200);
  expect((await auditLog({ files, trust: old, verify: nodeVerify })).findings).toEqual([]);
});

it('the key to attest with comes into the key manager by a rotation; without it nothing is even asked', async () => {
  const rotated = await stack.call('POST', '/v1/signing-keys', { use: 'attestation', reason: 'into the vault' });
  expect(rotated.body).toMatchObject({ signer: 'vault:transit/attestations:1' });
  await eventually('the new key attests', () => stack.stack.parts.keys.attestation.algorithm === 'ES256' || undefined);
  // Another process attests with the key that it had for a second at most.
  if (onCluster) await passed(Date.now() + LOOK_MS);
  vault.state = 'down';
  const { status, body } = await stack.ask(refund(10));
  expect([status, body.detail]).toEqual([503, expect.stringContaining('key manager')]);
  expect(body.action).toBeUndefined();
  vault.state = 'up';
  expect((await stack.ask(refund(10))).status).toBe(200);
  const parked = await stack.ask(refund(400));
  await stack.call(
    'POST',
    `/v1/actions/${parked.body.id}/decisions`,
    { decision: 'approve', reason: 'fine' },
    { token: await stack.person(LEAD) },
  );
  expect((await stack.call('GET', `/v1/actions/${parked.body.id}`)).body.status).toBe('released');
});
