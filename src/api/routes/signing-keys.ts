import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { reasonSchema } from '../../contract/index.ts';
import { keySchema, rotatedKeySchema, SIGNING_USES, signingKeyListSchema } from '../../contract/views/index.ts';
import type { Authentication, SigningKeys } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, COMMON, json, ok, problem } from '../openapi-parts.ts';

const reason = reasonSchema;

const rotateKeyInputSchema = z
  .strictObject({
    use: z.enum(SIGNING_USES),
    signer: z.string().min(1).max(512).optional().meta({
      description: 'Where the next key is, such as `aws-kms:alias/records-2`; as the setting says by default.',
    }),
    reason,
    besideDays: z
      .number()
      .min(0)
      .max(366)
      .optional()
      .meta({ description: 'Of a log key: days for which the replaced key signs beside the new one; 7 by default.' }),
  })
  .meta({ id: 'KeyRotation' });

const revokeKeyInputSchema = z
  .strictObject({
    reason,
    from: z
      .int()
      .nonnegative()
      .optional()
      .meta({ description: 'Entry of the log from which on nothing counts that the key signed; the next by default.' }),
  })
  .meta({ id: 'KeyRevocation' });

/** The keys that records, permits, checkpoints and attestations are signed with. */
export function signingKeyRoutes(gateway: Authentication & SigningKeys): Router {
  const router = Router();
  router.get('/v1/signing-keys', async (request, response) => {
    response.json({ keys: gateway.signingKeys(await callerOf(gateway, request)) });
  });
  router.post('/v1/signing-keys', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.status(201).json(await gateway.rotateKey(caller, parseBody(rotateKeyInputSchema, request.body)));
  });
  router.post('/v1/signing-keys/:kid/revoke', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(revokeKeyInputSchema, request.body);
    response.json(await gateway.revokeKey(caller, { ...input, kid: pathText(request, 'kid') }));
  });
  return router;
}

export const signingKeyPaths: ZodOpenApiPathsObject = {
  '/v1/signing-keys': {
    get: {
      summary: 'Signing keys of this tenant, and where they are',
      responses: {
        ...ok(signingKeyListSchema, 'Keys.'),
        ...COMMON,
        '403': problem('Not an owner.'),
      },
    },
    post: {
      summary: 'Rotate: a new key, introduced by a record that the old one signs',
      ...body(rotateKeyInputSchema),
      responses: {
        '201': { description: 'The new key signs.', ...json(rotatedKeySchema) },
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
      ...body(revokeKeyInputSchema),
      responses: {
        ...ok(keySchema, 'Revoked.'),
        ...COMMON,
        '404': problem('No such key.'),
        '409': problem('It is in use, was replaced only just now, or is revoked already.'),
      },
    },
  },
};
