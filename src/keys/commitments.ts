import { createHmac, hkdfSync } from 'node:crypto';
import type { SecretKey } from './key-file.ts';

/**
 * Keyed commitments to a text, hexadecimal, one for each of our payload secrets, the present one first. Each purpose has a key of its
 * own (RFC 5869), so that what is committed to for one says nothing for another.
 */
export function commitmentsBy(secrets: readonly SecretKey[]): (purpose: string, text: string) => string[] {
  const keys = new Map<string, Buffer[]>();
  return (purpose, text) => {
    let derived = keys.get(purpose);
    if (derived === undefined) {
      derived = secrets.map(({ secret }) =>
        Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', `countersign ${purpose}`, 32)),
      );
      keys.set(purpose, derived);
    }
    return derived.map((key) => createHmac('sha256', key).update(text).digest('hex'));
  };
}
