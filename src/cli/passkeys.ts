/** Decisions by passkey among verified receipts, each against the receipt of its enrolment. */
import type { DecisionRecord } from '../contract/index.ts';
import { nodeVerify } from '../keys/ed25519.ts';
import { isEvidenceError } from '../ledger/index.ts';
import { passkeyChangeOf, readAssurance, verifyPasskeyDecision, type VerifiedReceipt } from '../sealing/index.ts';
import type { Held } from './evidence.ts';

/** A decision with its approver's signature, which was checked or could not be. */
export interface SignedDecision {
  file: string;
  /** Hash of the decision's record. */
  record: string;
  by: string;
  /** Hash of the record that introduced the passkey. */
  enrolment: string;
  /** False: the receipt of its enrolment was not given. */
  checked: boolean;
  /** In words. */
  says: string;
}

interface Wrong {
  file: string;
  reason: string;
  detail: string;
}

/** Checks every decision that holds an assertion, and that those hold one whose verdict's receipt, if given, asks for it. */
export async function checkPasskeys(held: readonly Held[]): Promise<{ signed: SignedDecision[]; failed: Wrong[] }> {
  const signed: SignedDecision[] = [];
  const failed: Wrong[] = [];
  for (const { file, verified } of held) {
    const { record } = verified;
    if (record.type !== 'decision') continue;
    try {
      if (record.assurance !== null) signed.push({ file, ...(await checked(record, verified, held)) });
      else if (isAskedFor(record, verified, held)) {
        const detail = `stage ${record.stage} counts only with the approver’s own passkey, and ${record.by} decided without`;
        failed.push({ file, reason: 'passkey-missing', detail });
      }
    } catch (error) {
      if (error instanceof OutOfTime) failed.push({ file, reason: error.reason, detail: error.message });
      else if (isEvidenceError(error)) failed.push({ file, reason: error.reason, detail: error.message });
      else throw error;
    }
  }
  return { signed, failed };
}

/** The passkey was not valid at that time. */
class OutOfTime extends Error {
  readonly reason: 'passkey-revoked' | 'passkey-enrolled-later';
  constructor(reason: OutOfTime['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

async function checked(
  record: DecisionRecord,
  { recordHash, origin, index }: VerifiedReceipt,
  held: readonly Held[],
): Promise<Omit<SignedDecision, 'file'>> {
  const { by } = record;
  const { enrolment } = readAssurance(record.assurance);
  const about = { record: recordHash, by, enrolment };
  const enrolled = held.find(
    ({ verified }) => verified.recordHash === enrolment && verified.origin === origin,
  )?.verified;
  if (enrolled === undefined) {
    const says = `Not checked: ${by} is said to have signed it with the passkey of record ${enrolment}; give its receipt as well.`;
    return { ...about, checked: false, says };
  }
  const { backedUp, enrolment: passkey } = await verifyPasskeyDecision(
    record,
    { record: enrolled.record, hash: enrolled.recordHash },
    { verify: nodeVerify },
  );
  for (const { verified } of held) {
    if (verified.record.action !== enrolled.record.action || verified.index >= index) continue;
    if (passkeyChangeOf(verified.record)?.change === 'revoke') {
      throw new OutOfTime('passkey-revoked', `record ${verified.recordHash} revoked the passkey before it signed`);
    }
  }
  if (enrolled.index >= index) {
    throw new OutOfTime(
      'passkey-enrolled-later',
      `the passkey was enrolled only by entry ${enrolled.index}, after it signed`,
    );
  }
  const where = `at ${passkey.origin}${backedUp ? ', kept on several of their devices' : ''}`;
  const says = `Proven: signed by the approver’s own passkey (${by}, ${where}), enrolled in record ${enrolment} at ${enrolled.record.at}.`;
  return { ...about, checked: true, says };
}

/** Whether a verdict among the receipts says that this stage counts only with a passkey. */
function isAskedFor({ action, stage, decision }: DecisionRecord, { origin }: VerifiedReceipt, held: readonly Held[]) {
  if (decision !== 'approve' && decision !== 'refuse') return false;
  return held.some(
    ({ verified: { record, origin: log } }) =>
      record.type === 'verdict' &&
      record.action === action &&
      log === origin &&
      record.plan?.stages[stage]?.assurance === 'passkey',
  );
}
