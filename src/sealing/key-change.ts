/** Records of type `key`: how a key comes into use, and how it is revoked. One chain for each tenant, `action` is `key`. */
import { z } from 'zod';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { SIGNING_USES, type SigningUse } from '../contract/views/index.ts';
import { EvidenceError, parseVkey } from '../ledger/index.ts';
import { canonicalize, toBase64Url } from '../canonical/index.ts';
import { isAboutPasskey } from './passkey.ts';
import { publicJwk, readPublicJwk, type PublicJwk } from './signer.ts';

/** `action` of the records of the key chain. */
export const KEY_CHAIN = 'key';

/** A new key, in the record that the old record key signs. */
export interface Introduction {
  change: 'introduce';
  use: SigningUse;
  /** RFC 7638 thumbprint, also of a log's key. */
  kid: string;
  /** For `log` a vkey, else a JWK. */
  key: string | PublicJwk;
  /** The key whose place it takes. */
  replaces: string;
  /** Until when the replaced key signs beside the new one, RFC 3339; null where it stops immediately. */
  beside: string | null;
}

/** From entry `from` of the log on, the key's signatures do not count. For a log key, no checkpoint of more than `from` entries counts. */
export interface Revocation {
  change: 'revoke';
  use: SigningUse;
  kid: string;
  from: number;
}

export type KeyChange = Introduction | Revocation;

const changeSchema = z.discriminatedUnion('change', [
  z.looseObject({
    change: z.literal('introduce'),
    use: z.enum(SIGNING_USES),
    kid: z.string(),
    key: z.union([z.string(), z.looseObject({})]),
    replaces: z.string(),
    beside: z.iso.datetime().nullable(),
  }),
  z.looseObject({
    change: z.literal('revoke'),
    use: z.enum(SIGNING_USES),
    kid: z.string(),
    from: z.int().nonnegative(),
  }),
]);

/** The body of a record of the key chain. */
export function keyBody(change: KeyChange): OtherRecord['body'] {
  return JSON.parse(canonicalize(change)) as OtherRecord['body'];
}

/**
 * Whether a record says that an action's payload was deleted with the action's own key (retention, erasure): it stands in the action's
 * chain and changes nothing about the keys that sign.
 */
export function isErasure(record: RecordPayload): boolean {
  return record.type === 'key' && record.action.startsWith('act_') && record.body['state'] === 'erased';
}

/**
 * What a record says about keys; null for a record of another kind.
 *
 * @throws EvidenceError `key-record-malformed` when it is of the key chain and says nothing of the sort, or its key is not the one that it names
 */
export function keyChangeOf(record: RecordPayload): KeyChange | null {
  if (record.type !== 'key' || isErasure(record) || isAboutPasskey(record)) return null;
  const read = changeSchema.safeParse(record.body);
  if (!read.success || record.action !== KEY_CHAIN) throw malformed('says nothing that is known of a key');
  const change = read.data;
  if (change.change === 'revoke') {
    const { use, kid, from } = change;
    return { change: 'revoke', use, kid, from };
  }
  const { use, kid, key, replaces, beside } = change;
  if (typeof key === 'string') {
    if (use !== 'log') throw malformed('has no JWK of the key');
    const { publicKey } = parseVkey(key);
    if (publicJwk({ crv: 'Ed25519', x: toBase64Url(publicKey) }).kid !== kid)
      throw malformed('names another key than it shows');
    return { change: 'introduce', use, kid, key, replaces, beside };
  }
  const jwk = readPublicJwk(key);
  if (use === 'log' || jwk === null) throw malformed('shows no key of its kind');
  if (jwk.kid !== kid) throw malformed('names another key than it shows');
  return { change: 'introduce', use, kid, key: jwk, replaces, beside };
}

function malformed(why: string): EvidenceError {
  return new EvidenceError('key-record-malformed', `a record of the key chain ${why}`);
}
