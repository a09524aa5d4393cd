import { z } from 'zod';

export const apiKeySchema = z
  .strictObject({
    id: z.string(),
    surfaces: z.array(z.string()).meta({ description: 'Globs.' }),
    actors: z.array(z.string()).meta({ description: 'Exact actor ids.' }),
    roles: z.array(z.string()).meta({ description: 'Roles that it vouches for its actors to have.' }),
    groups: z.array(z.string()).meta({ description: 'Groups that it vouches for its actors to be in.' }),
    provenance: z.literal(true).optional().meta({
      description:
        'It may say where values of its requests came from (`context.provenance`); left out where it may not.',
    }),
    createdAt: z.iso.datetime(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKeySchema>;

export const newApiKeySchema = apiKeySchema
  .extend({ key: z.string().meta({ description: 'The secret; it is shown this once.' }) })
  .meta({ id: 'NewApiKey' });
export type NewApiKey = z.infer<typeof newApiKeySchema>;

export const apiKeyListSchema = z.strictObject({ keys: z.array(apiKeySchema) });
