import { z } from 'zod';
import { jsonObject } from '../request.ts';

export const passkeySchema = z
  .strictObject({
    id: z.string().meta({ description: '`passkey:…`, also the `action` of its records.' }),
    person: z.string(),
    credential: z.string().meta({ description: 'Credential id, base64url.' }),
    record: z.string().meta({ description: 'Hash of the record that introduced it.' }),
    name: z.string().nullable(),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    revokedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Passkey' });
export type PasskeyView = z.infer<typeof passkeySchema>;

export const passkeyListSchema = z.strictObject({ passkeys: z.array(passkeySchema) });

/** WebAuthn level 3 says what stands in the options of a browser's `navigator.credentials`. */
const optionsSchema = z.looseObject({ challenge: z.string() });

export const passkeyOptionsSchema = optionsSchema.meta({ description: '`PublicKeyCredentialCreationOptionsJSON`.' });

export const decisionOptionsSchema = z.strictObject({
  statement: jsonObject.meta({ description: 'What is decided (docs/formats.md): the challenge is its hash.' }),
  options: optionsSchema.meta({ description: '`PublicKeyCredentialRequestOptionsJSON`.' }),
});
