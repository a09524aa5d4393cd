/** What people say beside actions carries the signature of a published attestation key over exactly what was sealed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OtherRecord } from '../../src/contract/index.ts';
import { sealOutcome } from '../../src/engine/outcome.ts';
import { reconcile } from '../../src/engine/reconcile.ts';
import { AttestedAudit } from '../../src/evidence/attested.ts';
import { createAttestor } from '../../src/identity/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { readPublicJwk, verifyAttested, type PublicJwk, type SaidRecord } from '../../src/sealing/index.ts';
import { countersign } from '../cli/harness.ts';
import { CFO, LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const COMMANDER = 'user:incident-commander@acme.test';
const STRANGER = 'user:duty-manager@acme.test';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack.stop());

const as = async (person: string) => ({ token: await stack.person(person) });

async function published(): Promise<PublicJwk[]> {
  const history = (await (await fetch(`${stack.url}/log/default/keys.json`)).json()) as {
    keys: { use: string; key: unknown }[];
  };
  const keys = history.keys.filter(({ use }) => use === 'attestation');
  return keys.flatMap(({ key }) => readPublicJwk(key) ?? []);
}

async function sealed(chain: string): Promise<OtherRecord[]> {
  const { body } = await stack.call('GET', `/v1/records?action=${chain}`);
  return (body.records as { record: OtherRecord }[]).map(({ record }) => record);
}

async function said(): Promise<OtherRecord[]> {
  const stop = { scope: 'surface', value: 'deploy.prod', reason: 'drill' };
  const freeze = await stack.call('POST', '/v1/freezes', stop, await as(COMMANDER));
  await stack.call('DELETE', `/v1/freezes/${freeze.body.id}`, { reason: 'over' }, await as(COMMANDER));
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const given = await stack.call('POST', '/v1/delegations', { to: STRANGER, until }, await as(CFO));
  await stack.call('DELETE', `/v1/delegations/${given.body.id}`, undefined, await as(CFO));
  return [...(await sealed(`freeze:${freeze.body.id}`)), ...(await sealed(`delegation:${given.body.id}`))];
}

it('a freeze, its lifting, a delegation and its end are checked with nothing but published keys', async () => {
  const records = await said();
  expect(records.map(({ body }) => body['state'])).toEqual(['lifted', 'frozen', 'revoked', 'given']);
  const keys = await published();
  for (const record of records) {
    await verifyAttested(record, keys);
    for (const forged of [
      { ...record, by: 'user:mallory@acme.test' },
      { ...record, at: new Date(0).toISOString() },
      { ...record, body: { ...record.body, to: 'user:mallory@acme.test' } },
    ]) {
      await expect(verifyAttested(forged, keys)).rejects.toMatchObject({ reason: 'attestation-signature-wrong' });
    }
    await expect(verifyAttested(record, [])).rejects.toMatchObject({ reason: 'attestation-key-unknown' });
  }
});

it('a decision is too, changes and all; one that is not signed, or by another key, does not hold', async () => {
  const { body } = await stack.ask(refund(420));
  const decided = { decision: 'approve', reason: 'matches', changes: { 'params.amount': 400 } };
  const answer = await stack.call('POST', `/v1/actions/${body.id}/decisions`, decided, await as(LEAD));
  expect([answer.status, answer.body.status]).toEqual([200, 'released']);
  const { body: page } = await stack.call('GET', `/v1/records?action=${body.id}&type=decision`);
  const record = page.records[0].record as SaidRecord & { type: 'decision' };
  const keys = await published();
  await verifyAttested(record, keys);
  for (const forged of [
    { ...record, by: CFO },
    { ...record, decision: 'refuse' as const },
    { ...record, changes: null },
    { ...record, attestation: `sha256:${'0'.repeat(64)}` },
  ]) {
    await expect(verifyAttested(forged, keys)).rejects.toMatchObject({ reason: 'attestation-signature-wrong' });
  }
  // Offline, from the receipt and the keys alone: the record key would have signed a forged one too, the attestation key did not.
  const dir = mkdtempSync(join(tmpdir(), 'countersign-attested-'));
  const receipt = join(dir, 'receipt.json');
  writeFileSync(receipt, JSON.stringify((await stack.call('GET', `/v1/records/${page.records[0].hash}/receipt`)).body));
  const cli = (...args: string[]) => countersign(args, { env: {} });
  expect((await cli('keys', 'export', '--url', stack.url, '--out', dir)).code).toBe(0);
  const given = ['--key', join(dir, 'record-keys.jwks.json'), '--log-key', join(dir, 'log.vkey')];
  const without = await cli('verify', receipt, ...given);
  expect([without.code, without.out]).toEqual([0, expect.stringContaining('attested who said so')]);
  const proven = await cli('verify', receipt, ...given, '--key-history', join(dir, 'key-history.json'));
  expect([proven.code, proven.out]).toEqual([0, expect.not.stringContaining('attested who said so')]);
  rmSync(dir, { recursive: true });

  const { attested: _attested, ...bare } = record;
  await expect(verifyAttested(bare, keys)).rejects.toMatchObject({ reason: 'attestation-malformed' });
});

/** Records of one action of these types, oldest first, each as it was sealed. */
async function sealedOf(id: string, types: readonly string[]): Promise<SaidRecord[]> {
  const { body } = await stack.call('GET', `/v1/records?action=${id}&limit=100`);
  const records = (body.records as { record: SaidRecord }[]).map(({ record }) => record).reverse();
  return records.filter(({ type }) => types.includes(type));
}

