import { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { limitListSchema, surfaceListSchema } from '../../contract/views/index.ts';
import type { Authentication, Coverage } from '../../gateway/types.ts';
import { callerOf } from '../input.ts';
import { COMMON, ok, problem } from '../openapi-parts.ts';

export function surfaceRoutes(gateway: Authentication & Coverage): Router {
  const router = Router();
  router.get('/v1/surfaces', async (request, response) => {
    response.json(await gateway.surfaces(await callerOf(gateway, request)));
  });
  router.get('/v1/limits', async (request, response) => {
    response.json(await gateway.limits(await callerOf(gateway, request)));
  });
  return router;
}

export const surfacePaths: ZodOpenApiPathsObject = {
  '/v1/surfaces': {
    get: {
      summary: 'What is governed, by which policy, and what was asked for, executed and never reported in 30 days',
      description: 'For owners and auditors, by name.',
      responses: {
        ...ok(surfaceListSchema, 'All surfaces that a policy names or that were asked for.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
  '/v1/limits': {
    get: {
      summary: 'What is taken of each limit of the policies in force: by whom, of how much, and when it is free again',
      description:
        'For owners and auditors. What verdicts count, from the same rows; standing approvals are at `GET /v1/grants`.',
      responses: {
        ...ok(limitListSchema, 'Limits in use, and those of which nothing is taken.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
