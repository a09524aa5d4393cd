import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { newReadTokenSchema, readTokenListSchema } from '../../contract/views/index.ts';
import type { Authentication, ReadTokens } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const readTokenInputSchema = z
  .strictObject({
    for: z.string().trim().min(1).max(256).meta({ description: 'The auditor or witness that it is for.' }),
    days: z.int().min(1).max(92).default(7).meta({ description: 'How long it counts.' }),
  })
  .meta({ id: 'ReadTokenInput' });

/** Tokens of those who read the log from outside. */
export function readTokenRoutes(gateway: Authentication & ReadTokens): Router {
  const router = Router();
  router.post('/v1/read-tokens', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const made = await gateway.makeReadToken(caller, parseBody(readTokenInputSchema, request.body));
    response.status(201).setHeader('Cache-Control', 'no-store').json(made);
  });
  router.get('/v1/read-tokens', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json({ tokens: await gateway.readTokens(caller) });
  });
  router.delete('/v1/read-tokens/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    await gateway.revokeReadToken(caller, pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}

const NO_OWNER = { '403': problem('Not an owner.') };

export const readTokenPaths: ZodOpenApiPathsObject = {
  '/v1/read-tokens': {
    post: {
      summary: 'Make a token that reads the entries of the log and their receipts, and nothing else; it is shown once',
      ...body(readTokenInputSchema),
      responses: { '201': { description: 'Made.', ...json(newReadTokenSchema) }, ...COMMON, ...NO_OWNER },
    },
    get: {
      summary: 'Read tokens of this tenant, without their secrets',
      responses: { ...ok(readTokenListSchema, 'Read tokens.'), ...COMMON, ...NO_OWNER },
    },
  },
  '/v1/read-tokens/{id}': {
    delete: {
      summary: 'Revoke a read token',
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
