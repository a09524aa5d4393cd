import { randomBytes } from 'node:crypto';
import { CountersignError } from '../contract/index.ts';
import type { PayloadCipher } from '../store/index.ts';
import { deriveKey, open, seal, type NamedKey } from './aead.ts';

const KEY_ID_BYTES = 8;

/**
 * Per-action keys, wrapped by a key of the tenant that derives from the payload key: `key id (8) || sealed key`. The first key wraps; all
 * of them unwrap, so that the key can be rotated.
 */
export function createPayloadCipher(keys: readonly [NamedKey, ...NamedKey[]]): PayloadCipher {
  const derived = new Map<string, Uint8Array>();
  const wrapping = ({ id, secret }: NamedKey, tenant: string): Uint8Array => {
    const name = `${id}\n${tenant}`;
    let key = derived.get(name);
    if (key === undefined) {
      derived.set(name, (key = deriveKey(secret, `countersign payload key of tenant v1\n${tenant}`)));
    }
    return key;
  };
  const contents = new WeakMap<Uint8Array, Uint8Array>();
  const content = (actionKey: Uint8Array): Uint8Array => {
    let key = contents.get(actionKey);
    if (key === undefined) contents.set(actionKey, (key = deriveKey(actionKey, 'countersign payload v1')));
    return key;
  };
  /** The key of the next action, made while there was time. */
  let next: Uint8Array | null = null;
  const fresh = (): Uint8Array => new Uint8Array(randomBytes(32));
  const bound = (what: string, tenant: string, action: string): string => JSON.stringify([what, tenant, action]);
  return {
    prepare() {
      next ??= fresh();
      content(next);
    },
    newKey(tenant, action) {
      const [key] = keys;
      const actionKey = next ?? fresh();
      next = null;
      const sealed = seal(wrapping(key, tenant), bound('key', tenant, action), actionKey);
      return { actionKey, wrappedKey: Buffer.concat([Buffer.from(key.id, 'hex'), sealed]) };
    },
    unwrap(tenant, action, wrappedKey) {
      const id = Buffer.from(wrappedKey.subarray(0, KEY_ID_BYTES)).toString('hex');
      const key = keys.find((known) => known.id === id);
      const sealed = wrappedKey.subarray(KEY_ID_BYTES);
      const opened = key === undefined ? null : open(wrapping(key, tenant), bound('key', tenant, action), sealed);
      if (opened !== null) return new Uint8Array(opened);
      throw new CountersignError(
        'unavailable',
        'the payload of this action cannot be opened with the keys of this data folder; restore the keys that the database was written with',
      );
    },
    seal: (tenant, action, actionKey, plaintext) =>
      seal(content(actionKey), bound('payload', tenant, action), plaintext),
    open(tenant, action, actionKey, ciphertext) {
      const opened = open(content(actionKey), bound('payload', tenant, action), ciphertext);
      if (opened !== null) return opened;
      throw new CountersignError('invalid-evidence', 'the stored payload of this action was altered; do not act on it');
    },
  };
}
