import { z } from 'zod';

/** Rows of the database that are not what the sealed records say. Somebody changed them. They grant nothing. */
export const rowDifferencesSchema = z
  .strictObject({
    at: z.iso.datetime(),
    differences: z.array(
      z.strictObject({
        table: z.enum([
          ...['freeze', 'delegation', 'api_key', 'passkey', 'bundle_activation', 'bundle', 'public_key'],
          ...['action', 'permit', 'review', 'limit_decision', 'limit_reservation', 'limit_total', 'log_entry'],
        ] as const),
        id: z.string(),
        change: z.enum(['inserted', 'altered', 'removed']),
        message: z.string().meta({ description: 'What the row would have made possible, had anybody believed it.' }),
      }),
    ),
    next_cursor: z.string().nullable().meta({ description: 'Where the next page begins; null at the end.' }),
  })
  .meta({ id: 'RowDifferences' });
export type RowDifferences = z.infer<typeof rowDifferencesSchema>;
