import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  deviceSchema,
  meSchema,
  newSessionSchema,
  sessionListSchema,
  signInWaitsSchema,
} from '../../contract/views/index.ts';
import type { Sessions } from '../../gateway/session-types.ts';
import type { Authentication } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const openSessionSchema = z
  .union([
    z.strictObject({ code: z.string().max(4096), verifier: z.string().min(43).max(128).optional() }),
    z.strictObject({ device: z.string().max(4096) }),
  ])
  .meta({
    id: 'SessionInput',
    description: 'What a sign-in ended with: a code and the verifier of its challenge, or a device.',
  });
const deviceInputSchema = z.strictObject({ provider: z.string().max(64).optional() }).meta({ id: 'DeviceInput' });

/** Who asks, and people's sessions. */
export function sessionRoutes(gateway: Authentication & Sessions): Router {
  const router = Router();
  router.get('/v1/me', async (request, response) => {
    response.json(await gateway.me(await callerOf(gateway, request)));
  });
  router.get('/v1/sessions', async (request, response) => {
    response.json({ sessions: await gateway.sessions(await callerOf(gateway, request)) });
  });
  router.post('/v1/sessions', async (request, response) => {
    const input = parseBody(openSessionSchema, request.body);
    response.setHeader('Cache-Control', 'no-store');
    const made =
      'code' in input
        ? await gateway.redeemLoginCode(input.code, input.verifier)
        : await gateway.redeemDevice(input.device);
    if (made === null) response.status(202).json({ waiting: true });
    else response.status(201).json(made);
  });
  router.post('/v1/sessions/device', async (request, response) => {
    const { provider } = parseBody(deviceInputSchema, request.body ?? {});
    response.setHeader('Cache-Control', 'no-store').json(await gateway.beginDevice(provider));
  });
  router.delete('/v1/sessions/:id', async (request, response) => {
    await gateway.endSession(await callerOf(gateway, request), pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}

const NO_PROVIDER = { '404': problem('There is no such identity provider to sign in with.') };

export const sessionPaths: ZodOpenApiPathsObject = {
  '/v1/me': {
    get: { summary: 'Who asks, and what they are now', responses: { ...ok(meSchema, 'Who asks.'), ...COMMON } },
  },
  '/v1/sessions': {
    get: {
      summary: 'One’s own live sessions; for an owner, those of the tenant',
      responses: { ...ok(sessionListSchema, 'Sessions.'), ...COMMON },
    },
    post: {
      summary: 'Open a session with what a sign-in ended with; its token is shown once',
      security: [],
      ...body(openSessionSchema),
      responses: {
        '201': { description: 'Signed in.', ...json(newSessionSchema) },
        '202': { description: 'Nobody has signed in yet; ask again after the interval.', ...json(signInWaitsSchema) },
        ...COMMON,
        ...NO_PROVIDER,
      },
    },
  },
  '/v1/sessions/device': {
    post: {
      summary: 'Begin to sign in on another device (RFC 8628)',
      security: [],
      ...body(deviceInputSchema, { required: false }),
      responses: { ...ok(deviceSchema, 'Where to sign in.'), ...COMMON, ...NO_PROVIDER },
    },
  },
  '/v1/sessions/{id}': {
    delete: {
      summary: 'End a session at once; `current` is the one that asks',
      requestParams: byId('Session id.'),
      responses: { '204': { description: 'Ended.' }, ...COMMON, '404': problem('No live session of that id.') },
    },
  },
};
