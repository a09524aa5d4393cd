import { toBase64Url } from '../canonical/index.ts';
import { parseVkey } from '../ledger/index.ts';
import type { Revocation } from './key-change.ts';
import { publicJwk, readPublicJwk } from './signer.ts';

/** Whom the verifier trusts: keys that came to it by another way than the receipt. */
export interface Trust {
  /** JWKs of the tenant's record keys. One with `revoked.from` counts only for entries of the log before that. */
  recordKeys: readonly unknown[];
  /** C2SP vkeys of the log. */
  logKeys: readonly string[];
  /** C2SP vkeys of witnesses whose cosignatures are to be checked and named. */
  witnessKeys?: readonly string[];
  /** JWKs of attestation keys, as key records of the log introduced them (`followKeys`). */
  attestationKeys?: readonly unknown[];
  /** The first entry from which records of people's statements carry an attestation key's signature (`followKeys`). */
  attestedFrom?: number;
  /** Keys that were revoked from some entry on, as records of the log say (`followKeys`). */
  revoked?: readonly Revocation[];
}

/** Thumbprint to the entry from which a key is revoked, by revocations and by the keys themselves (`revoked.from`). */
export function revocationsOf(trust: Pick<Trust, 'recordKeys' | 'revoked'>): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  const add = ({ kid, from }: Pick<Revocation, 'kid' | 'from'>): void => {
    all.set(kid, Math.min(from, all.get(kid) ?? Infinity));
  };
  for (const revocation of trust.revoked ?? []) add(revocation);
  for (const value of trust.recordKeys) {
    const key = readPublicJwk(value);
    const from = (value as { revoked?: { from?: unknown } | null } | null)?.revoked?.from;
    if (key !== null && typeof from === 'number') add({ kid: key.kid, from });
  }
  return all;
}

/** Thumbprint of a log's key. @throws EvidenceError `note-key-malformed` */
export function kidOfVkey(vkey: string): string {
  return publicJwk({ crv: 'Ed25519', x: toBase64Url(parseVkey(vkey).publicKey) }).kid;
}