/** One action each for what people and keys say of it, until all of it is sealed. */
async function everyWord(): Promise<[string, SaidRecord[]][]> {
  const parked = (await stack.ask(refund(421))).body.id as string;
  const on = (path: string, body: unknown, token?: string) =>
    stack.call('POST', `/v1/actions/${path}`, body, token === undefined ? {} : { token });
  const lead = await stack.person(LEAD);
  const until = new Date(Date.now() + 5 * 3_600_000).toISOString();
  expect((await on(`${parked}/decisions`, { decision: 'return', reason: 'which order?' }, lead)).status).toBe(200);
  expect((await on(`${parked}/answer`, { text: 'the second one' })).status).toBe(200);
  expect((await on(`${parked}/decisions`, { decision: 'extend', until, reason: 'wait' }, lead)).status).toBe(200);
  expect((await on(`${parked}/cancel`, {})).status).toBe(200);

  const emergency = {
    ...{ surface: 'deploy.prod', action: 'deploy.start', actor: { id: COMMANDER, type: 'user' } },
    resource: { type: 'service', id: 'shop', service: 'shop' },
    params: { version: '1.42.1', tests: 'passed', plan: { destroy: 1 } },
    context: { environment: 'production', urgency: 'emergency', reason: 'checkout is down for everybody' },
  };
  const { body: broken } = await stack.ask(emergency, { token: await stack.person(COMMANDER) });
  expect(broken.verdict.basis).toBe('break_glass');
  const right = { right: true, reason: 'it was needed' };
  expect((await on(`${broken.id}/review`, right, await stack.person('user:risk-officer@acme.test'))).status).toBe(200);

  // Redeemed, and then silent for as long as policy waits.
  const { body: silent } = await stack.ask(refund(21));
  expect((await stack.call('POST', '/v1/permits/redeem', { permit: silent.permit })).status).toBe(200);
  const deps = activityDeps(stack.stack.parts, null, null);
  const later = new Date(Date.now() + 24 * 3_600_000);
  await sealOutcome({ ...deps, now: () => later }, { action: { tenant: 'default', id: silent.id }, outcome: null });
  const attestation = await createAttestor(stack.stack.parts.keys.attestation).attest({
    ...({ kind: 'reconcile', tenant: 'default', by: CFO, via: 'api', status: 'executed' } as const),
    ...{ action: silent.id, reason: 'the ledger has it' },
  });
  await reconcile(deps, { action: { tenant: 'default', id: silent.id }, attestation });
  return [
    [parked, await sealedOf(parked, ['decision'])],
    [broken.id, await sealedOf(broken.id, ['review'])],
    [silent.id, await sealedOf(silent.id, ['reconcile'])],
  ];
}

it('so are a return, an answer, an extension, a withdrawal, a review and a reconciliation; forged ones do not hold', async () => {
  const words = await everyWord();
  const said = words.flatMap(([, records]) => records);
  expect(said.map((record) => (record.type === 'decision' ? record.decision : record.type))).toEqual([
    ...['return', 'answered', 'extend', 'cancelled', 'review', 'reconcile'],
  ]);
  const keys = await published();
  for (const record of said) {
    await verifyAttested(record, keys);
    const body = 'body' in record ? { body: { ...record.body, right: false, status: 'skipped' } } : { until: null };
    for (const forged of [
      { ...record, by: 'user:mallory@acme.test' },
      { ...record, reason: 'nobody said so' },
      { ...record, action: `act_${'0'.repeat(64)}` },
      { ...record, seq: record.seq + 1 },
      { ...record, at: new Date(0).toISOString() },
      ...('body' in record || record.until !== null ? [{ ...record, ...body }] : []),
    ] as SaidRecord[]) {
      await expect(verifyAttested(forged, keys)).rejects.toMatchObject({ reason: 'attestation-signature-wrong' });
    }
    await expect(verifyAttested(record, [])).rejects.toMatchObject({ reason: 'attestation-key-unknown' });
  }
  // What the record key alone signed is told from it, by the audit and by `verify`: the log's own key records introduce the keys.
  const audit = new AttestedAudit(nodeVerify);
  const entries = await stack.stack.parts.store.records.entries('default', 0, 10_000);
  for (const { record } of entries) expect(await audit.add(record)).toEqual([]);
  for (const record of said) {
    expect(await audit.add({ ...record, reason: 'nobody said so' })).toMatchObject([{ code: 'attestation-wrong' }]);
    const bare =
      record.type === 'decision'
        ? { ...record, attested: undefined }
        : { ...record, body: { ...record.body, attested: undefined } };
    expect(await audit.add(JSON.parse(JSON.stringify(bare)) as SaidRecord)).toMatchObject([{ code: 'not-attested' }]);
  }
});

it('also after the key was rotated, and the audit finds nothing', async () => {
  const before = await published();
  const rotated = await stack.call('POST', '/v1/signing-keys', { use: 'attestation', reason: 'it is time' });
  expect(rotated.status).toBe(201);
  const after = await published();
  expect(after.length).toBe(before.length + 1);
  for (const record of await said()) await verifyAttested(record, after);
  const audit = await countersign(['audit', '--url', stack.url, '--json'], {
    env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
  });
  expect((JSON.parse(audit.out) as { findings: object[] }).findings).toEqual([]);
});
