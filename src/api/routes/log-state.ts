import { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { logStateSchema } from '../../contract/views/index.ts';
import type { Authentication, LogStates } from '../../gateway/types.ts';
import { callerOf } from '../input.ts';
import { COMMON, ok } from '../openapi-parts.ts';

/** Whether the log verifies, as the server itself reads it. */
export function logStateRoutes(gateway: Authentication & LogStates): Router {
  const router = Router();
  router.get('/v1/log', async (request, response) => {
    response.json(await gateway.logState(await callerOf(gateway, request)));
  });
  return router;
}

export const logStatePaths: ZodOpenApiPathsObject = {
  '/v1/log': {
    get: {
      summary: 'Whether the log verifies, as the server reads it: its checkpoint, its tree and each of its entries',
      description:
        'Logs are read from their first entry to their last, again and again, a part with each call. It is the word of the server about itself: `countersign audit` gives yours.',
      responses: { ...ok(logStateSchema, 'What was found so far.'), ...COMMON },
    },
  },
};
