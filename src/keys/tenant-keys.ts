import type { NoteKey } from '../ledger/index.ts';
import type { PublicJwk, Signer, SigningUse } from '../sealing/index.ts';
import type { NoteSigner } from './ed25519.ts';
import { logKeyOf, noteSignerFrom, type KeyPeriod, type KeyRing } from './key-ring.ts';

/** A tenant's own keys; no other tenant's keys sign for it. Each is read at its use, because keys rotate. */
export interface TenantKeys {
  readonly record: Signer;
  readonly permit: Signer;
  readonly log: NoteSigner;
  /** Log keys that were replaced and still sign beside the current one for a while. */
  readonly leaving: readonly NoteSigner[];
  /** Keys that may have signed the log's head. */
  readonly logKeys: readonly NoteKey[];
  /** Keys that may have signed a permit that has not expired. */
  readonly permitKeys: readonly PublicJwk[];
  /** Keys that ever signed permits, except revoked ones. */
  readonly allPermitKeys: readonly PublicJwk[];
  /** Keys that may have signed the record at entry `index` of the log, except those revoked at or before it. */
  recordKeysAt(index: number): readonly PublicJwk[];
  /** Keys of each use that ever signed, the current one last. */
  readonly history: Readonly<Record<TenantUse, readonly KeyPeriod[]>>;
}

export type TenantUse = Exclude<SigningUse, 'attestation'>;

/** Permits live no longer than this, in milliseconds (contract section 3), and clocks differ by a little. */
const PERMIT_MS = 5 * 60_000 + 30_000;

/** A tenant's keys over its file, under the origin of its log. */
export function tenantKeys(ring: KeyRing, origin: string): TenantKeys {
  const notes = new Map<string, NoteSigner>();
  const noteSigner = (signer: Signer): NoteSigner => {
    let note = notes.get(signer.kid);
    if (note === undefined) notes.set(signer.kid, (note = noteSignerFrom(origin, signer)));
    return note;
  };
  const logKeys = new Map<string, NoteKey>();
  const logKey = ({ kid, jwk }: KeyPeriod): NoteKey => {
    let key = logKeys.get(kid);
    if (key === undefined) logKeys.set(kid, (key = logKeyOf(origin, jwk)));
    return key;
  };
  const counting = (use: TenantUse): readonly KeyPeriod[] =>
    ring.periods(use).filter(({ revoked }) => revoked === null);
  return {
    get record() {
      return ring.present('record');
    },
    get permit() {
      return ring.present('permit');
    },
    get log() {
      return noteSigner(ring.present('log'));
    },
    get leaving() {
      return ring.leaving('log', Date.now()).map(noteSigner);
    },
    get logKeys() {
      // This includes revoked keys: the head that was newest at a revocation may be signed by the revoked key.
      return ring.periods('log').map(logKey);
    },
    get permitKeys() {
      const oldest = Date.now() - PERMIT_MS;
      const open = counting('permit').filter(({ until }) => until === null || Date.parse(until) > oldest);
      return open.map(({ jwk }) => jwk).reverse();
    },
    get allPermitKeys() {
      return counting('permit')
        .map(({ jwk }) => jwk)
        .reverse();
    },
    recordKeysAt(index) {
      const counts = ({ revoked }: KeyPeriod): boolean => revoked === null || index < revoked.from;
      return ring
        .periods('record')
        .filter(counts)
        .map(({ jwk }) => jwk);
    },
    get history() {
      const signed = (use: TenantUse): readonly KeyPeriod[] => ring.periods(use).filter(({ pending }) => !pending);
      return { record: signed('record'), permit: signed('permit'), log: signed('log') };
    },
  };
}
