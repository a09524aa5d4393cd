import { z } from 'zod';

const instant = z.iso.datetime();

/** A token that reads the log, as its owner sees it: never its secret. */
export const readTokenSchema = z
  .strictObject({
    id: z.string(),
    for: z.string().meta({ description: 'Whom it was made for.' }),
    surfaces: z.array(z.string()).optional().meta({
      description: 'Globs of the surfaces whose records and receipts it reads. Left out where it reads the whole log.',
    }),
    createdAt: instant,
    expiresAt: instant,
    revokedAt: instant.nullable(),
  })
  .meta({ id: 'ReadToken' });
export type ReadTokenView = z.infer<typeof readTokenSchema>;

export const newReadTokenSchema = readTokenSchema
  .extend({ token: z.string().meta({ description: 'The secret; it is shown this once.' }) })
  .meta({ id: 'NewReadToken' });
export type NewReadToken = z.infer<typeof newReadTokenSchema>;

export const readTokenListSchema = z.strictObject({ tokens: z.array(readTokenSchema) });
