/** What we send to others' servers, as OpenAPI describes webhooks (docs/webhooks.md). */
import { z } from 'zod';
import type { ZodOpenApiPathItemObject } from 'zod-openapi';
import { actionSchema, EVENTS } from '../contract/index.ts';
import { json } from './openapi-parts.ts';

const eventSchema = z
  .strictObject({
    type: z.enum(EVENTS),
    people: z.array(z.string()).optional(),
    by: z.string().optional(),
    decision: z.string().optional(),
    reason: z.string().nullable().optional(),
    until: z.iso.datetime().optional(),
  })
  .meta({ id: 'ActionEvent' });

const notificationSchema = z
  .looseObject({
    tenant: z.string(),
    action: z.string(),
    status: z.string(),
    surface: z.string(),
    verb: z.string(),
    actor: z.string(),
    text: z.string().meta({ description: 'One sentence for a person.' }),
    summary: z.string(),
    reasons: z.array(z.string()),
    people: z.array(z.strictObject({ id: z.string(), name: z.string() })),
    url: z.string().nullable().meta({ description: 'Where it is decided.' }),
  })
  .meta({ id: 'Notification' });

const signed = z.object({
  'webhook-id': z.string().meta({ description: 'The same for every attempt at one message.' }),
  'webhook-timestamp': z.string().meta({ description: 'Seconds since the epoch.' }),
  'webhook-signature': z.string().meta({ description: '`v1,` and base64 HMAC-SHA-256 over `id.timestamp.body`.' }),
});

const sent = (summary: string, type: z.ZodType, data: z.ZodType): ZodOpenApiPathItemObject => ({
  post: {
    summary,
    requestParams: { header: signed },
    requestBody: { required: true, ...json(z.strictObject({ type, timestamp: z.iso.datetime(), data })) },
    responses: {
      '2XX': { description: 'Taken. Anything else is sent again for a week, but for 410.' },
    },
  },
});

export const webhooks: Record<string, ZodOpenApiPathItemObject> = {
  callback: sent(
    'To the request’s `callback`, at every change of its action',
    z.string().meta({ description: '`action.` and the status.' }),
    actionSchema.omit({ permit: true }).extend({ events: z.array(eventSchema) }),
  ),
  notification: sent('To whom policy names under `notify`', z.enum(EVENTS), notificationSchema),
};
