/** What was decided about a deployment, as in-toto writes it. */
import { describe, expect, it } from 'vitest';
import { fromBase64, fromUtf8 } from '../../src/canonical/index.ts';
import type { RecordPayload, ReleaseRecord, VerdictRecord } from '../../src/contract/index.ts';
import { inTotoStatement, isSignedBy, nobleVerify, preAuthEncoding, signStatement } from '../../src/sealing/index.ts';
import { decisionRecord, ed25519Signer, verdictRecord } from './fixtures.ts';

const HASH = `sha256:${'ab'.repeat(32)}`;
const verdict: VerdictRecord = {
  ...verdictRecord,
  surface: 'deploy.prod',
  disclosed: { 'params.artifact': HASH, 'params.version': '1.2.3' },
};
const approved = { ...decisionRecord('sha256:1'), surface: 'deploy.prod', decision: 'approve' as const };
const release: ReleaseRecord = {
  v: 1,
  type: 'release',
  tenant: 'default',
  action: 'act_1',
  seq: 2,
  prev: 'sha256:2',
  at: '2026-11-27T09:00:00.000Z',
  requestHash: verdict.requestHash,
  surface: 'deploy.prod',
  basis: 'override',
  permit: { jti: 'j', kid: 'k', expiresAt: '2026-11-27T09:05:00.000Z', audience: 'deploy.prod', requestHash: HASH },
  rejudged: null,
};
const sealed = (...records: RecordPayload[]) =>
  records.map((record, index) => ({ hash: `sha256:${String(index)}`, record }));

it('says which artefact was released, on whose word, and by which sealed record', () => {
  expect(inTotoStatement(sealed(verdict, approved, release))).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'params.artifact', digest: { sha256: 'ab'.repeat(32) } }],
    predicateType: 'urn:countersign:predicate:decision:v1',
    predicate: {
      result: 'released',
      basis: 'override',
      surface: 'deploy.prod',
      decisions: [{ by: approved.by, decision: 'approve', record: 'sha256:1' }],
      record: 'sha256:2',
    },
  });
});

describe('there is one', () => {
  const refusedBy = (decision: VerdictRecord['verdict']['decision']): VerdictRecord => ({
    ...verdict,
    verdict: { ...verdict.verdict, decision },
  });
  it.each<[string, RecordPayload[], string | null]>([
    ['of a refusal by policy', [refusedBy('refuse')], 'refused'],
    ['of a refusal by a human', [verdict, { ...approved, decision: 'refuse' }], 'refused'],
    ['of nothing decided yet', [refusedBy('supervise')], null],
    ['of an approval that released nothing yet', [verdict, approved], null],
    ['of another surface', [{ ...verdict, surface: 'payments.refund' }, approved, release], null],
    ['of a surface that only begins alike', [{ ...verdict, surface: 'deployments' }, release], null],
    ['of no verdict', [release], null],
  ])('%s: %s', (_name, records, result) => {
    const statement = inTotoStatement(sealed(...records)) as { predicate: { result: string } } | null;
    expect(statement?.predicate.result ?? null).toBe(result);
  });
});

it('without a disclosed digest it is about the request', () => {
  const statement = inTotoStatement(sealed({ ...verdict, requestHash: HASH, disclosed: {} }, release));
  expect(statement).toMatchObject({ subject: [{ name: 'act_1', digest: { sha256: 'ab'.repeat(32) } }] });
});

it('is signed under its own type, which no record has', async () => {
  const signer = ed25519Signer('record');
  const statement = inTotoStatement(sealed(verdict, release)) ?? {};
  const { payloadType, payload, signatures } = await signStatement(statement, signer);
  expect(payloadType).toBe('application/vnd.in-toto+json');
  const bytes = fromBase64(payload);
  expect(JSON.parse(fromUtf8(bytes))).toEqual(statement);
  const signature = fromBase64(signatures[0]?.sig ?? '');
  const holds = (type: string) => isSignedBy(nobleVerify, signer.publicJwk, preAuthEncoding(type, bytes), signature);
  expect(await holds(payloadType)).toBe(true);
  expect(await holds('application/vnd.countersign.record+json')).toBe(false);
});
