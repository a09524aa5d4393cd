import type { Receipt } from '../contract/record.ts';

/** What a key signs. */
export const SIGNING_USES = ['record', 'permit', 'log', 'attestation'] as const;
export type SigningUse = (typeof SIGNING_USES)[number];

/** A public key through time. */
export interface KeyView {
  use: SigningUse;
  kid: string;
  /** A JWK; of a log, its vkey. */
  key: string | object;
  since: string;
  until: string | null;
  revoked: { at: string; from: number } | null;
}

/** `GET /log/{tenant}/keys.json`. */
export interface KeyHistory {
  kind: string;
  origin: string;
  /** Those that others verify with, by use, oldest first. */
  keys: KeyView[];
  /** Of the key chain, in order; each under the keys of its time. */
  receipts: Receipt[];
}
