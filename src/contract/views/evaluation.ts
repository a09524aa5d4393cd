import { z } from 'zod';
import { VERDICT_DECISIONS, verdictSchema } from '../verdict.ts';

/** What policy says of a request, and what each of its rules said. */
export const evaluationSchema = z
  .strictObject({
    verdict: verdictSchema,
    observed: verdictSchema.nullable(),
    plan: z
      .looseObject({ stages: z.array(z.looseObject({ name: z.string(), approvers: z.array(z.string()) })) })
      .nullable(),
    trace: z.array(
      z.strictObject({
        policy: z.string(),
        rule: z.string().nullable(),
        when: z.string().nullable(),
        result: z.enum(['matched', 'not_matched', 'error', 'skipped']),
        detail: z.string().nullable(),
        decision: z.enum(VERDICT_DECISIONS).nullable(),
      }),
    ),
  })
  .meta({ id: 'Evaluation' });
export type EvaluationView = z.infer<typeof evaluationSchema>;
