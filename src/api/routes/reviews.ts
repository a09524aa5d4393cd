import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { reasonSchema } from '../../contract/index.ts';
import {
  overridesReportSchema,
  breakGlassReportSchema,
  REVIEW_STATUSES,
  reviewListSchema,
} from '../../contract/views/index.ts';
import type { Authentication, Reviews } from '../../gateway/types.ts';
import { callerOf, doorOf, parseBody, pathText, queryText } from '../input.ts';
import { answerWithAction } from '../receipt-header.ts';
import { COMMON, ok, onAction, problem } from '../openapi-parts.ts';

const reviewInputSchema = z
  .strictObject({
    right: z.boolean().meta({ description: 'Whether the emergency justified it.' }),
    reason: reasonSchema,
  })
  .meta({ id: 'Review' });

/** Looking back at emergencies. */
export function reviewRoutes(gateway: Authentication & Reviews): Router {
  const router = Router();
  router.get('/v1/reviews', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json({ reviews: await gateway.reviews(caller, queryText(request, 'status')) });
  });
  router.post('/v1/actions/:id/review', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(reviewInputSchema, request.body);
    answerWithAction(response, await gateway.review(caller, pathText(request, 'id'), input, doorOf(request, caller)));
  });
  router.get('/v1/reports/break-glass', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.breakGlassReport(caller, queryText(request, 'from'), queryText(request, 'to')));
  });
  router.get('/v1/reports/overrides', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.overridesReport(caller, queryText(request, 'from'), queryText(request, 'to')));
  });
  return router;
}

const time = z.string().optional().meta({ description: 'A day such as 2026-11-01, or RFC 3339.' });

export const reviewPaths: ZodOpenApiPathsObject = {
  '/v1/reviews': {
    get: {
      summary: 'Reviews of break-glass releases, the first due first',
      requestParams: { query: z.object({ status: z.enum(REVIEW_STATUSES).optional() }) },
      responses: {
        ...ok(reviewListSchema, 'Reviews.'),
        ...COMMON,
        '403': problem('A key that is not for all of the tenant.'),
      },
    },
  },
  '/v1/actions/{id}/review': {
    post: onAction('Look back at a break-glass release, as one of its reviewers', reviewInputSchema),
  },
  '/v1/reports/overrides': {
    get: {
      summary:
        'What people let through: who asked, who approved, when, how long it took, amounts, basis, outcome, receipt',
      requestParams: { query: z.object({ from: time, to: time }) },
      responses: {
        ...ok(overridesReportSchema, 'The report, newest first, with totals by approver, surface and currency.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
  '/v1/reports/break-glass': {
    get: {
      summary: 'Every emergency of a time: who, when, what, why, and what its review found',
      requestParams: { query: z.object({ from: time, to: time }) },
      responses: {
        ...ok(breakGlassReportSchema, 'The report; without `from`, of the 90 days before `to`.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
