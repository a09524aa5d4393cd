import { z } from 'zod';
import { actionSchema } from '../action.ts';
import { PLAN_FAILURES, PLAN_ORDERS } from '../plan.ts';
import { STATUSES } from '../status.ts';
import { BASES, EFFECT_KINDS, VERDICT_DECISIONS } from '../verdict.ts';

/** The status of a plan: a status of its actions, or `partial` where it ended with some of them executed. */
export const PLAN_STATUSES = [...STATUSES, 'partial'] as const;
export type PlanStatus = (typeof PLAN_STATUSES)[number];

const amount = z.string().meta({ description: 'Exact decimal.' });

/** What all steps of a plan take of one limit together. */
export const planLimitSchema = z.strictObject({
  limit: z.string().meta({ description: '`policy/limit`' }),
  sum: amount.meta({ description: 'What the steps of the plan take of it together.' }),
  left: amount.meta({ description: 'What was left of it after the last step that takes of it.' }),
  max: amount,
});

export const planStepViewSchema = actionSchema
  .extend({
    index: z.int().nonnegative(),
    surface: z.string(),
    action: z.string().meta({ description: 'The verb, such as `refund.create`.' }),
    effect: z.enum(EFFECT_KINDS).nullable(),
    asked: z.enum(VERDICT_DECISIONS).meta({ description: 'What policy said of the step when the plan was reviewed.' }),
  })
  .meta({ id: 'PlanStep' });
export type PlanStepView = z.infer<typeof planStepViewSchema>;

/** A plan as everyone outside sees it. */
export const planSchema = z
  .strictObject({
    id: z.string(),
    tenant: z.string(),
    status: z.enum(PLAN_STATUSES),
    title: z.string().nullable(),
    order: z.enum(PLAN_ORDERS),
    onFailure: z.enum(PLAN_FAILURES),
    open: z.boolean().meta({ description: 'More steps may follow.' }),
    whole: z
      .string()
      .nullable()
      .meta({ description: 'Hash over the whole plan, sealed in the verdict of every step.' }),
    verdict: z
      .strictObject({
        decision: z.enum(VERDICT_DECISIONS).meta({ description: 'The strictest of its steps.' }),
        basis: z.enum(BASES).meta({ description: 'Of the first step with that decision.' }),
        effect: z.enum(EFFECT_KINDS).nullable().meta({ description: 'The worst of its steps.' }),
        approve: z.int().nonnegative(),
        supervise: z.int().nonnegative(),
        refuse: z.int().nonnegative(),
        limits: z.array(planLimitSchema),
        reasons: z.array(z.string()),
      })
      .nullable()
      .meta({ description: 'Of the whole; null while not every step is judged.' }),
    steps: z.array(planStepViewSchema),
    of: z.int().positive().meta({ description: 'How many steps the plan has; `steps` has those that are judged.' }),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Plan' });
export type PlanView = z.infer<typeof planSchema>;

/** The result of one decision about a plan, step by step. */
export const planDecidedSchema = z
  .strictObject({
    plan: planSchema,
    decided: z.array(
      z.strictObject({
        index: z.int().nonnegative(),
        action: z.string(),
        decision: z.enum(['approve', 'refuse']),
        code: z.string().nullable().meta({ description: 'Why it does not count for this step; null where it counts.' }),
        detail: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'PlanDecided' });
export type PlanDecided = z.infer<typeof planDecidedSchema>;
