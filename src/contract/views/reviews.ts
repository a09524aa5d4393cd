import { z } from 'zod';

const text = z.string().nullable();

export const REVIEW_STATUSES = ['open', 'overdue', 'done'] as const;

export type ReviewStatus = (typeof REVIEW_STATUSES)[number];

export const findingSchema = z.strictObject({
  by: z.string(),
  right: z.boolean(),
  reason: z.string(),
  at: z.iso.datetime(),
});

/** The look back at one break-glass release. */
export const reviewSchema = z
  .strictObject({
    action: z.string(),
    status: z.enum(REVIEW_STATUSES),
    at: z.iso.datetime().meta({ description: 'When it was released.' }),
    dueAt: z.iso.datetime(),
    surface: z.string(),
    actor: z.string(),
    by: text.meta({ description: 'On whose word it was released.' }),
    reason: text.meta({ description: 'The reason they gave.' }),
    reviewers: z.array(z.string()),
    result: findingSchema.nullable(),
  })
  .meta({ id: 'ReviewTask' });
export type ReviewView = z.infer<typeof reviewSchema>;

export const reviewListSchema = z.strictObject({ reviews: z.array(reviewSchema) });

/** One broken glass: who, when, what, why, and what the review found. */
export const brokenGlassSchema = reviewSchema
  .extend({
    verb: z.string(),
    policy: text,
    rule: text,
    what: z.string().meta({ description: 'What and how much, as far as policy discloses it.' }),
    late: z.boolean().meta({ description: 'The finding came after it was due, or none has come by now.' }),
  })
  .meta({ id: 'BrokenGlass' });
export type BrokenGlassItem = z.infer<typeof brokenGlassSchema>;

export const breakGlassReportSchema = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    cut: z.boolean().meta({ description: 'There were more than are listed; ask for a shorter time.' }),
    total: z.int(),
    open: z.int(),
    overdue: z.int(),
    right: z.int(),
    wrong: z.int(),
    people: z
      .array(z.strictObject({ by: z.string(), times: z.int() }))
      .meta({ description: 'Who broke it how often, the most first.' }),
    items: z.array(brokenGlassSchema),
  })
  .meta({ id: 'BreakGlassReport' });
export type BreakGlassReport = z.infer<typeof breakGlassReportSchema>;
