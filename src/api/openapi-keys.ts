/** Signing keys in the OpenAPI document. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { KEY_HISTORY_KIND, KEY_USES } from '../sealing/index.ts';
import { COMMON, json, ok, problem } from './openapi-parts.ts';
import { revokeKeyInputSchema, rotateKeyInputSchema } from './routes/signing-keys.ts';

const keyViewSchema = z
  .strictObject({
    use: z.enum(KEY_USES),
    kid: z.string().meta({ description: 'RFC 7638 thumbprint.' }),
    key: z.union([z.string(), z.looseObject({})]).meta({ description: 'A JWK; of a log, its C2SP vkey.' }),
    since: z.iso.datetime(),
    until: z.iso.datetime().nullable(),
    revoked: z.strictObject({ at: z.iso.datetime(), from: z.int() }).nullable(),
  })
  .meta({ id: 'SigningKey' });

const rotatedSchema = z
  .strictObject({
    use: z.enum(KEY_USES),
    kid: z.string(),
    signer: z.string(),
    replaces: z.string(),
    since: z.iso.datetime(),
    record: z.string(),
  })
  .meta({ id: 'RotatedKey' });

export const keyPaths: ZodOpenApiPathsObject = {
  '/v1/signing-keys': {
    get: {
      summary: 'Signing keys of this tenant, and where they are',
      responses: {
        ...ok(
          z.strictObject({ keys: z.array(keyViewSchema.extend({ signer: z.string(), pending: z.boolean() })) }),
          'Keys.',
        ),
        ...COMMON,
        '403': problem('Not an owner.'),
      },
    },
    post: {
      summary: 'Rotate: a new key, introduced by a record that the old one signs',
      requestBody: { required: true, ...json(rotateKeyInputSchema) },
      responses: {
        '201': { description: 'The new key signs.', ...json(rotatedSchema) },
        ...COMMON,
        '403': problem('Not an owner.'),
        '409': problem('The key manager has no newer key.'),
      },
    },
  },
  '/v1/signing-keys/{kid}/revoke': {
    post: {
      summary: 'Revoke a replaced key: from an entry of the log on, nothing counts that it signed',
      requestParams: { path: z.object({ kid: z.string() }) },
      requestBody: { required: true, ...json(revokeKeyInputSchema) },
      responses: {
        ...ok(keyViewSchema, 'Revoked.'),
        ...COMMON,
        '404': problem('No such key.'),
        '409': problem('It is in use, was replaced only just now, or is revoked already.'),
      },
    },
  },
  '/log/{tenant}/keys.json': {
    get: {
      summary:
        'Every public key that the tenant ever had, with the receipts that lead from the first to the present ones',
      security: [],
      requestParams: { path: z.object({ tenant: z.string() }) },
      responses: ok(
        z.strictObject({
          kind: z.literal(KEY_HISTORY_KIND),
          origin: z.string(),
          keys: z.array(keyViewSchema),
          receipts: z.array(z.looseObject({})),
        }),
        'The key history.',
      ),
    },
  },
};
