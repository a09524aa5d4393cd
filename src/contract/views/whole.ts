import { z } from 'zod';
import { jsonObject } from '../request.ts';
import { EFFECT_KINDS } from '../verdict.ts';
import { DECISIONS } from '../action.ts';
import { WHOLE_KIND } from '../shown.ts';

/** Everything that a decision about an action rests on, uncut, for its approvers. Its hash names what they saw. */
export const wholeModelSchema = z
  .strictObject({
    kind: z.literal(WHOLE_KIND),
    tenant: z.string(),
    action: z.string(),
    surface: z.string(),
    requestHash: z.string().nullable(),
    request: jsonObject.meta({ description: 'As it was asked, with its content.' }),
    changes: jsonObject.meta({ description: 'What policy and approvers changed since, by dotted path.' }),
    effect: z.enum(EFFECT_KINDS).nullable(),
    why: z.strictObject({ policy: z.string().nullable(), rule: z.string().nullable(), reasons: z.array(z.string()) }),
    execution: jsonObject.nullable().meta({ description: 'What was counted when the engine tried it.' }),
    noted: z
      .array(z.strictObject({ label: z.string(), value: z.string() }))
      .optional()
      .meta({ description: 'What is known beside the request: where its values came from.' }),
    decisions: z
      .array(
        z.strictObject({
          by: z.string(),
          stage: z.string(),
          decision: z.enum(DECISIONS),
          reason: z.string().nullable(),
          at: z.iso.datetime(),
          changes: jsonObject.nullable(),
        }),
      )
      .meta({ description: 'What others said before, oldest first.' }),
    responsibility: z.string(),
  })
  .meta({ id: 'WholeAction' });
export type WholeModel = z.infer<typeof wholeModelSchema>;

/** The whole, and the record that says that it was opened. */
export const wholeSchema = z
  .strictObject({
    whole: wholeModelSchema,
    shown: z.strictObject({
      hash: z.string().meta({ description: 'Of the canonical JSON of `whole`.' }),
      renderer: z.string(),
      opening: z.string().meta({ description: 'Hash of the record that seals that it was opened.' }),
    }),
  })
  .meta({ id: 'Whole' });
export type Whole = z.infer<typeof wholeSchema>;
