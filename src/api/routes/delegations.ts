import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { timeSchema } from '../../contract/index.ts';
import { delegationListSchema, delegationSchema } from '../../contract/views/index.ts';
import type { Authentication, Delegations } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const delegationInputSchema = z
  .strictObject({
    to: z.string().min(1).max(256).meta({ description: 'Directory id of who stands in.' }),
    surfaces: z.array(z.string().min(1).max(256)).min(1).max(64).optional(),
    until: timeSchema,
  })
  .meta({ id: 'Delegation' });

/** Standing in: who decides for whom, and until when. */
export function delegationRoutes(gateway: Authentication & Delegations): Router {
  const router = Router();
  router.post('/v1/delegations', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.status(201).json(await gateway.delegate(caller, parseBody(delegationInputSchema, request.body)));
  });
  router.get('/v1/delegations', async (request, response) => {
    response.json({ delegations: await gateway.delegations(await callerOf(gateway, request)) });
  });
  router.delete('/v1/delegations/:id', async (request, response) => {
    await gateway.revokeDelegation(await callerOf(gateway, request), pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}

export const delegationPaths: ZodOpenApiPathsObject = {
  '/v1/delegations': {
    post: {
      summary: 'Let somebody decide for you while you are away',
      ...body(delegationInputSchema),
      responses: {
        '201': { description: 'In force.', ...json(delegationSchema) },
        ...COMMON,
        '403': problem('Not allowed.'),
        '404': problem('Nobody of that id is active in the directory.'),
      },
    },
    get: {
      summary: 'Delegations given by or to you',
      responses: { ...ok(delegationListSchema, 'Delegations.'), ...COMMON },
    },
  },
  '/v1/delegations/{id}': {
    delete: {
      summary: 'End a delegation early',
      requestParams: byId('Delegation id, `dlg_…`.'),
      responses: { '204': { description: 'Ended.' }, ...COMMON, '404': problem('You gave no such delegation.') },
    },
  },
};
