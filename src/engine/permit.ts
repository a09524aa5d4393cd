import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** One step seals and opens with the same action's key. */
const derived = new WeakMap<Uint8Array, Buffer>();

export function permitKey(actionKey: Uint8Array): Buffer {
  let key = derived.get(actionKey);
  if (key === undefined) {
    key = Buffer.from(hkdfSync('sha256', actionKey, new Uint8Array(0), 'countersign sealed permit v1', 32));
    derived.set(actionKey, key);
  }
  return key;
}

export const aad = (tenant: string, id: string): Buffer => Buffer.from(`${tenant}\n${id}`, 'utf8');

/** A permit in its stored form, and in the requester's. */
export interface PermitForms {
  sealed: string;
  clear: string;
}

/** A permit as stored, encrypted so that a reader of the database cannot redeem it. AES-256-GCM under the action's own key. */
export function sealPermit(actionKey: Uint8Array, tenant: string, id: string, permit: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', permitKey(actionKey), iv).setAAD(aad(tenant, id));
  const body = Buffer.concat([cipher.update(permit, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
}

/** @throws Error when it was altered or belongs to another action. */
export function openPermit(actionKey: Uint8Array, tenant: string, id: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', permitKey(actionKey), bytes.subarray(0, 12)).setAAD(aad(tenant, id));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
}
