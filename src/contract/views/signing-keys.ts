import { z } from 'zod';
import { receiptSchema } from './receipt.ts';

/** What a key signs. */
export const SIGNING_USES = ['record', 'permit', 'log', 'attestation'] as const;
export type SigningUse = (typeof SIGNING_USES)[number];

/** RFC 7517, of the keys that we sign with. */
const jwkSchema = z.strictObject({
  kty: z.enum(['OKP', 'EC']),
  crv: z.enum(['Ed25519', 'P-256']),
  x: z.string(),
  y: z.string().optional(),
  kid: z.string(),
  alg: z.enum(['EdDSA', 'ES256']),
  use: z.literal('sig'),
});

/** A public key through time. */
export const keySchema = z
  .strictObject({
    use: z.enum(SIGNING_USES),
    kid: z.string().meta({ description: 'RFC 7638 thumbprint.' }),
    key: z.union([z.string(), jwkSchema]).meta({ description: 'A JWK; of a log, its C2SP vkey.' }),
    since: z.iso.datetime(),
    until: z.iso.datetime().nullable(),
    revoked: z.strictObject({ at: z.iso.datetime(), from: z.int() }).nullable(),
  })
  .meta({ id: 'SigningKey' });
export type KeyView = z.infer<typeof keySchema>;

export const signingKeySchema = keySchema.extend({
  signer: z.string().meta({ description: '`file`, or what its key manager calls it.' }),
  pending: z.boolean(),
});
export type SigningKeyView = z.infer<typeof signingKeySchema>;

export const signingKeyListSchema = z.strictObject({ keys: z.array(signingKeySchema) });

export const rotatedKeySchema = z
  .strictObject({
    use: z.enum(SIGNING_USES),
    kid: z.string(),
    signer: z.string(),
    replaces: z.string(),
    since: z.iso.datetime(),
    record: z.string().meta({ description: 'Hash of the record that introduces it.' }),
  })
  .meta({ id: 'RotatedKey' });
export type RotatedKey = z.infer<typeof rotatedKeySchema>;

/** `GET /log/{tenant}/keys.json`. */
export const keyHistorySchema = z.strictObject({
  kind: z.literal('countersign.keys/v1'),
  origin: z.string(),
  keys: z.array(keySchema).meta({ description: 'Those that others verify with, by use, oldest first.' }),
  receipts: z
    .array(receiptSchema)
    .meta({ description: 'Of the key chain, in order; each under the keys of its time.' }),
});
export type KeyHistory = z.infer<typeof keyHistorySchema>;
