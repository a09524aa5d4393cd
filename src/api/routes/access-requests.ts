/** AuthZEN's Access Request and Approval Profile (a draft; `COUNTERSIGN_ACCESS_REQUESTS=off` leaves it out). */
import { Router, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  accessRequestSchema,
  accessTaskSchema,
  CountersignError,
  type AccessTask,
  type AccessTaskView,
} from '../../contract/index.ts';
import type { AccessRequests, Authentication } from '../../gateway/types.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';
import { optionalKey, type AuthzenSite } from './authzen.ts';

/** Seconds between two looks at a task that people have to decide. */
const LOOK_AGAIN_S = 5;

function view({ url }: AuthzenSite, { id, status, progress, expiresAt, approval }: AccessTask): AccessTaskView {
  const at = `${url}/access/v1/requests/${id}`;
  return {
    task: {
      id,
      status,
      status_endpoint: at,
      ...(progress === undefined ? {} : { progress }),
      ...(expiresAt === null ? {} : { expires_at: expiresAt }),
      ...(status === 'pending' ? { links: { cancel: `${at}/cancel` } } : {}),
    },
    ...(approval === null ? {} : { result: { mode: 'reevaluate', approval } }),
  };
}

const cancelInputSchema = z
  .looseObject({ reason: z.string().max(256).optional(), comment: z.string().max(2000).optional() })
  .meta({ id: 'AccessCancellation' });

export function accessRequestRoutes(gateway: Authentication & AccessRequests, site: AuthzenSite): Router {
  const router = Router();
  const send = (response: Response, task: AccessTask): void => {
    if (task.status === 'pending') response.setHeader('Retry-After', String(LOOK_AGAIN_S));
    response.setHeader('Cache-Control', 'no-store').json(view(site, task));
  };

  router.post('/access/v1/requests', async (request, response) => {
    const caller = await callerOf(gateway, request);
    checkSingle(request.body);
    const input = parseBody(accessRequestSchema, request.body);
    const key = optionalKey(request.headersDistinct['idempotency-key']);
    const task = await gateway.requestAccess(caller, input, key);
    response.status(task.status === 'pending' ? 202 : 201).setHeader('Location', view(site, task).task.status_endpoint);
    send(response, task);
  });

  router.get('/access/v1/requests/:id', async (request, response) => {
    send(response, await gateway.accessTask(await callerOf(gateway, request), pathText(request, 'id')));
  });

  router.post('/access/v1/requests/:id/cancel', async (request, response) => {
    const caller = await callerOf(gateway, request);
    if (request.body !== undefined) parseBody(cancelInputSchema, request.body);
    send(response, await gateway.cancelAccess(caller, pathText(request, 'id')));
  });
  return router;
}

/** A malformed access request is refused in the profile's own words. */
function checkSingle(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  if ('items' in body) {
    throw new CountersignError('not-requestable', 'bundles are not taken; ask for each denial by itself');
  }
  const denial: unknown = 'denial' in body ? body.denial : undefined;
  if (typeof denial !== 'object' || denial === null || !('binding_token' in denial)) {
    throw new CountersignError('invalid-denial-binding', 'send `denial` with the `binding_token` that came with it');
  }
}

const ABOUT = 'A draft of OpenID’s AuthZEN working group; the metadata names it among the capabilities.';
const task = byId('Id of the task.');
const common = { ...COMMON, '403': problem('Not allowed.'), '404': problem('No such task, or it is not yours.') };

export const accessRequestPaths: ZodOpenApiPathsObject = {
  '/access/v1/requests': {
    post: {
      summary: 'Ask people to turn a denial of AuthZEN (Access Request and Approval Profile)',
      description: ABOUT,
      requestParams: { header: z.object({ 'Idempotency-Key': z.string().max(255).optional() }) },
      ...body(accessRequestSchema),
      responses: {
        '201': { description: 'Decided already.', ...json(accessTaskSchema) },
        '202': { description: 'People are asked.', ...json(accessTaskSchema) },
        ...common,
        '409': problem('The idempotency key was used for another request.'),
        '410': problem('The time to ask for this denial has passed.'),
      },
    },
  },
  '/access/v1/requests/{id}': {
    get: {
      summary: 'How an access request stands',
      description: `${ABOUT} Of an approved one, \`result.approval\` goes into the context of the same question, once.`,
      requestParams: task,
      responses: { ...ok(accessTaskSchema, 'The task.'), ...common },
    },
  },
  '/access/v1/requests/{id}/cancel': {
    post: {
      summary: 'Withdraw an access request that nobody has decided',
      description: ABOUT,
      requestParams: task,
      ...body(cancelInputSchema, { required: false }),
      responses: { ...ok(accessTaskSchema, 'The task, cancelled.'), ...common, '409': problem('It is decided.') },
    },
  },
};
