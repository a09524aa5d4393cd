/**
 * Signing keys through time. The sealed records of the key chain decide. Key files and the table of public keys follow them, and the next
 * rotation or start completes what a crash interrupted ({@link settleKeys}).
 *
 * The order of a rotation, and what a power cut after each step leaves:
 *   1. the new key in the key file, not signing yet: every verifier accepts it; nothing else knows of it, and the next rotation uses it;
 *   2. its public half in the table of public keys: it is served, and has signed nothing;
 *   3. the record that introduces it, signed by the old record key: from here on it is the next key, and settling finishes;
 *   4. the receipt of that record, under the log key of before: what an auditor with only the old keys follows;
 *   5. the key file: the new key signs.
 */
import { CountersignError, DEFAULT_TENANT, isCountersignError } from '../contract/index.ts';
import { fromBase64Url } from '../canonical/index.ts';
import type { KeyPeriod, Keys } from '../keys/index.ts';
import {
  SIGNING_USES,
  type SigningUse,
  KEY_CHAIN,
  KEY_HISTORY_KIND,
  keyBody,
  keyChangeOf,
  type KeyChange,
} from '../sealing/index.ts';
import { formatVkey, noteKey, NOTE_ALGORITHMS, parseCheckpoint, parseNote } from '../ledger/index.ts';
import { newestInChain, sealInChain } from '../engine/chain.ts';
import type { Caller } from '../identity/index.ts';
import type { PublicKey, StoredRecord } from '../store/index.ts';
import { isOwner } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { RevokeKeyInput, RotatedKey, RotateKeyInput, SigningKeyView } from './types.ts';
import type { KeyHistory, KeyView } from '../sealing/key-views.ts';

export type KeyDeps = Pick<GatewayDeps, 'store' | 'sequencer' | 'logReader' | 'now' | 'signers'> & { keys: Keys };

/** Default number of days that a replaced log key signs beside its successor, so that everybody can learn the new one. */
const BESIDE_DAYS = 7;
const DAY_MS = 24 * 3_600_000;

/** After this many milliseconds, everything is sealed that another process signed before it learned of a rotation. */
const UNDERWAY_MS = 30_000;

/** Uses that others verify. */
export const PUBLIC_USES = ['record', 'permit', 'log', 'attestation'] as const;

const origin = (tenant: string): string => `countersign/${tenant}`;

/** A key as its record shows it: a vkey for a log, else a JWK. */
export function publicForm(tenant: string, use: SigningUse, jwk: KeyPeriod['jwk']): string | KeyPeriod['jwk'] {
  if (use !== 'log') return jwk;
  return formatVkey(noteKey(origin(tenant), NOTE_ALGORITHMS.ed25519, fromBase64Url(jwk.x)));
}

/**
 * Introduces a new key by a record that the old one signs, then signs with it. Requests go on meanwhile: what either key signs counts.
 *
 * @throws CountersignError `forbidden`; `invalid-request` for a signer that cannot be used, `conflict` for one that was, `unavailable`
 * when its key manager does not answer.
 */
export async function rotateKey(deps: KeyDeps, caller: Caller, input: RotateKeyInput): Promise<RotatedKey> {
  checkOwner(caller);
  refusePacked(deps);
  const { tenant } = caller;
  const { use } = input;
  return deps.store.publicKeys.exclusively(tenant, async () => {
    await settle(deps, tenant);
    const before = deps.keys.periods(tenant, use).findLast(({ pending, until }) => !pending && until === null);
    const next = await prepared(deps, tenant, input);
    const now = deps.now();
    const since = now.toISOString();
    const until = use === 'log' ? later(now, input.besideDays ?? BESIDE_DAYS) : since;
    await deps.store.publicKeys.put(publicKey(deps, tenant, use, next.kid, since));
    const replaces = before?.kid ?? '';
    const change: KeyChange = {
      change: 'introduce',
      use,
      kid: next.kid,
      key: publicForm(tenant, use, next.jwk),
      replaces,
      beside: use === 'log' ? until : null,
    };
    const record = await sealChange(deps, caller, change, input.reason, since);
    await settle(deps, tenant);
    return { use, kid: next.kid, signer: next.signer, replaces, since, record };
  });
}

/** Refuses packed keys before anything is sealed, because their file could not follow the record. */
function refusePacked({ keys }: KeyDeps): void {
  if (!keys.packed) return;
  throw new CountersignError(
    'conflict',
    'the keys of this process are read only; stop its like, change them by a process that has their folder, pack them again and start (docs/keys.md)',
  );
}

