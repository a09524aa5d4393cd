import { z } from 'zod';

/** A standing approval that is in force. */
export const grantViewSchema = z
  .strictObject({
    id: z.string(),
    by: z.string().meta({ description: 'Directory id of who gave it.' }),
    action: z.string().meta({ description: 'The action that was approved when it was given.' }),
    policy: z.string(),
    rule: z.string(),
    surface: z.string(),
    verb: z.string(),
    actor: z.string(),
    givenAt: z.iso.datetime(),
    until: z.iso.datetime(),
    uses: z.int().positive(),
    used: z.int().nonnegative(),
    upTo: z
      .string()
      .nullable()
      .meta({ description: 'How much in all, an exact decimal; null where it is not bounded.' }),
    sum: z.string().meta({ description: 'How much of it was used.' }),
    currency: z.string().nullable(),
    record: z.string().meta({ description: 'Hash of the record that says that it was given.' }),
  })
  .meta({ id: 'Grant' });
export type GrantView = z.infer<typeof grantViewSchema>;

export const grantListSchema = z.strictObject({ grants: z.array(grantViewSchema) }).meta({ id: 'GrantList' });
