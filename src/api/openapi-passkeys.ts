/** Passkeys in the OpenAPI document. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { COMMON, json, ok, problem } from './openapi-parts.ts';
import { decisionOptionsInputSchema, passkeyInputSchema, revokePasskeyInputSchema } from './routes/passkeys.ts';

const passkeySchema = z
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

const optionsSchema = z.looseObject({ challenge: z.string() });

export const passkeyPaths: ZodOpenApiPathsObject = {
  '/v1/actions/{id}/decision-options': {
    post: {
      summary: 'What your passkey has to sign for a decision to count: its challenge is the hash of `statement`',
      requestParams: {
        path: z.object({ id: z.string() }),
        header: z.object({ 'Countersign-Door': z.enum(['api', 'cli', 'console']).optional() }),
      },
      requestBody: { required: true, ...json(decisionOptionsInputSchema) },
      responses: {
        ...ok(
          z.strictObject({
            statement: z.looseObject({ kind: z.string() }),
            options: optionsSchema.meta({ description: '`PublicKeyCredentialRequestOptionsJSON`.' }),
          }),
          'For `navigator.credentials.get`.',
        ),
        ...COMMON,
        '403': problem('Not an approver, or your own request.'),
        '404': problem('No such action, or you have no passkey.'),
        '409': problem('No longer open.'),
      },
    },
  },
  '/v1/passkeys/options': {
    post: {
      summary: 'What your authenticator needs to make a passkey; good for five minutes, once',
      responses: {
        ...ok(
          optionsSchema.meta({ description: '`PublicKeyCredentialCreationOptionsJSON`.' }),
          'For `navigator.credentials.create`.',
        ),
        ...COMMON,
        '403': problem('Not a person.'),
        '409': problem('You have too many.'),
      },
    },
  },
  '/v1/passkeys': {
    post: {
      summary: 'Bring in a passkey: it counts once the record that says so is sealed',
      requestBody: { required: true, ...json(passkeyInputSchema) },
      responses: {
        '201': { description: 'It counts.', ...json(passkeySchema) },
        ...COMMON,
        '403': problem('It does not hold, or you are not a person.'),
        '409': problem('It was brought in before.'),
      },
    },
    get: {
      summary: 'Your passkeys; for auditors and owners those of everybody',
      responses: { ...ok(z.strictObject({ passkeys: z.array(passkeySchema) }), 'Passkeys.'), ...COMMON },
    },
  },
  '/v1/passkeys/{id}': {
    delete: {
      summary: 'Revoke a passkey of yours; an owner may revoke anybody’s',
      requestParams: { path: z.object({ id: z.string() }) },
      requestBody: { required: false, ...json(revokePasskeyInputSchema) },
      responses: { '204': { description: 'Revoked, and sealed.' }, ...COMMON, '404': problem('None in use.') },
    },
  },
};
