/** Refused attempts: decisions, redemptions, and credentials. */
import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError, ERROR_CODES } from '../../contract/index.ts';
import { ATTEMPT_DOORS, attemptPageSchema } from '../../contract/views/index.ts';
import type { Attempts, Authentication } from '../../gateway/types.ts';
import { callerOf, limitOf, queryText } from '../input.ts';
import { COMMON, ok, problem } from '../openapi-parts.ts';
import { timeFilterShape } from './records.ts';

const filterShape = {
  action: z.string().optional(),
  by: z.string().optional(),
  door: z.enum(ATTEMPT_DOORS).optional(),
  code: z.enum(Object.keys(ERROR_CODES)).optional(),
  ...timeFilterShape,
};

const queryShape = {
  ...filterShape,
  cursor: z.string().optional(),
  limit: z.int().min(1).max(500).optional(),
};

export function attemptRoutes(gateway: Authentication & Attempts): Router {
  const router = Router();
  router.get('/v1/attempts', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const unknown = Object.keys(request.query).find((name) => !(name in queryShape));
    if (unknown !== undefined) {
      throw new CountersignError('invalid-request', `attempts are not looked for by \`${unknown}\`; leave it out`, {
        errors: [{ pointer: `/${unknown}`, detail: 'is no filter of attempts' }],
      });
    }
    const filter = Object.fromEntries(Object.keys(filterShape).map((name) => [name, queryText(request, name)]));
    const [limit, cursor] = [limitOf(request), queryText(request, 'cursor')];
    response.json(await gateway.attempts(caller, filter, cursor, limit));
  });
  return router;
}

export const attemptPaths: ZodOpenApiPathsObject = {
  '/v1/attempts': {
    get: {
      summary: 'Attempts that were refused: decisions, redemptions, and addresses without a good credential',
      description: 'For owners and auditors, newest first.',
      requestParams: { query: z.object(queryShape) },
      responses: {
        ...ok(attemptPageSchema, 'One page.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
