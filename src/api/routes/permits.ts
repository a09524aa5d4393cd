import { Router } from 'express';
import { z } from 'zod';
import { actionRequestSchema, surfaceSchema } from '../../contract/index.ts';
import type { Authentication, Permits } from '../../gateway/types.ts';
import { parseBody } from '../input.ts';

export const redeemInputSchema = z
  .strictObject({
    permit: z.string().min(1).max(16_384),
    request: actionRequestSchema.optional().meta({ description: 'The request about to be executed, after changes.' }),
    requestHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
    audience: surfaceSchema.optional().meta({ description: 'The surface that the executor serves.' }),
  })
  .meta({ id: 'Redemption' });

export const redeemedSchema = z
  .strictObject({
    act: z.string(),
    surface: z.string(),
    requestHash: z.string(),
    changes: z.json(),
    version: z.string().nullable(),
    redeemedAt: z.iso.datetime(),
  })
  .meta({ id: 'Redeemed' });

export function permitRoutes(gateway: Authentication & Permits): Router {
  const router = Router();
  router.post('/v1/permits/redeem', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    response.json(await gateway.redeem(caller, parseBody(redeemInputSchema, request.body)));
  });
  return router;
}
