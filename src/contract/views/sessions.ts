import { z } from 'zod';

const instant = z.iso.datetime();

/** A person's session: never its token. */
export const sessionSchema = z
  .strictObject({
    id: z.string(),
    person: z.string(),
    by: z
      .string()
      .meta({ description: 'The identity provider, by its name in the settings; `link` for a link of the stack.' }),
    provedAt: instant.meta({
      description: 'When the person proved who they are; 1970 where the provider does not say.',
    }),
    createdAt: instant,
    expiresAt: instant,
    current: z.boolean().meta({ description: 'Whether it is the session that asks.' }),
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof sessionSchema>;

export const sessionListSchema = z.strictObject({ sessions: z.array(sessionSchema) });

export const newSessionSchema = sessionSchema
  .omit({ current: true })
  .extend({ token: z.string().meta({ description: 'The secret; it is shown this once.' }) })
  .meta({ id: 'NewSession' });
export type NewSession = z.infer<typeof newSessionSchema>;

/** Who asks, as the directory and the credential say now. */
export const meSchema = z
  .strictObject({
    kind: z.enum(['key', 'person']),
    id: z.string(),
    tenant: z.string(),
    name: z.string().nullable(),
    roles: z.array(z.string()),
    groups: z.array(z.string()),
    session: sessionSchema.nullable(),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof meSchema>;

/** Where a person without a browser on this machine signs in. */
export const deviceSchema = z
  .strictObject({
    device: z.string().meta({ description: 'To be sent to `POST /v1/sessions` until somebody signed in.' }),
    userCode: z.string(),
    verificationUri: z.string(),
    interval: z.int().meta({ description: 'Seconds to wait between two tries.' }),
    expiresIn: z.int().meta({ description: 'Seconds.' }),
  })
  .meta({ id: 'DeviceSignIn' });
export type DeviceView = z.infer<typeof deviceSchema>;

export const signInWaitsSchema = z.strictObject({ waiting: z.literal(true) }).meta({ id: 'SignInWaits' });
