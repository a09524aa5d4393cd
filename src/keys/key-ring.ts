/** The signing keys of one file as they currently stand, including rotations by other processes. */
import { CountersignError } from '../contract/index.ts';
import { fromBase64Url } from '../canonical/index.ts';
import { formatVkey, NOTE_ALGORITHMS, noteKey, type NoteKey } from '../ledger/index.ts';
import type { PublicJwk, Signer, SigningUse } from '../sealing/index.ts';
import { signerOf, type NoteSigner } from './ed25519.ts';
import { changeKeyFile, type AnySigningKey, type KeyFile } from './key-file.ts';
import type { LiveKeyFile } from './live-file.ts';
import type { KeyManager } from './managers/index.ts';
import { publicHalf, remoteSigner } from './remote-signer.ts';

/** A key through time. */
export interface KeyPeriod {
  use: SigningUse;
  kid: string;
  jwk: PublicJwk;
  /** `file`, or what its key manager calls it. */
  signer: string;
  /** RFC 3339 UTC. */
  since: string;
  /** When its successor took over; null for the current key. A log key whose end lies in the future signs beside its successor. */
  until: string | null;
  /** Known to verifiers, and not signing yet. */
  pending: boolean;
  revoked: { at: string; from: number } | null;
}

const isSigning = (key: KeyFile['keys'][number]): key is AnySigningKey => key.kind !== 'secret';

export class KeyRing {
  readonly #file: LiveKeyFile;
  readonly #managers: KeyManager;
  readonly #signers = new Map<string, Signer>();
  /** Cached for one state of the file, because computing a thumbprint costs more than everything else. */
  #periods: { of: KeyFile['keys']; uses: Map<SigningUse, KeyPeriod[]> } | null = null;

  constructor(file: LiveKeyFile, managers: KeyManager) {
    this.#file = file;
    this.#managers = managers;
  }

  /** The key that signs. @throws CountersignError `configuration` when there is none */
  present(use: SigningUse): Signer {
    const live = this.#keys(use).filter((key) => key.until === null && isLive(key));
    const newest = live.reduce<AnySigningKey | null>((a, b) => (a === null || a.since <= b.since ? b : a), null);
    if (newest !== null) return this.#signerOf(newest);
    throw new CountersignError(
      'configuration',
      `a key file has no present key for \`${use}\`; restore it from a backup`,
    );
  }

  /** Replaced keys whose end lies in the future. */
  leaving(use: SigningUse, now: number): Signer[] {
    return this.#keys(use)
      .filter((key) => isLive(key) && key.until !== null && Date.parse(key.until) > now)
      .map((key) => this.#signerOf(key));
  }

  /** All keys of a use, oldest first, as the file has them now. */
  periods(use: SigningUse): readonly KeyPeriod[] {
    const of = this.#file.readKeys();
    if (this.#periods?.of !== of) this.#periods = { of, uses: new Map() };
    let periods = this.#periods.uses.get(use);
    if (periods === undefined) this.#periods.uses.set(use, (periods = this.#read(use)));
    return periods;
  }

  #read(use: SigningUse): KeyPeriod[] {
    return this.#keys(use)
      .map((key) => {
        const jwk = publicHalf(key);
        return {
          use,
          kid: jwk.kid,
          jwk,
          signer: key.kind === 'remote' ? key.signer : 'file',
          since: key.since,
          until: key.until,
          pending: key.pending === true,
          revoked: key.revoked ?? null,
        };
      })
      .sort((a, b) => stageOf(a) - stageOf(b) || (a.since < b.since ? -1 : 1));
  }

  /** Adds a key that does not sign yet. It replaces an earlier pending key of its use. */
  add(key: AnySigningKey): void {
    this.#change((keys) => [
      ...keys.filter((old) => !isSigning(old) || old.use !== key.use || old.pending !== true),
      { ...key, pending: true },
    ]);
  }

  /** A pending key begins to sign, and the one before it ends at `until`. Idempotent. */
  activate(use: SigningUse, kid: string, { since, until }: { since: string; until: string }): void {
    if (!this.periods(use).some((key) => key.kid === kid && key.pending)) return;
    this.#change((keys) =>
      keys.map((key) => {
        if (!isSigning(key) || key.use !== use) return key;
        if (publicHalf(key).kid !== kid) return key.until === null && key.pending !== true ? { ...key, until } : key;
        const { pending: _pending, ...active } = key;
        return { ...active, since } as AnySigningKey;
      }),
    );
  }

  /** From now on, signatures by this key do not count. */
  revoke(use: SigningUse, kid: string, revoked: { at: string; from: number }): void {
    if (!this.periods(use).some((key) => key.kid === kid && key.revoked === null)) return;
    this.#change((keys) =>
      keys.map((key) => (isSigning(key) && key.use === use && publicHalf(key).kid === kid ? { ...key, revoked } : key)),
    );
  }

  #change(change: Parameters<typeof changeKeyFile>[1]): void {
    changeKeyFile(this.#file.path, change);
    this.#file.readKeys();
  }

  #keys(use: SigningUse): AnySigningKey[] {
    return this.#file.keys().filter((key): key is AnySigningKey => isSigning(key) && key.use === use);
  }

  #signerOf(key: AnySigningKey): Signer {
    const id = `${key.use} ${key.jwk.x}`;
    let signer = this.#signers.get(id);
    if (signer === undefined) {
      signer = key.kind === 'remote' ? remoteSigner(key, this.#managers) : signerOf(key);
      this.#signers.set(id, signer);
    }
    return signer;
  }
}

/** Ordered by lifecycle (replaced, current, pending), not by timestamps, because clocks differ. */
function stageOf({ pending, until }: KeyPeriod): number {
  if (pending) return 2;
  return until === null ? 1 : 0;
}

const isLive = (key: AnySigningKey): boolean => key.pending !== true && key.revoked === undefined;

/** A log's key from its public half. @throws EvidenceError for a key that is not Ed25519 */
export function logKeyOf(origin: string, jwk: PublicJwk): NoteKey {
  return noteKey(origin, NOTE_ALGORITHMS.ed25519, fromBase64Url(jwk.x));
}

export function noteSignerFrom(origin: string, signer: Signer): NoteSigner {
  const key = logKeyOf(origin, signer.publicJwk);
  return { key, vkey: formatVkey(key), sign: (message) => signer.sign(message) };
}
