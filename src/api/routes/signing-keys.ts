import { Router } from 'express';
import { z } from 'zod';
import type { Authentication, SigningKeys } from '../../gateway/types.ts';
import { parseBody, pathText } from '../input.ts';

const reason = z.string().trim().min(1).max(2000);

export const rotateKeyInputSchema = z
  .strictObject({
    use: z.enum(['record', 'permit', 'log', 'attestation']),
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

export const revokeKeyInputSchema = z
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
    response.json({ keys: gateway.signingKeys(await gateway.authenticate(request.get('authorization'))) });
  });
  router.post('/v1/signing-keys', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    response.status(201).json(await gateway.rotateKey(caller, parseBody(rotateKeyInputSchema, request.body)));
  });
  router.post('/v1/signing-keys/:kid/revoke', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    const input = parseBody(revokeKeyInputSchema, request.body);
    response.json(await gateway.revokeKey(caller, { ...input, kid: pathText(request, 'kid') }));
  });
  return router;
}
