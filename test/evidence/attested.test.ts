/** What the record key alone could seal in somebody's name is found: the attestation key did not say it. */
import { describe, expect, it } from 'vitest';
import type { DecisionRecord, JsonObject, OtherRecord, RecordPayload } from '../../src/contract/index.ts';
import { checkAttested, type FindingCode } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { recordSchema } from '../../src/sealing/record-schema.ts';
import { withAttestation, type SaidRecord, type Trust } from '../../src/sealing/index.ts';
import { audit, decision, LEAD, nodeKey, openLog, other, verdict, type Draft } from './world.ts';

const key = nodeKey();
const introduced = other('key', {
  ...{ change: 'introduce', use: 'attestation', kid: key.signer.kid, key: key.signer.publicJwk },
  ...{ replaces: '', beside: null },
});
const adopted: Draft = {
  ...other('credential', { state: 'adopted', credentials: 0, delegations: 0 }),
  requestHash: null,
};
const frozen = { state: 'frozen', scope: 'tenant', value: null };

/** A freeze in the words of the record that `openLog` seals of it. */
async function signed(by = 'user:a', signedBy = by, signer = key.signer): Promise<Draft> {
  const head = { v: 1, tenant: 'default', action: 'freeze:f', seq: 0, prev: null, requestHash: null } as const;
  const record = { ...head, type: 'freeze', at: '2026-11-21T10:00:00.000Z', reason: 'because', body: frozen } as const;
  const { body } = await withAttestation({ ...record, by: signedBy }, signer);
  return other('freeze', body, by);
}

const CASES: [name: string, codes: FindingCode[], draft: () => Promise<Draft>][] = [
  ['its own word', [], () => signed()],
  ['the word of somebody else', ['attestation-wrong'], () => signed('user:b', 'user:a')],
  ['the word of another key', ['attestation-wrong'], () => signed('user:a', 'user:a', nodeKey().signer)],
  ['nobody’s word', ['not-attested'], () => Promise.resolve(other('freeze', frozen))],
];

describe('an audit of a freeze with', () => {
  it.each(CASES)('%s: %j', async (_name, codes, draft) => {
    const world = await openLog();
    await world.seal('credential:adopted', [adopted]);
    await world.seal('key', [introduced]);
    await world.seal('freeze:f', [await draft()]);
    const report = await audit(await world.files(), world.trust);
    expect(report.findings.map(({ code }) => code)).toEqual(codes);
  });
});

it('names a decision that the attestation key did not sign', async () => {
  const world = await openLog();
  await world.seal('key', [introduced]);
  await world.seal('act_1', [verdict('supervise'), decision('approve')]);
  const report = await audit(await world.files(), world.trust);
  expect(report.findings.map(({ code }) => code)).toEqual(['not-attested']);
});

it('asks for no signature of what was sealed before there were any', async () => {
  const world = await openLog();
  await world.seal('freeze:f', [other('freeze', frozen)]);
  expect((await audit(await world.files(), world.trust)).findings).toEqual([]);
});

const HEAD = {
  v: 2,
  tenant: 'default',
  seq: 1,
  prev: null,
  at: '2026-11-21T10:00:00.000Z',
  requestHash: null,
} as const;
const otherSaid = (type: 'reconcile' | 'review' | 'freeze' | 'delegation', body: JsonObject): OtherRecord => ({
  ...HEAD,
  ...{ action: type, type, by: 'user:a', reason: 'because', body },
});
function decided(what: DecisionRecord['decision'], attestation: string | null = `sha256:${'34'.repeat(32)}`) {
  const record = recordSchema.parse({ ...HEAD, action: 'act_1', ...decision(what, LEAD, { attestation }) });
  if (record.type !== 'decision') throw new Error('not a decision');
  return record;
}

/** Each kind of record that holds what somebody said. */
const SAID: [name: string, record: SaidRecord][] = [
  ...(['approve', 'refuse', 'return', 'extend', 'answered', 'cancelled'] as const).map((what): [string, SaidRecord] => [
    what,
    decided(what),
  ]),
  ['reconcile', otherSaid('reconcile', { status: 'executed' })],
  ['review', otherSaid('review', { right: true })],
  ['freeze', otherSaid('freeze', frozen)],
  ['lift', otherSaid('freeze', { ...frozen, state: 'lifted' })],
  ['delegation', otherSaid('delegation', { state: 'given' })],
  ['revocation', otherSaid('delegation', { state: 'revoked' })],
];

describe('one record of a receipt by itself', () => {
  const trust: Trust = { recordKeys: [], logKeys: [], attestationKeys: [key.signer.publicJwk], attestedFrom: 5 };
  const codeOf = async (record: RecordPayload, index = 9, given = trust): Promise<string | null> => {
    const found = await checkAttested(record, index, given, nodeVerify);
    return found === null || found === 'unchecked' ? found : found.code;
  };

  it.each(SAID)('%s: holds with the gateway’s word for it, and with no other', async (_name, record) => {
    const said = await withAttestation(record, key.signer);
    expect(await codeOf(said)).toBeNull();
    expect(await codeOf({ ...said, by: 'user:b' })).toBe('attestation-wrong');
    expect(await codeOf(await withAttestation(record, nodeKey().signer))).toBe('unchecked');
    expect(await codeOf(record)).toBe('not-attested');
    // Before there were such signatures, and where nothing says which keys there are.
    expect(await codeOf(record, 4)).toBeNull();
    expect(await codeOf(said, 9, { recordKeys: [], logKeys: [] })).toBe('unchecked');
    const revoked = {
      ...trust,
      revoked: [{ change: 'revoke', use: 'attestation', kid: key.signer.kid, from: 8 } as const],
    };
    expect([await codeOf(said, 7, revoked), await codeOf(said, 8, revoked)]).toEqual([null, 'attestation-wrong']);
  });

  it('that nobody said needs nobody’s word', async () => {
    expect(await codeOf(decided('expired', null))).toBeNull();
    expect(await codeOf({ ...otherSaid('review', { state: 'overdue' }), by: null })).toBeNull();
  });
});
