import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { reasonSchema } from '../../contract/index.ts';
import { grantListSchema } from '../../contract/views/index.ts';
import type { Authentication, Grants } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, ok, problem } from '../openapi-parts.ts';

const revocationSchema = z.strictObject({ reason: reasonSchema.optional() }).meta({ id: 'GrantRevocation' });

/** Standing approvals: they are given with a decision, listed and ended here. */
export function grantRoutes(gateway: Authentication & Grants): Router {
  const router = Router();
  router.get('/v1/grants', async (request, response) => {
    response.json({ grants: await gateway.grants(await callerOf(gateway, request)) });
  });
  router.post('/v1/grants/:id/revoke', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { reason = null } = parseBody(revocationSchema, request.body ?? {});
    await gateway.revokeGrant(caller, pathText(request, 'id'), reason);
    response.status(204).end();
  });
  return router;
}

export const grantPaths: ZodOpenApiPathsObject = {
  '/v1/grants': {
    get: {
      summary: 'Standing approvals in force that concern you, with what was used of each',
      responses: { ...ok(grantListSchema, 'Standing approvals.'), ...COMMON },
    },
  },
  '/v1/grants/{id}/revoke': {
    post: {
      summary: 'End a standing approval at once',
      requestParams: byId('Id of the standing approval, `grt_…`.'),
      ...body(revocationSchema),
      responses: {
        '204': { description: 'Ended: nothing is released under it any more.' },
        ...COMMON,
        '404': problem('No such standing approval, or not yours to end.'),
      },
    },
  },
};
