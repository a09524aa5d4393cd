import { z } from 'zod';

/** The state of a tenant's log, as far as the answering process has read it. */
export const logStateSchema = z.strictObject({
  verifies: z.boolean().nullable().meta({
    description: 'False where anything is wrong; null until the log was read to its end for the first time.',
  }),
  checked: z
    .strictObject({ size: z.int(), at: z.iso.datetime() })
    .nullable()
    .meta({ description: 'The last reading from the first entry to the last.' }),
  reading: z
    .strictObject({ at: z.int(), size: z.int() })
    .nullable()
    .meta({ description: 'How far the present reading has come.' }),
  faults: z.array(
    z.strictObject({
      code: z.string().meta({ description: 'As `countersign audit` names it, such as `entry-altered`.' }),
      message: z.string(),
      index: z.int().nullable().meta({ description: 'The entry, where it is one.' }),
    }),
  ),
});
export type LogStateView = z.infer<typeof logStateSchema>;
