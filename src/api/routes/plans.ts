import { Router, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  PLAN_BODY_BYTES,
  planDecisionSchema,
  planRequestSchema,
  planStepsSchema,
  RESPONSIBILITY,
} from '../../contract/index.ts';
import { planDecidedSchema, planSchema, type PlanView } from '../../contract/views/index.ts';
import type { Plans } from '../../gateway/plans/types.ts';
import type { Authentication } from '../../gateway/types.ts';
import { jsonBody } from '../body.ts';
import { callerOf, doorOf, idempotencyKeyOf, parseBody, pathText, waitOf } from '../input.ts';
import { body, byId, COMMON, json, ok, problem, wait } from '../openapi-parts.ts';

const cancelSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(2000).optional() })
  .meta({ id: 'PlanWithdrawal' });

/** A plan that people still decide is accepted, any other is answered. */
function sendPlan(response: Response, plan: PlanView): void {
  const waits = plan.status === 'supervised' || plan.status === 'evaluating';
  response
    .status(waits ? 202 : 200)
    .setHeader('Location', `/v1/plans/${plan.id}`)
    .json(plan);
}

/** Several steps that are reviewed together. A plan may be longer than a single request. */
export function planRoutes(gateway: Authentication & Plans): Router {
  const router = Router();
  router.use('/v1/plans', jsonBody({ limit: PLAN_BODY_BYTES }));

  router.post('/v1/plans', async (request, response) => {
    const idempotencyKey = await idempotencyKeyOf(gateway, request);
    const caller = await callerOf(gateway, request);
    sendPlan(response, await gateway.submitPlan(caller, request.body, idempotencyKey, waitOf(request)));
  });

  router.get('/v1/plans/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.plan(caller, pathText(request, 'id'), waitOf(request)));
  });

  router.post('/v1/plans/:id/steps', async (request, response) => {
    const caller = await callerOf(gateway, request);
    sendPlan(response, await gateway.addSteps(caller, pathText(request, 'id'), request.body, waitOf(request)));
  });

  router.post('/v1/plans/:id/decisions', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(planDecisionSchema, request.body);
    response.json(await gateway.decidePlan(caller, pathText(request, 'id'), input, doorOf(request, caller)));
  });

  router.post('/v1/plans/:id/cancel', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { reason } = parseBody(cancelSchema, request.body ?? {});
    response.json(await gateway.cancelPlan(caller, pathText(request, 'id'), reason));
  });

  return router;
}

const planId = byId('Plan id, `pln_…`.');
const errors = {
  ...COMMON,
  '403': problem('Not allowed.'),
  '404': problem('No such plan, or it is not yours to see.'),
  '409': problem('No longer open.'),
};

export const planPaths: ZodOpenApiPathsObject = {
  '/v1/plans': {
    post: {
      summary: 'Have up to 100 steps reviewed at once: a verdict for each, and for the whole',
      requestParams: {
        query: z.object({ wait }),
        header: z.object({ 'Idempotency-Key': z.string().min(1).max(255) }),
      },
      ...body(planRequestSchema),
      responses: {
        ...ok(planSchema, 'Reviewed; nobody is asked. A refused step says so in its verdict.'),
        '202': { description: 'Named humans must decide steps of it.', ...json(planSchema) },
        '403': problem('The credential does not reach the surface of a step; nothing was begun.'),
        '422': problem('The idempotency key was used for another plan.'),
        ...COMMON,
      },
    },
  },
  '/v1/plans/{id}': {
    get: {
      summary: 'Read a plan and its steps',
      requestParams: { ...planId, query: z.object({ wait }) },
      responses: { ...ok(planSchema, 'The plan.'), ...errors },
    },
  },
  '/v1/plans/{id}/steps': {
    post: {
      summary: 'Add the next steps to an open plan: each is reviewed when it comes',
      requestParams: { ...planId, query: z.object({ wait }) },
      ...body(planStepsSchema),
      responses: {
        ...ok(planSchema, 'Reviewed; nobody is asked. A refused step says so in its verdict.'),
        '202': { description: 'Named humans must decide steps of it.', ...json(planSchema) },
        ...errors,
        '409': problem('It takes no more, has fewer steps, or others were reviewed at this place.'),
      },
    },
  },
  '/v1/plans/{id}/decisions': {
    post: {
      summary: `Decide all, some or none of the steps that wait for you. ${RESPONSIBILITY}`,
      requestParams: planId,
      ...body(planDecisionSchema),
      responses: {
        ...ok(planDecidedSchema, 'What became of it, step by step, and the plan as it now stands.'),
        ...errors,
        '422': problem('It cannot be done in this way, such as refusing without a reason.'),
      },
    },
  },
  '/v1/plans/{id}/cancel': {
    post: {
      summary: 'Withdraw every step that nobody began',
      requestParams: planId,
      ...body(cancelSchema, { required: false }),
      responses: { ...ok(planSchema, 'The plan as it now stands.'), ...errors },
    },
  },
};