/** Unlike in our settings, a wrong signer is the caller's error here. */
async function prepared(deps: KeyDeps, tenant: string, { use, signer }: RotateKeyInput): ReturnType<Keys['prepare']> {
  try {
    return await deps.keys.prepare(tenant, use, signer);
  } catch (error) {
    if (!isCountersignError(error) || error.code !== 'configuration') throw error;
    throw new CountersignError('invalid-request', error.message, { cause: error });
  }
}

/**
 * Seals that a replaced key no longer counts from some entry of the log on.
 *
 * @throws CountersignError `not-found`; `conflict` where keys are packed, or for a key that is in use (rotate first), was replaced only just now, or is revoked.
 */
export async function revokeKey(deps: KeyDeps, caller: Caller, input: RevokeKeyInput): Promise<KeyView> {
  checkOwner(caller);
  refusePacked(deps);
  const { tenant } = caller;
  return deps.store.publicKeys.exclusively(tenant, async () => {
    await settle(deps, tenant);
    const { kid } = input;
    const period = SIGNING_USES.flatMap((use) => deps.keys.periods(tenant, use)).find((key) => key.kid === kid);
    if (period === undefined || period.pending) {
      throw new CountersignError('not-found', 'there is no signing key of that id; see `countersign keys list`');
    }
    if (period.revoked !== null) throw new CountersignError('conflict', 'the key is revoked already');
    const successor = deps.keys.periods(tenant, period.use).findLast((key) => !key.pending && key.until === null);
    checkReplaced(period, successor?.since ?? period.since, deps.now().getTime());
    const { size } = parseCheckpoint(parseNote(await deps.logReader.checkpoint(tenant)).text);
    const from = input.from ?? size;
    if (from > size) {
      throw new CountersignError('invalid-request', `the log has ${size} entries; \`from\` is one of them or the next`);
    }
    await sealChange(
      deps,
      caller,
      { change: 'revoke', use: period.use, kid, from },
      input.reason,
      deps.now().toISOString(),
    );
    await settle(deps, tenant);
    const revoked = deps.keys.periods(tenant, period.use).find((key) => key.kid === kid) ?? period;
    return viewOf(tenant, revoked);
  });
}

function checkReplaced({ use, until }: KeyPeriod, replacedAt: string, now: number): void {
  if (until === null) {
    throw new CountersignError(
      'conflict',
      `the key is the one that signs; rotate first (\`countersign keys rotate --use ${use}\`), then revoke it`,
    );
  }
  const wait = Date.parse(replacedAt) + UNDERWAY_MS - now;
  if (wait > 0) {
    throw new CountersignError(
      'conflict',
      'the key was replaced only just now, and what it signed may be on its way into the log; ask again in half a minute',
      { extensions: { retryAfter: Math.ceil(wait / 1000) } },
    );
  }
}

/**
 * Seals in a tenant's key chain which key attests, once for each key. No other key introduced the first one, and a key that another tenant
 * rotated is new to this one. Attestations can then be checked with the log and its record keys alone.
 */
export async function introduceAttestation(deps: KeyDeps, tenant: string, by: string): Promise<void> {
  await deps.store.publicKeys.exclusively(tenant, async () => {
    const { kid, publicJwk } = deps.keys.attestation;
    const known = (await chainOf(deps, tenant)).map(({ record }) => keyChangeOf(record));
    if (known.some((change) => change?.change === 'introduce' && change.kid === kid)) return;
    const change = {
      change: 'introduce',
      use: 'attestation',
      kid,
      key: publicJwk,
      replaces: '',
      beside: null,
    } as const;
    const reason = 'so that everybody can check what it attests';
    await sealChange(deps, { tenant, id: by }, change, reason, deps.now().toISOString());
    await settle(deps, tenant);
  });
}

/** Brings key files, public keys and receipts up to what is sealed. At a start, and before and after every change. */
export async function settleKeys(deps: KeyDeps, tenant: string): Promise<void> {
  await deps.store.publicKeys.exclusively(tenant, () => settle(deps, tenant));
}

