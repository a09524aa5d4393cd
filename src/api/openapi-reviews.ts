/** The OpenAPI description of what looks back at emergencies. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { COMMON, ok, problem } from './openapi-parts.ts';

const text = z.string().nullable();

const reviewSchema = z
  .looseObject({
    action: z.string(),
    status: z.enum(['open', 'overdue', 'done']),
    at: z.iso.datetime().meta({ description: 'When it was released.' }),
    dueAt: z.iso.datetime(),
    by: text.meta({ description: 'On whose word it was released.' }),
    reason: text.meta({ description: 'The reason they gave.' }),
    reviewers: z.array(z.string()),
    result: z.strictObject({ by: z.string(), right: z.boolean(), reason: z.string(), at: z.iso.datetime() }).nullable(),
  })
  .meta({ id: 'ReviewTask' });

const reportSchema = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    cut: z.boolean().meta({ description: 'There were more than are listed; ask for a shorter time.' }),
    total: z.int(),
    open: z.int(),
    overdue: z.int(),
    right: z.int(),
    wrong: z.int(),
    people: z.array(z.strictObject({ by: z.string(), times: z.int() })),
    items: z.array(
      reviewSchema.extend({
        surface: z.string(),
        verb: z.string(),
        policy: text,
        rule: text,
        what: z.string(),
        late: z.boolean().meta({ description: 'The finding came after it was due, or none has come by now.' }),
      }),
    ),
  })
  .meta({ id: 'BreakGlassReport' });

const time = z.string().optional().meta({ description: 'A day such as 2026-11-01, or RFC 3339.' });

export const reviewPaths: ZodOpenApiPathsObject = {
  '/v1/reviews': {
    get: {
      summary: 'Reviews of break-glass releases, the first due first',
      requestParams: { query: z.object({ status: z.enum(['open', 'overdue', 'done']).optional() }) },
      responses: { ...ok(z.strictObject({ reviews: z.array(reviewSchema) }), 'Reviews.'), ...COMMON },
    },
  },
  '/v1/reports/break-glass': {
    get: {
      summary: 'Every emergency of a time: who, when, what, why, and what its review found',
      requestParams: { query: z.object({ from: time, to: time }) },
      responses: {
        ...ok(reportSchema, 'The report; without `from`, of the 90 days before `to`.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
