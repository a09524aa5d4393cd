import { z } from 'zod';
import { actionRequestSchema, jsonSchema } from '../request.ts';

/** What a redeemed permit lets its executor do, now and once. */
export const redeemedSchema = z
  .strictObject({
    act: z.string(),
    surface: z.string(),
    request: actionRequestSchema.meta({ description: 'The request as it was released: execute exactly this.' }),
    requestHash: z.string(),
    changes: jsonSchema,
    version: z.string().nullable(),
    redeemedAt: z.iso.datetime(),
  })
  .meta({ id: 'Redeemed' });
export type Redeemed = z.infer<typeof redeemedSchema>;
