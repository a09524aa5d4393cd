/** Text that records hold, encrypted under the stack's own secret: AES-256-GCM, padded, bound to what it is about. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Keys } from '../keys/index.ts';

export interface TextSeals {
  /** @param about the context that it is bound to; it does not open in another one */
  seal(tenant: string, about: string, text: string): string;
  /** Null for text that none of the stack's keys encrypted for this context. */
  open(tenant: string, about: string, sealed: string): string | null;
}

/** @param padding lengths are multiples of it, in bytes, so that they reveal nothing of the text */
export function textSeals({ commitments }: Pick<Keys, 'commitments'>, purpose: string, padding: number): TextSeals {
  const keysOf = (tenant: string): Buffer[] => commitments(purpose, tenant).map((key) => Buffer.from(key, 'hex'));
  const aad = (about: string): Buffer => Buffer.from(about, 'utf8');
  return {
    seal(tenant, about, text) {
      const [key = Buffer.alloc(0)] = keysOf(tenant);
      const padded = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / padding) * padding, ' ');
      padded.write(text, 'utf8');
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad(about));
      const body = Buffer.concat([cipher.update(padded), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
    },
    open(tenant, about, sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      for (const key of keysOf(tenant)) {
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(aad(about));
          decipher.setAuthTag(bytes.subarray(12, 28));
          return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
        } catch {
          // Encrypted under an earlier secret.
        }
      }
      return null;
    },
  };
}
