import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { inboxSchema } from '../../contract/views/index.ts';
import type { Authentication, Inboxes } from '../../gateway/types.ts';
import { callerOf, limitOf, queryText } from '../input.ts';
import { COMMON, ok, problem } from '../openapi-parts.ts';

/** What waits for the caller. */
export function inboxRoutes(gateway: Authentication & Inboxes): Router {
  const router = Router();
  router.get('/v1/inbox', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.inbox(caller, queryText(request, 'cursor'), limitOf(request)));
  });
  return router;
}

export const inboxPaths: ZodOpenApiPathsObject = {
  '/v1/inbox': {
    get: {
      summary: 'What waits for this person, the first due first: to decide, to answer, to look back at',
      description: 'Each with all that is shown to whoever decides it, as its sealed records say at this moment.',
      requestParams: {
        query: z.object({ cursor: z.string().optional(), limit: z.int().min(1).max(500).optional() }),
      },
      responses: { ...ok(inboxSchema, 'One page.'), ...COMMON, '403': problem('A key: only people decide.') },
    },
  },
};
