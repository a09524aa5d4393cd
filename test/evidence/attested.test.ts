/** What the record key alone could seal in somebody's name is found: the attestation key did not say it. */
import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../src/evidence/index.ts';
import { withAttestation } from '../../src/sealing/index.ts';
import { audit, decision, nodeKey, openLog, other, verdict, type Draft } from './world.ts';

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
