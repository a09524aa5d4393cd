import { z } from 'zod';
import { actorIdSchema, BASES, VERDICT_DECISIONS, jsonObject, timeSchema } from '../contract/index.ts';

const STATEMENTS = ['select', 'insert', 'update', 'delete', 'merge'] as const;
const decision = z.enum(VERDICT_DECISIONS);

const circumstances = {
  request: jsonObject
    .optional()
    .meta({ description: 'An action request, or the part of one that differs from `given`.' }),
  now: timeSchema.optional().meta({ description: 'When it is judged; default a Wednesday noon, UTC.' }),
  used: z
    .record(z.string(), z.union([z.number().nonnegative(), z.string().regex(/^(0|[1-9][0-9]*)(\.[0-9]+)?$/)]))
    .optional()
    .meta({ description: 'What limits hold already, by `limit` or `policy/limit`; default 0.' }),
  people: z
    .record(z.string(), z.array(z.string()))
    .optional()
    .meta({ description: 'People that references resolve to, instead of the directory’s.' }),
  owner: actorIdSchema
    .optional()
    .meta({ description: 'Who answers for the actor, an agent or a service; default nobody.' }),
  execution: z
    .strictObject({
      statement: z.enum(STATEMENTS),
      writes: z.array(z.enum(STATEMENTS)).optional(),
      inserted: z.int().nonnegative().optional(),
      updated: z.int().nonnegative().optional(),
      deleted: z.int().nonnegative().optional(),
      tables: z
        .array(
          z.strictObject({
            table: z.string(),
            inserted: z.int().nonnegative(),
            updated: z.int().nonnegative(),
            deleted: z.int().nonnegative(),
          }),
        )
        .optional(),
    })
    .optional()
    .meta({ description: 'What the connector of the request has counted; default nothing.' }),
  conflict: z.string().optional().meta({ description: 'Why the identity of the actor is in conflict.' }),
};

const wantSchema = z.strictObject({
  decision,
  basis: z.enum(BASES).optional(),
  policy: z.string().optional(),
  rule: z.string().nullable().optional(),
  mode: z.enum(['enforce', 'observe']).optional(),
  observed: decision.nullable().optional().meta({ description: 'What an observing policy would have said.' }),
  approvers: z.array(z.array(z.string())).optional().meta({ description: 'The people of each stage, in any order.' }),
  changes: jsonObject.nullable().optional(),
  review: z.array(z.string()).optional().meta({ description: 'Who reviews a broken glass, in any order.' }),
  notify: z.array(z.string()).optional(),
  reason: z.string().optional().meta({ description: 'A part of one of the reasons.' }),
});

/** Tables of cases beside a policy: `payments.refund.test.yaml`. */
export const casesSchema = z
  .strictObject({
    given: z.strictObject(circumstances).optional().meta({ description: 'What all cases of this file share.' }),
    cases: z
      .array(z.strictObject({ name: z.string().min(1).max(200), ...circumstances, want: wantSchema }))
      .min(1)
      .max(1000),
  })
  .meta({ title: 'Countersign policy cases' });

export type CasesFile = z.infer<typeof casesSchema>;
export type CaseWant = z.infer<typeof wantSchema>;
