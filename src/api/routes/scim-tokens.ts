import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { newReadTokenSchema, readTokenListSchema } from '../../contract/views/index.ts';
import type { Provisioning } from '../../gateway/provisioning-types.ts';
import type { Authentication } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const scimTokenInputSchema = z
  .strictObject({
    for: z.string().trim().min(1).max(256).meta({ description: 'The identity provider that it is for.' }),
    days: z.int().min(1).max(730).default(365).meta({ description: 'How long it counts.' }),
  })
  .meta({ id: 'ScimTokenInput' });

/** Tokens of identity providers, which keep the directory by SCIM. */
export function scimTokenRoutes(gateway: Authentication & Provisioning): Router {
  const router = Router();
  router.post('/v1/scim-tokens', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const made = await gateway.makeScimToken(caller, parseBody(scimTokenInputSchema, request.body));
    response.status(201).setHeader('Cache-Control', 'no-store').json(made);
  });
  router.get('/v1/scim-tokens', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json({ tokens: await gateway.scimTokens(caller) });
  });
  router.delete('/v1/scim-tokens/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    await gateway.revokeScimToken(caller, pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}

const NO_OWNER = { '403': problem('Not an owner.') };

export const scimTokenPaths: ZodOpenApiPathsObject = {
  '/v1/scim-tokens': {
    post: {
      summary:
        'Make a token for an identity provider, which keeps the directory by SCIM and does nothing else; it is shown once',
      ...body(scimTokenInputSchema),
      responses: { '201': { description: 'Made.', ...json(newReadTokenSchema) }, ...COMMON, ...NO_OWNER },
    },
    get: {
      summary: 'SCIM tokens of this tenant, without their secrets',
      responses: { ...ok(readTokenListSchema, 'SCIM tokens.'), ...COMMON, ...NO_OWNER },
    },
  },
  '/v1/scim-tokens/{id}': {
    delete: {
      summary: 'Revoke a SCIM token',
      requestParams: byId('Token id.'),
      responses: {
        '204': { description: 'Revoked.' },
        ...COMMON,
        ...NO_OWNER,
        '404': problem('No live token of that id.'),
      },
    },
  },
};
