/** Checks that the gateway attested what people are said to have decided: decisions, freezes, delegations. */
import type { RecordPayload } from '../contract/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import {
  isAdoption,
  isAttested,
  keyChangeOf,
  readPublicJwk,
  revocationsOf,
  verifyAttested,
  type PublicJwk,
  type SaidRecord,
  type Trust,
  type VerifySignature,
} from '../sealing/index.ts';
import type { Defect } from './finding.ts';

export class AttestedAudit {
  /** Keys that the log's own key records introduced and did not revoke. */
  readonly #keys = new Map<string, PublicJwk>();
  readonly #verify: VerifySignature;
  /** The first entry from which such records must carry a signature. */
  #begun = false;

  constructor(verify: VerifySignature) {
    this.#verify = verify;
  }

  /** What is wrong with the attestation of the next record, in the order of the log. */
  async add(record: RecordPayload): Promise<Defect[]> {
    if (isAdoption(record)) this.#begun = true;
    if (record.type === 'key') this.#learn(record);
    return isSaid(record) ? this.#check(record) : [];
  }

  async #check(record: SaidRecord): Promise<Defect[]> {
    if (!isAttested(record)) return this.#begun ? [unattested(record)] : [];
    try {
      await verifyAttested(record, [...this.#keys.values()], this.#verify);
      return [];
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      return [{ code: 'attestation-wrong', message: error.message, reason: error.reason }];
    }
  }

  #learn(record: RecordPayload): void {
    try {
      const change = keyChangeOf(record);
      if (change?.use !== 'attestation') return;
      const key = change.change === 'introduce' ? readPublicJwk(change.key) : null;
      if (change.change === 'introduce' && change.replaces === '') this.#begun = true;
      if (key !== null) this.#keys.set(key.kid, key);
      else this.#keys.delete(change.kid);
    } catch (error) {
      // A fault of the key record itself is reported by the audit of keys.
      if (!isEvidenceError(error)) throw error;
    }
  }
}

/**
 * Whether one record by itself, such as that of a receipt, carries the gateway's signature.
 *
 * @param index of its entry
 * @param trust with the attestation keys that a key history proved
 * @returns `unchecked` where no known key made the signature, null where the record needs none or it holds
 */
export async function checkAttested(
  record: RecordPayload,
  index: number,
  trust: Trust,
  verify: VerifySignature,
): Promise<Defect | 'unchecked' | null> {
  if (!isSaid(record)) return null;
  if (!isAttested(record)) {
    return trust.attestedFrom === undefined || index < trust.attestedFrom ? null : unattested(record);
  }
  const keys = (trust.attestationKeys ?? []).flatMap((key) => readPublicJwk(key) ?? []);
  try {
    const { kid } = await verifyAttested(record, keys, verify);
    if (index < (revocationsOf(trust).get(kid) ?? Infinity)) return null;
    return { code: 'attestation-wrong', message: `the attestation key ${kid} was revoked before this entry` };
  } catch (error) {
    if (!isEvidenceError(error)) throw error;
    if (error.reason === 'attestation-key-unknown') return 'unchecked';
    return { code: 'attestation-wrong', message: error.message, reason: error.reason };
  }
}

const unattested = ({ by, type }: SaidRecord): Defect => ({
  code: 'not-attested',
  message: `nobody attested that it was ${by ?? 'anybody'} who said so (${type})`,
});

/** Records of people's statements, as opposed to those of the clock or policy. */
function isSaid(record: RecordPayload): record is SaidRecord {
  switch (record.type) {
    case 'freeze':
    case 'delegation':
    case 'grant':
    case 'reconcile':
      return true;
    case 'review':
      return record.by !== null;
    case 'decision':
      return record.attestation !== null;
    default:
      return false;
  }
}
