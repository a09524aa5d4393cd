import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { reasonSchema } from '../../contract/index.ts';
import { newTenantSchema, tenantListSchema } from '../../contract/views/index.ts';
import type { Authentication, TenantAdministration } from '../../gateway/types.ts';
import { callerOf, parseBody } from '../input.ts';
import { body, COMMON, json, ok, problem } from '../openapi-parts.ts';

const tenantInputSchema = z
  .strictObject({
    name: z.string().max(63).meta({ description: 'Lower-case letters, digits, `-` and `_`.' }),
    reason: reasonSchema.optional(),
  })
  .meta({ id: 'TenantInput' });

/** Tenants, for the owner of the stack. */
export function tenantRoutes(gateway: Authentication & TenantAdministration): Router {
  const router = Router();
  router.post('/v1/tenants', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const made = await gateway.makeTenant(caller, parseBody(tenantInputSchema, request.body));
    response.status(201).setHeader('Cache-Control', 'no-store').json(made);
  });
  router.get('/v1/tenants', async (request, response) => {
    response.json({ tenants: await gateway.tenants(await callerOf(gateway, request)) });
  });
  return router;
}

export const tenantPaths: ZodOpenApiPathsObject = {
  '/v1/tenants': {
    post: {
      summary: 'Make a tenant, sealed; its first key is shown once',
      ...body(tenantInputSchema),
      responses: {
        '201': { description: 'Made.', ...json(newTenantSchema) },
        ...COMMON,
        '403': problem('Not an owner of `default`.'),
        '409': problem('There is a tenant of that name.'),
      },
    },
    get: {
      summary: 'The tenants of this stack',
      responses: { ...ok(tenantListSchema, 'Tenants.'), ...COMMON, '403': problem('Not an owner of `default`.') },
    },
  },
};
