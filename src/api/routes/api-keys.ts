import { Router } from 'express';
import { z } from 'zod';
import { actorIdSchema } from '../../contract/index.ts';
import type { ApiKeys, Authentication } from '../../gateway/types.ts';
import { parseBody, pathText } from '../input.ts';

const vouched = z
  .array(z.string().min(1).max(256).regex(/^[^*]/, 'only the first key vouches for any; name them'))
  .max(64)
  .default([]);
const scope = z.array(z.string().min(1).max(256)).min(1).max(64);

export const apiKeyInputSchema = z
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
  })
  .meta({ id: 'ApiKeyScope' });

export function apiKeyRoutes(gateway: Authentication & ApiKeys): Router {
  const router = Router();
  router.post('/v1/api-keys', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    const made = await gateway.makeApiKey(caller, parseBody(apiKeyInputSchema, request.body));
    response.status(201).setHeader('Cache-Control', 'no-store').json(made);
  });
  router.get('/v1/api-keys', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    response.json({ keys: await gateway.apiKeys(caller) });
  });
  router.delete('/v1/api-keys/:id', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    await gateway.revokeApiKey(caller, pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}
