import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { decisionInputSchema, reasonSchema } from '../../contract/index.ts';
import {
  decisionOptionsSchema,
  passkeyListSchema,
  passkeyOptionsSchema,
  passkeySchema,
} from '../../contract/views/index.ts';
import type { Actions, Approvals, Authentication, Passkeys } from '../../gateway/types.ts';
import { callerOf, doorOf, parseBody, pathText } from '../input.ts';
import { nameRecordOf } from '../receipt-header.ts';
import { actionId, body, byId, COMMON, json, ok, problem } from '../openapi-parts.ts';

const base64Url = (most: number): z.ZodString =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'is base64url')
    .max(most);

/** `RegistrationResponseJSON` of WebAuthn level 3, as `PublicKeyCredential.toJSON()` makes it. */
const passkeyInputSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional().meta({ description: 'What you call it.' }),
    response: z
      .object({
        id: base64Url(1364),
        rawId: base64Url(1364),
        type: z.literal('public-key'),
        response: z.object({
          clientDataJSON: base64Url(8192),
          attestationObject: base64Url(65_536),
          transports: z.array(z.string().max(32)).max(8).optional(),
        }),
        clientExtensionResults: z.looseObject({}).default({}),
      })
      .meta({ description: 'What the browser answered to the options.' }),
  })
  .meta({ id: 'PasskeyEnrolment' });

const decisionOptionsInputSchema = decisionInputSchema
  .omit({ passkey: true })
  .meta({ id: 'DecisionToSign', description: 'The decision exactly as it will be sent.' });

const revokePasskeyInputSchema = z.strictObject({ reason: reasonSchema }).meta({ id: 'PasskeyRevocation' });

/** People's passkeys, and what they sign with them. */
export function passkeyRoutes(
  gateway: Authentication & Actions & Passkeys & Pick<Approvals, 'decisionOptions'>,
): Router {
  const router = Router();
  router.post('/v1/actions/:id/decision-options', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(decisionOptionsInputSchema, request.body);
    const id = pathText(request, 'id');
    const options = await gateway.decisionOptions(caller, id, input, doorOf(request, caller, { signed: true }));
    await nameRecordOf(gateway, caller, { action: id }, response);
    response.json(options);
  });
  router.post('/v1/passkeys/options', async (request, response) => {
    response.json(await gateway.passkeyOptions(await callerOf(gateway, request)));
  });
  router.post('/v1/passkeys', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.status(201).json(await gateway.enrolPasskey(caller, parseBody(passkeyInputSchema, request.body)));
  });
  router.get('/v1/passkeys', async (request, response) => {
    response.json({ passkeys: await gateway.passkeys(await callerOf(gateway, request)) });
  });
  router.delete('/v1/passkeys/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { reason } = parseBody(revokePasskeyInputSchema, request.body ?? { reason: 'not used any more' });
    await gateway.revokePasskey(caller, pathText(request, 'id'), reason);
    response.status(204).end();
  });
  return router;
}

export const passkeyPaths: ZodOpenApiPathsObject = {
  '/v1/actions/{id}/decision-options': {
    post: {
      summary: 'What your passkey has to sign for a decision to count: its challenge is the hash of `statement`',
      requestParams: {
        ...actionId,
        header: z.object({ 'Countersign-Door': z.enum(['api', 'cli', 'console']).optional() }),
      },
      ...body(decisionOptionsInputSchema),
      responses: {
        ...ok(decisionOptionsSchema, 'For `navigator.credentials.get`.'),
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
        ...ok(passkeyOptionsSchema, 'For `navigator.credentials.create`.'),
        ...COMMON,
        '403': problem('Not a person.'),
        '409': problem('You have too many.'),
      },
    },
  },
  '/v1/passkeys': {
    post: {
      summary: 'Bring in a passkey: it counts once the record that says so is sealed',
      ...body(passkeyInputSchema),
      responses: {
        '201': { description: 'It counts.', ...json(passkeySchema) },
        ...COMMON,
        '403': problem('It does not hold, or you are not a person.'),
        '409': problem('It was brought in before.'),
      },
    },
    get: {
      summary: 'Your passkeys; for auditors and owners those of everybody',
      responses: { ...ok(passkeyListSchema, 'Passkeys.'), ...COMMON },
    },
  },
  '/v1/passkeys/{id}': {
    delete: {
      summary: 'Revoke a passkey of yours; an owner may revoke anybody’s',
      requestParams: byId('Passkey id, `passkey:…`.'),
      ...body(revokePasskeyInputSchema, { required: false }),
      responses: { '204': { description: 'Revoked, and sealed.' }, ...COMMON, '404': problem('None in use.') },
    },
  },
};
