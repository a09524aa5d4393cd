import { z } from 'zod';

/** What is taken of one limit of the policies in force, for one value of its key. */
export const limitInUseSchema = z
  .strictObject({
    policy: z.string(),
    name: z.string(),
    key: z
      .array(z.strictObject({ path: z.string(), value: z.string() }))
      .meta({ description: 'Whose limit it is: the fields it is counted by. What is not disclosed is a commitment.' }),
    sum: z.string().nullable().meta({ description: 'The field that is added up; null where actions are counted.' }),
    used: z.string().meta({ description: 'An exact decimal.' }),
    max: z.string(),
    windowSeconds: z.number(),
    actions: z.int().nonnegative(),
    since: z.iso.datetime().meta({ description: 'When the oldest of what is taken was taken.' }),
    freeAt: z.iso.datetime().meta({ description: 'When that is free again.' }),
    newest: z.string().meta({ description: 'The newest action that took a share.' }),
  })
  .meta({ id: 'LimitInUse' });
export type LimitInUseView = z.infer<typeof limitInUseSchema>;

export const limitListSchema = z.strictObject({
  at: z.iso.datetime(),
  limits: z.array(limitInUseSchema).meta({ description: 'By policy and name, the fullest first; 50 of each.' }),
  unused: z
    .array(z.strictObject({ policy: z.string(), name: z.string(), max: z.string(), windowSeconds: z.number() }))
    .meta({ description: 'Limits of which nothing is taken.' }),
});
export type LimitList = z.infer<typeof limitListSchema>;
