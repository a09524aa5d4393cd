import { Router, type Request } from 'express';
import { z } from 'zod';
import { decisionInputSchema, type Door } from '../../contract/index.ts';
import type { Approvals, Authentication, Passkeys } from '../../gateway/types.ts';
import { parseBody, pathText } from '../input.ts';

const base64Url = (most: number): z.ZodString =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'is base64url')
    .max(most);

/** `RegistrationResponseJSON` of WebAuthn level 3, as `PublicKeyCredential.toJSON()` makes it. */
export const passkeyInputSchema = z
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

export const decisionOptionsInputSchema = decisionInputSchema
  .omit({ passkey: true })
  .meta({ id: 'DecisionToSign', description: 'The decision exactly as it will be sent.' });

export const revokePasskeyInputSchema = z
  .strictObject({ reason: z.string().trim().min(1).max(2000) })
  .meta({ id: 'PasskeyRevocation' });

/**
 * Where a decision comes from, as whoever sends it says. `cli` gives the same rights as `api`; `console` is believed only of what was
 * signed with a passkey, whose signature says at which origin.
 */
export function doorOf(request: Request, signed: boolean): Door {
  const said = request.get('countersign-door');
  return said === 'cli' || (said === 'console' && signed) ? said : 'api';
}

/** People's passkeys, and what they sign with them. */
export function passkeyRoutes(gateway: Authentication & Passkeys & Pick<Approvals, 'decisionOptions'>): Router {
  const router = Router();
  const callerOf = (request: Request) => gateway.authenticate(request.get('authorization'));

  router.post('/v1/actions/:id/decision-options', async (request, response) => {
    const caller = await callerOf(request);
    const input = parseBody(decisionOptionsInputSchema, request.body);
    response.json(await gateway.decisionOptions(caller, pathText(request, 'id'), input, doorOf(request, true)));
  });
  router.post('/v1/passkeys/options', async (request, response) => {
    response.json(await gateway.passkeyOptions(await callerOf(request)));
  });
  router.post('/v1/passkeys', async (request, response) => {
    const caller = await callerOf(request);
    response.status(201).json(await gateway.enrolPasskey(caller, parseBody(passkeyInputSchema, request.body)));
  });
  router.get('/v1/passkeys', async (request, response) => {
    response.json({ passkeys: await gateway.passkeys(await callerOf(request)) });
  });
  router.delete('/v1/passkeys/:id', async (request, response) => {
    const caller = await callerOf(request);
    const { reason } = parseBody(revokePasskeyInputSchema, request.body ?? { reason: 'not used any more' });
    await gateway.revokePasskey(caller, pathText(request, 'id'), reason);
    response.status(204).end();
  });
  return router;
}
