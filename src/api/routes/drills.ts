import { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { drillInputSchema, drillReportSchema, plantedDrillSchema } from '../../contract/views/index.ts';
import type { Authentication, DrillDoor } from '../../gateway/types.ts';
import { callerOf, parseBody } from '../input.ts';
import { body, COMMON, json, ok, problem } from '../openapi-parts.ts';

/** Planted requests that are never released. */
export function drillRoutes(gateway: Authentication & DrillDoor): Router {
  const router = Router();
  router.post('/v1/drills', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const planted = await gateway.plantDrill(caller, parseBody(drillInputSchema, request.body));
    response.status(201).json(planted);
  });
  router.get('/v1/drills', async (request, response) => {
    response.json(await gateway.drillReport(await callerOf(gateway, request)));
  });
  return router;
}

export const drillPaths: ZodOpenApiPathsObject = {
  '/v1/drills': {
    post: {
      summary: 'Plant a request that is never released, to see whether its approvers look',
      ...body(drillInputSchema),
      responses: {
        '201': { description: 'Planted, and asked like any other.', ...json(plantedDrillSchema) },
        ...COMMON,
        '403': problem('Not an owner.'),
        '409': problem('Policy would ask nobody about it.'),
        '503': problem('No policy is in force, or a dependency is down.'),
      },
    },
    get: {
      summary: 'What became of the drills: who saw them, who did not, by approver and surface',
      responses: { ...ok(drillReportSchema, 'The report.'), ...COMMON, '403': problem('Not an auditor or owner.') },
    },
  },
};
