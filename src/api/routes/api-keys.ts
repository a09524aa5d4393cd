import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actorIdSchema } from '../../contract/index.ts';
import { apiKeyListSchema, newApiKeySchema } from '../../contract/views/index.ts';
import type { ApiKeys, Authentication } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const vouched = z
  .array(z.string().min(1).max(256).regex(/^[^*]/, 'only the first key vouches for any; name them'))
  .max(64)
  .default([]);
const scope = z.array(z.string().min(1).max(256)).min(1).max(64);

const apiKeyInputSchema = z
  .strictObject({
    surfaces: scope.meta({ description: 'Globs of surfaces that it reaches, such as `payments.*`.' }),
    actors: z
      .array(z.union([z.literal('*'), actorIdSchema]))
      .min(1)
      .max(64)
      .meta({ description: 'Exact actor ids that it may speak for.' }),
    roles: vouched.meta({
      description: 'Roles that it vouches for its actors to have; policy sees no others of theirs.',
    }),
    groups: vouched.meta({
      description: 'Groups that it vouches for its actors to be in; policy sees no others of theirs.',
    }),
    provenance: z.boolean().default(false).meta({
      description: 'Whether it may say where values of its requests came from (`context.provenance`).',
    }),
  })
  .meta({ id: 'ApiKeyScope' });

/** Keys of services. */
export function apiKeyRoutes(gateway: Authentication & ApiKeys): Router {
  const router = Router();
  router.post('/v1/api-keys', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const made = await gateway.makeApiKey(caller, parseBody(apiKeyInputSchema, request.body));
    response.status(201).setHeader('Cache-Control', 'no-store').json(made);
  });
  router.get('/v1/api-keys', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json({ keys: await gateway.apiKeys(caller) });
  });
  router.delete('/v1/api-keys/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    await gateway.revokeApiKey(caller, pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}

export const apiKeyPaths: ZodOpenApiPathsObject = {
  '/v1/api-keys': {
    post: {
      summary: 'Make a key of a service, scoped to surfaces and actors; it is shown once',
      ...body(apiKeyInputSchema),
      responses: {
        '201': { description: 'Made.', ...json(newApiKeySchema) },
        ...COMMON,
        '403': problem('Not an owner.'),
      },
    },
    get: {
      summary: 'Keys of this tenant, without their secrets',
      responses: { ...ok(apiKeyListSchema, 'Keys.'), ...COMMON, '403': problem('Not an owner.') },
    },
  },
  '/v1/api-keys/{id}': {
    delete: {
      summary: 'Revoke a key',
      requestParams: byId('Key id.'),
      responses: {
        '204': { description: 'Revoked.' },
        ...COMMON,
        '403': problem('Not an owner.'),
        '404': problem('No live key of that id.'),
        '409': problem('A key does not revoke itself.'),
      },
    },
  },
};
