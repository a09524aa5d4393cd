import { z } from 'zod';

/** Bytes, base64url without padding, as `PublicKeyCredential.toJSON()` writes them. */
const bytes = (most: number): z.ZodString =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'is base64url')
    .max(Math.ceil((most * 4) / 3));

/**
 * A passkey's signature over a decision: `AuthenticationResponseJSON` of WebAuthn level 3. Members that a browser adds beside these are
 * dropped.
 */
export const passkeyAssertionSchema = z
  .object({
    id: bytes(1023).meta({ description: 'Credential id.' }),
    type: z.literal('public-key'),
    response: z.object({ clientDataJSON: bytes(4096), authenticatorData: bytes(2048), signature: bytes(512) }),
  })
  .meta({ id: 'PasskeyAssertion' });
export type PasskeyAssertion = z.infer<typeof passkeyAssertionSchema>;
