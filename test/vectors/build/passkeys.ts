import { canonicalize, toBase64Url } from '../../../src/canonical/index.ts';
import type { DecisionRecord } from '../../../src/contract/index.ts';
import { challengeOf, decisionStatement, encodeRecord, readAssurance, verifyPasskeyDecision } from '../../../src/sealing/index.ts';
import { decisionRecord, ed25519Signer, es256Signer, verdictRecord } from '../../sealing/fixtures.ts';
import { enrolment, signedDecision, type Deviation } from '../../sealing/passkeys.ts';
import { reasonOf } from '../../sealing/reason.ts';

const PREV = encodeRecord(verdictRecord).hash;

export async function passkeyVectors(): Promise<unknown> {
  const es256 = es256Signer('passkey');
  const mine = enrolment({ signer: es256 });
  const eddsa = ed25519Signer('passkey');
  const other = enrolment({ signer: eddsa });
  const theirs = enrolment({ person: 'user:cfo@acme.test', signer: es256 });
  const word = decisionRecord(PREV);
  const signed = (deviation: Deviation = {}) => signedDecision(word, mine, es256, deviation);
  const real = await signed();
  const cases: [string, { record: object; hash: string }, DecisionRecord][] = [
    ['signed with ES256', mine, real],
    ['signed with EdDSA', other, await signedDecision(word, other, eddsa)],
    ['another decision', mine, { ...real, decision: 'refuse' }],
    ['another action', mine, { ...real, action: 'act_2' }],
    ['other changes', mine, { ...real, changes: { 'params.amount': { from: 420.5, to: 420 } } }],
    ['another approver', mine, { ...real, by: 'user:cfo@acme.test' }],
    ['the passkey of another approver', theirs, await signedDecision(word, theirs, es256)],
    ['an earlier state of the action', mine, await signed({ assurance: { after: mine.hash } })],
    ['the person was not verified', mine, await signed({ flags: 0x01 })],
    ['another origin', mine, await signed({ origin: 'https://countersign.acme.test.evil.test' })],
    ['another relying party', mine, await signed({ rpId: 'acme.test' })],
    ['the key of somebody else', mine, await signed({ signer: es256Signer('another') })],
    ['another enrolment', other, real],
    ['no assertion', mine, word],
  ];
  return {
    about:
      'Decisions under `assurance: passkey` (docs/formats.md): the record that introduced the passkey, the decision’s record, and why the assertion in it does not hold, or `valid`.',
    statement: canonicalize(decisionStatement(word, PREV)),
    challenge: toBase64Url(challengeOf(decisionStatement(word, PREV))),
    clientDataJSON: Buffer.from(readAssurance(real.assurance).clientDataJSON, 'base64url').toString('utf8'),
    cases: await Promise.all(
      cases.map(async ([name, by, decision]) => ({
        name,
        enrolment: { hash: by.hash, record: by.record },
        decision,
        result: await reasonOf(() => verifyPasskeyDecision(decision, by as typeof mine)),
      })),
    ),
  };
}
