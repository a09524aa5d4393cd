/** The record keys of a log through time: those that are trusted, what their records introduced, and what was revoked. */
import type { RecordPayload } from '../contract/index.ts';
import { EvidenceError, isEvidenceError } from '../ledger/index.ts';
import {
  keyChangeOf,
  readPublicJwk,
  revocationsOf,
  type KeyChange,
  type PublicJwk,
  type Trust,
} from '../sealing/index.ts';
import type { Defect } from './finding.ts';

/** An entry that a known key signed. */
export interface SignedEntry {
  record: RecordPayload;
  hash: string;
  keyid: string;
}

export class KeyChain {
  /** The current keys. Entries are read under this list, which grows. */
  readonly keys: PublicJwk[];
  readonly #revoked: Map<string, number>;
  /** The last entry that each key signed, apart from records of the key chain. */
  readonly #last = new Map<string, number>();
  /** Records of the key chain that were followed earlier. A revocation that reaches back does not undo them. */
  readonly #followed: ReadonlySet<string>;

  /** @throws EvidenceError `record-key-malformed` */
  constructor(trust: Trust, followed: ReadonlySet<string>) {
    this.keys = trust.recordKeys.map((value) => {
      const key = readPublicJwk(value);
      if (key === null) throw new EvidenceError('record-key-malformed', 'a record key is not an Ed25519 or P-256 JWK');
      return key;
    });
    this.#revoked = new Map(revocationsOf(trust));
    this.#followed = followed;
  }

  /** What is wrong with the key of the next entry, in the order of the log, and with a key change that it holds. */
  add({ record, hash, keyid }: SignedEntry, index: number): Defect[] {
    const from = this.#revoked.get(keyid) ?? Infinity;
    if (index >= from && !this.#followed.has(hash)) {
      const message = `its key ${keyid} was revoked from entry ${from} of the log on`;
      return [{ code: 'key-revoked', message }];
    }
    if (record.type !== 'key') {
      this.#last.set(keyid, index);
      return [];
    }
    try {
      const change = keyChangeOf(record);
      return change === null ? [] : this.#change(change, keyid);
    } catch (error) {
      if (isEvidenceError(error)) return [{ code: 'key-wrong', message: error.message }];
      throw error;
    }
  }

  #change(change: KeyChange, keyid: string): Defect[] {
    if (change.change === 'introduce') {
      const key = change.use === 'record' ? readPublicJwk(change.key) : null;
      if (key !== null && !this.keys.some(({ kid }) => kid === key.kid)) this.keys.push(key);
      return [];
    }
    const { kid, from } = change;
    if (kid === keyid) return [{ code: 'key-wrong', message: `the key ${kid} revokes itself` }];
    this.#revoked.set(kid, Math.min(from, this.#revoked.get(kid) ?? Infinity));
    const last = this.#last.get(kid) ?? -1;
    if (last < from) return [];
    const message = `it revokes the key ${kid} from entry ${from} on, and entries up to ${last} are signed with it`;
    return [{ code: 'key-revoked', message }];
  }
}
