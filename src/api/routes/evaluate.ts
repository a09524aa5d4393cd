import { Router } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actionRequestSchema, checkShape } from '../../contract/index.ts';
import { evaluationSchema } from '../../contract/views/index.ts';
import type { Authentication, Policies } from '../../gateway/types.ts';
import { callerOf } from '../input.ts';
import { body, COMMON, ok, problem } from '../openapi-parts.ts';

/** What policy would say. */
export function evaluateRoutes(gateway: Authentication & Pick<Policies, 'evaluate'>): Router {
  const router = Router();
  router.post('/v1/evaluate', async (request, response) => {
    const caller = await callerOf(gateway, request);
    checkShape(request.body);
    const { verdict, observed, plan, trace } = await gateway.evaluate(caller, request.body);
    response.json({ verdict, observed, plan, trace });
  });
  return router;
}

export const evaluatePaths: ZodOpenApiPathsObject = {
  '/v1/evaluate': {
    post: {
      summary: 'What would policy say? Starts and seals nothing',
      ...body(actionRequestSchema),
      responses: {
        ...ok(evaluationSchema, 'Verdict and trace.'),
        ...COMMON,
        '403': problem('The credential does not reach the surface.'),
      },
    },
  },
};
