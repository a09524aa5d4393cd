import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actionRequestSchema, surfaceSchema, permitSchema } from '../../contract/index.ts';
import { redeemedSchema } from '../../contract/views/index.ts';
import type { Authentication, Permits } from '../../gateway/types.ts';
import { parseBody, readFor } from '../input.ts';
import { nameRecord } from '../receipt-header.ts';
import { body, COMMON, ok, problem } from '../openapi-parts.ts';

const redeemInputSchema = z
  .strictObject({
    permit: permitSchema,
    redeemer: z.string().min(1).max(256).optional().meta({
      description:
        'Your own random text, kept to yourself: whoever sends it again gets the same answer again, until the outcome is sealed. Without one, an answer that was lost is lost.',
    }),
    request: actionRequestSchema.optional().meta({ description: 'The request about to be executed, after changes.' }),
    requestHash: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/)
      .optional(),
    audience: surfaceSchema.optional().meta({ description: 'The surface that the executor serves.' }),
  })
  .meta({ id: 'Redemption' });

/** What an executor does with a permit. */
export function permitRoutes(gateway: Authentication & Permits): Router {
  const router = Router();
  router.post('/v1/permits/redeem', async (request, response) => {
    const input = await readFor(gateway, request, () => parseBody(redeemInputSchema, request.body));
    const { redeemed, record } = await gateway.present(request.get('authorization'), input);
    nameRecord(response, record).json(redeemed);
  });
  return router;
}

export const permitPaths: ZodOpenApiPathsObject = {
  '/v1/permits/redeem': {
    post: {
      summary: 'Redeem a permit, once, before executing',
      ...body(redeemInputSchema),
      responses: {
        ...ok(redeemedSchema, 'Redeemed: execute now.'),
        ...COMMON,
        '403': problem('Expired, for another audience, tampered with, or for another request.'),
        '409': problem('Already redeemed, with `redeemedAt`, or settled.'),
      },
    },
  },
};
