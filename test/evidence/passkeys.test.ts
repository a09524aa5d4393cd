import { describe, expect, it } from 'vitest';
import type { DecisionRecord, OtherRecord, RecordPayload } from '../../src/contract/index.ts';
import { encodeRecord, passkeyBody } from '../../src/sealing/index.ts';
import { es256Signer } from '../sealing/fixtures.ts';
import { enrolment, signedDecision, type Deviation } from '../sealing/passkeys.ts';
import { audit, CFO, decision, LEAD, openLog, plan, release, REQUEST, verdict, type Draft } from './world.ts';
import { untyped } from '../support/untyped.ts';

const AT = '2026-11-21T10:00:00.000Z';
const guarded = plan({ stages: plan().stages.map((stage) => ({ ...stage, assurance: 'passkey' as const })) });

function record(action: string, seq: number, prev: string | null, draft: Draft): RecordPayload {
  const head = { v: 1, tenant: 'default', action, seq, prev, at: AT, requestHash: REQUEST };
  return untyped<RecordPayload>({ ...head, ...draft });
}
const hashOf = (one: RecordPayload): string => encodeRecord(one).hash;

interface Story {
  by?: { record: OtherRecord; hash: string };
  deviation?: Deviation;
  /** After it was signed. */
  altered?: Partial<DecisionRecord>;
  said?: Partial<DecisionRecord>;
}

const mine = enrolment();
const asDraft = (one: RecordPayload): Draft => untyped<Draft>(one);

/** An action under a passkey stage, from its verdict to its release. */
async function action(name: string, { by = mine, deviation, altered, said }: Story = {}): Promise<RecordPayload[]> {
  const judged = record(name, 0, null, verdict('supervise', {}, { plan: guarded }));
  const word = record(name, 1, hashOf(judged), decision('approve', LEAD, said));
  const signed = {
    ...(await signedDecision(word as DecisionRecord, by, es256Signer('passkey'), deviation)),
    ...altered,
  };
  return [judged, signed, record(name, 2, hashOf(signed), release('override'))];
}

async function found(records: readonly RecordPayload[], enrolments: readonly RecordPayload[] = [mine.record]) {
  const world = await openLog();
  for (const one of [...enrolments, ...records]) await world.seal(one.action, [asDraft(one)]);
  const { findings } = await audit(await world.files(), world.trust);
  return findings.map(({ code, reason }) => (reason === undefined ? code : `${code} (${reason})`));
}

describe('an audit of decisions by passkey', () => {
  it('finds nothing wrong with one that its person signed', async () => {
    expect(await found(await action('act_1'))).toEqual([]);
  });

  it('nor with one that was signed just before more people were asked', async () => {
    const [judged] = await action('act_1');
    if (judged === undefined) throw new Error('no verdict');
    const more = { added: ['user:duty-manager@acme.test'] };
    const added = record('act_1', 1, hashOf(judged), decision('escalated', 'countersign', more));
    const word = record('act_1', 2, hashOf(added), decision('approve', LEAD)) as DecisionRecord;
    const signed = await signedDecision(word, mine, es256Signer('passkey'), { after: hashOf(judged) });
    const released = record('act_1', 3, hashOf(signed), release('override'));
    expect(await found([judged, added, signed, released])).toEqual([]);
  });

  const WRONG: [string, string[], Story][] = [
    ['no assertion', ['passkey-missing'], { altered: { assurance: null } }],
    ['a made-up one', ['passkey-wrong (passkey-malformed)'], { altered: { assurance: { signed: true } } }],
    ['another reason', ['passkey-wrong (passkey-challenge-differs)'], { altered: { reason: 'another' } }],
    [
      'other changes',
      ['passkey-wrong (passkey-challenge-differs)'],
      { altered: { changes: { 'params.amount': { from: 42, to: 41 } } } },
    ],
    ['nobody verified', ['passkey-wrong (passkey-not-verified)'], { deviation: { flags: 0x01 } }],
    ['another origin', ['passkey-wrong (passkey-origin-differs)'], { deviation: { origin: 'https://evil.test' } }],
    ['another relying party', ['passkey-wrong (passkey-rp-differs)'], { deviation: { rpId: 'evil.test' } }],
    ['another key', ['passkey-wrong (passkey-signature-wrong)'], { deviation: { signer: es256Signer('forger') } }],
    ['an earlier state of the action', ['passkey-wrong'], { deviation: { after: mine.hash } }],
    ['an enrolment that is not in the log', ['passkey-unknown'], { by: enrolment({ signer: es256Signer('forger') }) }],
  ];
  it.each(WRONG)('finds %s, and that it was released without its approval', async (_, codes, story) => {
    expect(await found(await action('act_1', story))).toEqual([...codes, 'quorum-missing']);
  });

  it('finds the passkey of another approver', async () => {
    const theirs = enrolment({ person: CFO });
    const codes = ['passkey-wrong (passkey-person-differs)', 'quorum-missing'];
    expect(await found(await action('act_1', { by: theirs }), [theirs.record])).toEqual(codes);
  });

  it('finds a passkey that somebody brought in for somebody else', async () => {
    const forged = enrolment({}, {}, { by: 'user:mallory@acme.test' });
    const codes = ['key-wrong (key-record-malformed)', 'passkey-unknown', 'quorum-missing'];
    expect(await found(await action('act_1', { by: forged }), [forged.record])).toEqual(codes);
  });

  it('finds an enrolment that came only after the decision', async () => {
    const records = await action('act_1');
    expect(await found([...records, mine.record], [])).toEqual(['passkey-unknown', 'quorum-missing']);
  });

  it('finds a revoked passkey, and none that was revoked later', async () => {
    const { person, credential, kid } = mine.record.body as Record<string, string>;
    const body = passkeyBody(untyped({ change: 'revoke', use: 'passkey', ...{ person, credential, kid } }));
    const revoked: OtherRecord = { ...mine.record, seq: 1, prev: mine.hash, reason: 'lost', body };
    expect(await found(await action('act_1'), [mine.record, revoked])).toEqual(['passkey-revoked', 'quorum-missing']);
    expect(await found([...(await action('act_1')), revoked])).toEqual([]);
  });

  it('finds an assertion that is used for another action', async () => {
    const [first, second] = [await action('act_1'), await action('act_2')];
    const [, word] = first;
    const [judged, other] = second;
    if (word?.type !== 'decision' || other?.type !== 'decision' || judged === undefined) throw new Error('no decision');
    const reused = { ...other, assurance: word.assurance };
    const released = record('act_2', 2, hashOf(reused), release('override'));
    const codes = ['passkey-wrong (passkey-challenge-differs)', 'quorum-missing'];
    expect(await found([...first, judged, reused, released])).toEqual(codes);
  });

  it('finds a counter that stands still or goes back, and lets two pass that were signed at once', async () => {
    const later = { at: '2026-11-21T11:00:00.000Z' };
    const one = (name: string, counter: number, said: Partial<DecisionRecord> = {}) =>
      action(name, { deviation: { counter }, said });
    expect(await found([...(await one('act_1', 5)), ...(await one('act_2', 5))])).toEqual([
      'passkey-counter',
      'quorum-missing',
    ]);
    expect(await found([...(await one('act_1', 5)), ...(await one('act_2', 4, later))])).toEqual([
      'passkey-counter',
      'quorum-missing',
    ]);
    expect(await found([...(await one('act_1', 5)), ...(await one('act_2', 4))])).toEqual([]);
    expect(await found([...(await one('act_1', 0)), ...(await one('act_2', 0, later))])).toEqual([]);
  });
});