async function settle(deps: KeyDeps, tenant: string): Promise<void> {
  const { keys, store } = deps;
  const events = await store.publicKeys.events(tenant);
  const known = new Set(events.map(({ seq }) => seq));
  for (const { hash, record } of await chainOf(deps, tenant)) {
    const change = keyChangeOf(record);
    // Before the new key signs, because auditors who know only the old keys must be able to verify this receipt's checkpoint.
    if (!known.has(record.seq)) {
      await store.publicKeys.putEvent(tenant, record.seq, await deps.logReader.receipt(tenant, hash));
    }
    if (change?.change === 'introduce') {
      keys.activate(tenant, change.use, change.kid, { since: record.at, until: change.beside ?? record.at });
    } else if (change !== null) {
      keys.revoke(tenant, change.use, change.kid, { at: record.at, from: change.from });
    }
  }
  for (const use of PUBLIC_USES) {
    for (const { kid, pending } of keys.periods(tenant, use)) {
      if (!pending) await store.publicKeys.put(publicKey(deps, tenant, use, kid));
    }
  }
}

/** The records of the key chain, oldest first. */
async function chainOf(deps: KeyDeps, tenant: string): Promise<StoredRecord[]> {
  const chain: StoredRecord[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await deps.store.records.list(tenant, { type: 'key', action: KEY_CHAIN }, cursor, 100);
    chain.push(...page.records);
    if (page.nextCursor === null) return chain.reverse();
    cursor = page.nextCursor;
  }
}

async function sealChange(
  deps: KeyDeps,
  caller: Pick<Caller, 'tenant' | 'id'>,
  change: KeyChange,
  reason: string,
  at: string,
): Promise<string> {
  const { tenant } = caller;
  const sealed = await sealInChain(deps, {
    tenant,
    type: 'key',
    chain: KEY_CHAIN,
    after: await newestInChain(deps, tenant, 'key', KEY_CHAIN),
    at,
    by: caller.id,
    reason,
    body: keyBody(change),
    facets: { decision: change.change },
  });
  if (sealed.existing) {
    throw new CountersignError('conflict', 'the keys changed meanwhile; look at them, and ask again if need be');
  }
  return sealed.hash;
}

function publicKey(deps: KeyDeps, tenant: string, use: PublicKey['use'], kid: string, at?: string): PublicKey {
  const period = deps.keys.periods(tenant, use).find((key) => key.kid === kid);
  if (period === undefined) throw new CountersignError('internal', 'a key that was made is not in its file');
  return {
    tenant,
    use,
    kid,
    key: publicForm(tenant, use, period.jwk) as PublicKey['key'],
    since: at ?? period.since,
    until: period.until,
    revokedAt: period.revoked?.at ?? null,
    revokedFrom: period.revoked?.from ?? null,
  };
}

function viewOf(tenant: string, { use, kid, jwk, since, until, revoked }: KeyPeriod): KeyView {
  return { use, kid, key: publicForm(tenant, use, jwk), since, until, revoked };
}

/** Where the keys are, for an owner. */
export function signingKeys(deps: Pick<KeyDeps, 'keys'>, caller: Caller): SigningKeyView[] {
  checkOwner(caller);
  const { tenant } = caller;
  return SIGNING_USES.flatMap((use) =>
    deps.keys.periods(tenant, use).map((key) => ({ ...viewOf(tenant, key), signer: key.signer, pending: key.pending })),
  );
}

/** Every public key that a tenant ever had, with the receipts that lead from the first to the present ones. */
export async function keyHistory(deps: Pick<KeyDeps, 'store'>, tenant: string): Promise<KeyHistory> {
  const [keys, events] = await Promise.all([deps.store.publicKeys.list(tenant), deps.store.publicKeys.events(tenant)]);
  return {
    kind: KEY_HISTORY_KIND,
    origin: origin(tenant),
    keys: keys.map(({ use, kid, key, since, until, revokedAt, revokedFrom }) => ({
      use,
      kid,
      key: key as KeyView['key'],
      since,
      until,
      revoked: revokedAt === null || revokedFrom === null ? null : { at: revokedAt, from: revokedFrom },
    })),
    receipts: events.map(({ receipt }) => receipt),
  };
}

function checkOwner(caller: Caller): void {
  if (!isOwner(caller)) {
    throw new CountersignError('forbidden', 'only an owner rotates and revokes keys; use the first key');
  }
}

/** One key attests for every tenant, so the owner of a single tenant cannot rotate it. @throws CountersignError `forbidden` */
export function checkStackKey({ tenant }: Caller, use: SigningUse | undefined): void {
  if (use !== 'attestation' || tenant === DEFAULT_TENANT) return;
  throw new CountersignError(
    'forbidden',
    `the attestation key is the whole stack’s; an owner of the tenant \`${DEFAULT_TENANT}\` rotates and revokes it`,
  );
}

const later = (now: Date, days: number): string => new Date(now.getTime() + days * DAY_MS).toISOString();
