import { z } from 'zod';

/** Where something can be tried. */
export const ATTEMPT_DOORS = ['api', 'slack', 'teams', 'console', 'cli', 'temporal', 'workflow', 'scim'] as const;

export const attemptSchema = z
  .strictObject({
    action: z.string().nullable().meta({ description: 'Null where it was about no action.' }),
    by: z.string(),
    door: z
      .string()
      .meta({ description: `One of ${ATTEMPT_DOORS.map((door) => `\`${door}\``).join(', ')}: where it was tried.` }),
    code: z.string().meta({ description: 'Error code of the refusal.' }),
    at: z.iso.datetime(),
  })
  .meta({ id: 'Attempt' });

export const attemptPageSchema = z.strictObject({
  from: z.iso.datetime().optional().meta({ description: 'What `from` meant, where it was given.' }),
  to: z.iso.datetime().optional().meta({ description: 'What `to` meant, where it was given.' }),
  attempts: z.array(attemptSchema),
  next_cursor: z.string().nullable(),
  unauthenticated: z
    .array(z.strictObject({ address: z.string(), times: z.int(), lastAt: z.iso.datetime() }))
    .meta({ description: 'How often an address presented no good credential, most often first, by whole hours.' }),
});
/** Attempts that were refused, and how often addresses presented no good credential. */
export type AttemptPage = z.infer<typeof attemptPageSchema>;
