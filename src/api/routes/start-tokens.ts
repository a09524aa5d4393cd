import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actionRequestSchema } from '../../contract/index.ts';
import { startTokenSchema } from '../../contract/views/index.ts';
import type { Actions, Authentication } from '../../gateway/types.ts';
import { callerOf, parseBody } from '../input.ts';
import { body, COMMON, json, problem } from '../openapi-parts.ts';

const idempotencyKey = z.string().meta({ description: 'As in the header `Idempotency-Key`.' });
/** The request is read by its own reader, which names what is wrong with it. */
const startTokenInputSchema = z.strictObject({ idempotencyKey, request: z.unknown() });
const documentedSchema = z
  .strictObject({ idempotencyKey, request: actionRequestSchema })
  .meta({ id: 'StartTokenInput' });

/** For callers who start an action through Temporal. */
export function startTokenRoutes(gateway: Authentication & Pick<Actions, 'startToken'>): Router {
  const router = Router();
  router.post('/v1/start-tokens', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const token = await gateway.startToken(caller, parseBody(startTokenInputSchema, request.body));
    response.status(201).setHeader('Cache-Control', 'no-store').json(token);
  });
  return router;
}

export const startTokenPaths: ZodOpenApiPathsObject = {
  '/v1/start-tokens': {
    post: {
      summary: 'A token of minutes, to start this very action through Temporal',
      ...body(documentedSchema),
      responses: {
        '201': { description: 'The token, and what the workflow has to be called.', ...json(startTokenSchema) },
        ...COMMON,
        '403': problem('The credential does not reach the surface.'),
      },
    },
  },
};
