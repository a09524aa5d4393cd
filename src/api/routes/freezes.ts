import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { reasonSchema } from '../../contract/index.ts';
import { FREEZE_SCOPES, freezeListSchema, freezeSchema } from '../../contract/views/index.ts';
import type { Authentication, Freezes } from '../../gateway/types.ts';
import { callerOf, doorOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const reason = reasonSchema;

const freezeInputSchema = z
  .strictObject({
    scope: z.enum(FREEZE_SCOPES),
    value: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({ description: 'The surface or actor; left out for the tenant.' }),
    reason,
    unknown: z.boolean().optional().meta({ description: 'Freeze also what no policy covers, or nobody is called.' }),
  })
  .meta({ id: 'Freeze' });

const thawInputSchema = z.strictObject({ reason }).meta({ id: 'Thaw' });

/** Stopping a tenant, a surface or an actor. */
export function freezeRoutes(gateway: Authentication & Freezes): Router {
  const router = Router();
  router.post('/v1/freezes', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const freeze = await gateway.freeze(caller, parseBody(freezeInputSchema, request.body), doorOf(request, caller));
    response.status(201).json(freeze);
  });
  router.get('/v1/freezes', async (request, response) => {
    response.json({ freezes: await gateway.freezes(await callerOf(gateway, request)) });
  });
  router.delete('/v1/freezes/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { reason: why } = parseBody(thawInputSchema, request.body ?? {});
    response.json(await gateway.thaw(caller, pathText(request, 'id'), why, doorOf(request, caller)));
  });
  return router;
}

export const freezePaths: ZodOpenApiPathsObject = {
  '/v1/freezes': {
    post: {
      summary: 'Stop a tenant, a surface or an actor: nothing is released, unredeemed permits are dead',
      ...body(freezeInputSchema),
      responses: {
        '201': { description: 'In force.', ...json(freezeSchema) },
        ...COMMON,
        '403': problem('Not allowed.'),
      },
    },
    get: {
      summary: 'Freezes in force',
      responses: { ...ok(freezeListSchema, 'Freezes.'), ...COMMON },
    },
  },
  '/v1/freezes/{id}': {
    delete: {
      summary: 'Lift a freeze',
      requestParams: byId('Freeze id, `frz_…`.'),
      ...body(thawInputSchema, { required: false }),
      responses: {
        ...ok(freezeSchema, 'Lifted.'),
        ...COMMON,
        '403': problem('Not allowed.'),
        '404': problem('No such freeze in force.'),
      },
    },
  },
};
