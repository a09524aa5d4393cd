/** The passkeys of a log through time, and what was signed with them. */
import type { RecordPayload } from '../contract/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import {
  isAboutPasskey,
  passkeyChangeOf,
  readAssurance,
  verifyPasskeyDecision,
  type EnrolmentRecord,
  type VerifySignature,
} from '../sealing/index.ts';
import type { Defect, FindingCode } from './finding.ts';

interface Known {
  enrolment: EnrolmentRecord;
  revoked: boolean;
  /** The highest signature counter so far, and the time of that decision, in milliseconds since the epoch. */
  counter: number;
  at: number;
}

/** Milliseconds within which two decisions of a person may be sealed in the opposite order. */
const TOGETHER_MS = 60_000;

export class PasskeyAudit {
  /** By the hash of the record that introduced it. */
  readonly #known = new Map<string, Known>();
  /** The same by its chain. */
  readonly #chains = new Map<string, Known>();
  readonly #verify: VerifySignature;

  constructor(verify: VerifySignature) {
    this.#verify = verify;
  }

  /** Checks the passkey of the next record, in the order of the log. Empty for records that involve no passkey. */
  async add(record: RecordPayload, hash: string): Promise<Defect[]> {
    if (isAboutPasskey(record)) return this.#change(record, hash);
    if (record.type !== 'decision' || record.assurance === null) return [];
    try {
      const { enrolment } = readAssurance(record.assurance);
      const known = this.#known.get(enrolment);
      if (known === undefined) {
        return [defect('passkey-unknown', `${record.by} decided with a passkey that no record before it introduced`)];
      }
      const { counter } = await verifyPasskeyDecision(record, known.enrolment, { verify: this.#verify });
      const defects = this.#counted(known, counter, record);
      if (known.revoked)
        defects.push(defect('passkey-revoked', `${record.by} decided with a passkey that was revoked`));
      return defects;
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      const { message, reason } = error;
      return [{ code: 'passkey-wrong', message: `the passkey of ${record.by}: ${message}`, reason }];
    }
  }

  #change(record: RecordPayload, hash: string): Defect[] {
    try {
      const change = passkeyChangeOf(record);
      if (change?.change === 'introduce') {
        const known: Known = { enrolment: { record, hash }, revoked: false, counter: change.counter, at: 0 };
        this.#known.set(hash, known);
        this.#chains.set(record.action, known);
      } else {
        const known = this.#chains.get(record.action);
        if (known !== undefined) known.revoked = true;
      }
      return [];
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      return [{ code: 'key-wrong', message: error.message, reason: error.reason }];
    }
  }

  /** Every signature increments the counter, unless the authenticator has none. */
  #counted(known: Known, counter: number, { at, by }: { at: string; by: string }): Defect[] {
    const time = Date.parse(at);
    const back = counter < known.counter && time - known.at > TOGETHER_MS;
    if (back || (counter === known.counter && counter !== 0)) {
      const message = `the signature counter of ${by}’s passkey went from ${known.counter} to ${counter}: there may be a copy of it`;
      return [defect('passkey-counter', message)];
    }
    if (counter > known.counter) {
      known.counter = counter;
      known.at = time;
    }
    return [];
  }
}

const defect = (code: FindingCode, message: string): Defect => ({ code, message });
