import { z } from 'zod';

export const FREEZE_SCOPES = ['tenant', 'surface', 'actor'] as const;

export const freezeSchema = z
  .strictObject({
    id: z.string(),
    scope: z.enum(FREEZE_SCOPES),
    value: z.string().nullable(),
    reason: z.string(),
    by: z.string(),
    at: z.iso.datetime(),
    stops: z.strictObject({ surfaces: z.int(), actors: z.int(), actions: z.int() }).optional().meta({
      description: 'When it is made: how many surfaces of policies, known actors and waiting actions it stops.',
    }),
  })
  .meta({ id: 'FreezeInForce' });
export type FreezeView = z.infer<typeof freezeSchema>;

export const freezeListSchema = z.strictObject({ freezes: z.array(freezeSchema) });
