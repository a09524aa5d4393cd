import { z } from 'zod';

const name = z.string().trim().min(1).max(80);
const columns = z
  .array(z.string().max(40))
  .max(40)
  .meta({ description: 'Columns that are shown, by the names of the console; empty for the usual ones.' });

/** A query of the console that somebody saved under a name. */
export const savedViewSchema = z.strictObject({
  id: z.string().meta({ description: '`view_…`: whoever has the link opens it.' }),
  name,
  query: z.string().meta({ description: 'Parameters of the console’s page of decisions, as in its address.' }),
  columns,
  by: z.string(),
  at: z.iso.datetime(),
});
export type SavedViewItem = z.infer<typeof savedViewSchema>;

export const savedViewInputSchema = z.strictObject({
  name,
  query: z
    .string()
    .max(2000)
    .regex(/^[^\u0000-\u0020#]*$/, 'is the query of an address, without its question mark'),
  columns: columns.optional(),
});
export type SavedViewInput = z.infer<typeof savedViewInputSchema>;

export const savedViewListSchema = z.strictObject({ views: z.array(savedViewSchema) });
