import { z } from 'zod';
import { recordSchema } from './record-schema.ts';

/** A record with its hash and its place in the log. */
export const recordItemSchema = z
  .strictObject({ hash: z.string(), index: z.int(), record: recordSchema })
  .meta({ id: 'RecordItem' });
export type RecordItem = z.infer<typeof recordItemSchema>;
