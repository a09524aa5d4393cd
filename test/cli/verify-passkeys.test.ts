import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { DecisionRecord, OtherRecord, RecordPayload, VerdictRecord } from '../../src/contract/index.ts';
import { encodeRecord, passkeyBody } from '../../src/sealing/index.ts';
import { decisionRecord, es256Signer, sealedWorld, verdictRecord } from '../sealing/fixtures.ts';
import { enrolment, LEAD, ORIGIN, signedDecision } from '../sealing/passkeys.ts';
import { countersign } from './harness.ts';
import { untyped } from '../support/untyped.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-passkeys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mine = enrolment();
const stages = verdictRecord.plan?.stages.map((stage) => ({ ...stage, assurance: 'passkey' as const })) ?? [];
const verdict = { ...verdictRecord, plan: { ...verdictRecord.plan, stages } } as VerdictRecord;
const word = decisionRecord(encodeRecord(verdict).hash);
const { person, credential, kid } = mine.record.body as Record<string, string>;
const revocation: OtherRecord = {
  ...{ ...mine.record, seq: 1, prev: mine.hash, reason: 'lost on a train' },
  body: passkeyBody(untyped({ change: 'revoke', use: 'passkey', ...{ person, credential, kid } })),
};

/** Verifies the receipts of these records, sealed in this order; `left` are not given. */
async function verify(sealed: Record<string, RecordPayload>, options: { left?: string[]; json?: boolean } = {}) {
  const { receipts, trust } = await sealedWorld(Object.values(sealed));
  Object.keys(sealed).forEach((name, i) => writeFileSync(join(folder, `${name}.json`), JSON.stringify(receipts[i])));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify({ keys: trust.recordKeys }));
  writeFileSync(join(folder, 'log.vkey'), trust.logKeys.join('\n'));
  const files = Object.keys(sealed).filter((name) => options.left?.includes(name) !== true);
  const args = [...files.map((name) => `${name}.json`), '--key', 'keys.json', '--log-key', 'log.vkey'];
  return countersign(['verify', ...args, ...(options.json === true ? ['--json'] : [])], { cwd: folder });
}

describe('verify of a decision by passkey', async () => {
  const decision = await signedDecision(word, mine);

  it('says that the approver’s own passkey signed it, and where that was enrolled', async () => {
    const { code, out } = await verify({ enrolment: mine.record, verdict, decision });
    expect(code).toBe(0);
    expect(out).toContain(
      `Proven: signed by the approver’s own passkey (${LEAD}, at ${ORIGIN}), enrolled in record ${mine.hash} at ${mine.record.at}.`,
    );
    expect(out).toContain(`${LEAD} brought in a passkey at ${ORIGIN} of ${LEAD}`);
    const { out: json } = await verify({ enrolment: mine.record, verdict, decision }, { json: true });
    expect(JSON.parse(json)).toMatchObject({
      valid: true,
      passkeys: [{ file: 'decision.json', by: LEAD, enrolment: mine.hash, checked: true }],
    });
  });

  it('says what it lacks where the enrolment is not given', async () => {
    const { code, out } = await verify({ enrolment: mine.record, verdict, decision }, { left: ['enrolment'] });
    expect(code).toBe(0);
    expect(out).toContain(`Not checked: ${LEAD} is said to have signed it with the passkey of record ${mine.hash}`);
    expect(out).not.toContain('own passkey');
  });

  it('lets a later revocation be', async () => {
    const { code } = await verify({ enrolment: mine.record, verdict, decision, revocation });
    expect(code).toBe(0);
  });

  const altered = (more: Partial<DecisionRecord>): Record<string, RecordPayload> => ({
    ...{ enrolment: mine.record, verdict },
    decision: { ...decision, ...more },
  });
  const theirs = enrolment({ person: 'user:cfo@acme.test' });
  const forged = await signedDecision(word, mine, es256Signer('passkey'), { signer: es256Signer('forger') });
  const WRONG: [string, string, Record<string, RecordPayload>][] = [
    ['another reason', 'passkey-challenge-differs', altered({ reason: 'another' })],
    ['another decision', 'passkey-challenge-differs', altered({ decision: 'refuse' })],
    ['no assertion, though the stage asks for one', 'passkey-missing', altered({ assurance: null })],
    ['an assertion of no form', 'passkey-malformed', altered({ assurance: { signed: true } })],
    ['another key', 'passkey-signature-wrong', altered({ assurance: forged.assurance })],
    [
      'another approver’s passkey',
      'passkey-person-differs',
      { enrolment: theirs.record, verdict, decision: await signedDecision(word, theirs) },
    ],
    ['a passkey that was revoked before', 'passkey-revoked', { enrolment: mine.record, revocation, verdict, decision }],
    ['a passkey that was enrolled after', 'passkey-enrolled-later', { verdict, decision, enrolment: mine.record }],
  ];
  it.each(WRONG)('finds %s', async (_, reason, sealed) => {
    const { code, out } = await verify(sealed);
    expect(code).toBe(3);
    expect(out).toContain(`decision.json: INVALID (${reason})`);
    expect(out).not.toContain('decision.json: valid');
  });
});
