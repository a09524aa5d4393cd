import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { rowDifferencesSchema } from '../../contract/views/index.ts';
import type { Authentication, RowChecks } from '../../gateway/types.ts';
import { queryText } from '../input.ts';
import { COMMON, ok, problem } from '../openapi-parts.ts';

/** The database beside the log: changes that bypassed the log. */
export function rowDifferenceRoutes(gateway: Authentication & RowChecks): Router {
  const router = Router();
  router.get('/v1/row-differences', async (request, response) => {
    const caller = await gateway.authenticateReader(request.get('authorization'));
    response.json(await gateway.rowDifferences(caller, queryText(request, 'cursor')));
  });
  return router;
}

export const rowDifferencePaths: ZodOpenApiPathsObject = {
  '/v1/row-differences': {
    get: {
      summary:
        'Rows of the database that are not what the sealed records say: they grant nothing, and somebody changed them',
      requestParams: { query: z.object({ cursor: z.string().optional() }) },
      responses: {
        ...ok(rowDifferencesSchema, 'Differences.'),
        ...COMMON,
        '403': problem('Not an auditor, owner or reader.'),
      },
    },
  },
};
