import { createHmac, hkdfSync } from 'node:crypto';
import type { SecretKey } from './key-file.ts';

/**
 * Keyed commitments to a text, in hexadecimal: one for each payload secret, the current one first. Each purpose has its own key (RFC 5869),
 * so a commitment for one purpose says nothing about another.
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
