/** The OpenAPI 3.1 document, made from the zod schemas that the routes parse with. */
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import {
  actionRequestSchema,
  actionSchema,
  decisionInputSchema,
  outcomeInputSchema,
  RECORD_PAYLOAD_TYPE,
  RECORD_TYPES,
  VERDICT_DECISIONS,
  verdictSchema,
} from '../contract/index.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import { COMMON, json, ok, problem, wait } from './openapi-parts.ts';
import { exportPaths, recordFilterShape } from './openapi-export.ts';
import { keyPaths } from './openapi-keys.ts';
import { passkeyPaths } from './openapi-passkeys.ts';
import { policyPaths } from './openapi-policies.ts';
import { privacyPaths } from './openapi-privacy.ts';
import { reviewPaths } from './openapi-reviews.ts';
import { webhooks } from './openapi-webhooks.ts';
import { answerInputSchema, reconcileInputSchema } from './routes/actions.ts';
import { delegationInputSchema, freezeInputSchema, reviewInputSchema, thawInputSchema } from './routes/freezes.ts';
import { apiKeyInputSchema } from './routes/api-keys.ts';
import { redeemedSchema, redeemInputSchema } from './routes/permits.ts';

const receiptSchema = z
  .strictObject({
    kind: z.literal('countersign.receipt/v1'),
    envelope: z.strictObject({
      payloadType: z.literal(RECORD_PAYLOAD_TYPE),
      payload: z.string(),
      signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })),
    }),
    log: z.strictObject({
      origin: z.string(),
      index: z.int(),
      checkpoint: z.string(),
      inclusion: z.array(z.string()),
    }),
  })
  .meta({ id: 'Receipt' });

const recordItemSchema = z
  .strictObject({ hash: z.string(), index: z.int(), record: z.looseObject({ type: z.enum(RECORD_TYPES) }) })
  .meta({ id: 'RecordItem' });

const evaluationSchema = z
  .strictObject({
    verdict: verdictSchema,
    observed: verdictSchema.nullable(),
    plan: z.looseObject({}).nullable(),
    trace: z.array(
      z.strictObject({
        policy: z.string(),
        rule: z.string().nullable(),
        when: z.string().nullable(),
        result: z.enum(['matched', 'not_matched', 'error', 'skipped']),
        detail: z.string().nullable(),
        decision: z.enum(VERDICT_DECISIONS).nullable(),
      }),
    ),
  })
  .meta({ id: 'Evaluation' });

const id = z.string().meta({ description: 'Action id, `act_…`.' });
const hash = z.string().meta({ description: 'Record hash, `sha256:…`.' });
const tenant = z.string();

/** An operation about one action, with a body. */
function onAction(
  summary: string,
  body: z.ZodType | null,
  more: ZodOpenApiResponsesObject = {},
): ZodOpenApiOperationObject {
  return {
    summary,
    requestParams: { path: z.object({ id }) },
    ...(body === null ? {} : { requestBody: { required: true, ...json(body) } }),
    responses: {
      ...ok(actionSchema, 'The action as it now stands.'),
      ...COMMON,
      '403': problem('Not allowed.'),
      '409': problem('No longer open.'),
      ...more,
    },
  };
}

const filterQuery = z.object({
  ...recordFilterShape,
  cursor: z.string().optional(),
  limit: z.int().min(1).max(500).optional(),
});

const apiKeySchema = z.strictObject({
  id: z.string(),
  surfaces: z.array(z.string()),
  actors: z.array(z.string()),
  roles: z.array(z.string()),
  groups: z.array(z.string()),
  createdAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
});

const freezeSchema = z
  .strictObject({
    id: z.string(),
    scope: z.enum(['tenant', 'surface', 'actor']),
    value: z.string().nullable(),
    reason: z.string(),
    by: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: 'FreezeInForce' });

const delegationSchema = z
  .strictObject({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    surfaces: z.array(z.string()),
    until: z.iso.datetime(),
  })
  .meta({ id: 'DelegationInForce' });

const byId = (name: string) => ({
  path: z.object({ id: z.string().meta({ description: name }) }),
});

const text = (description: string) => ({ description, content: { 'text/plain': { schema: z.string() } } });
const bytes = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string() } },
});

const build = () =>
  createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Countersign',
      version: '1',
      description:
        'Ask before an irreversible action; get a single-use permit, a refusal with proof, or a named human’s decision.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    webhooks,
    paths: {
      '/v1/actions': {
        post: {
          summary: 'Ask for an action to be released',
          requestParams: {
            query: z.object({ wait }),
            header: z.object({ 'Idempotency-Key': z.string().min(1).max(255) }),
          },
          requestBody: { required: true, ...json(actionRequestSchema) },
          responses: {
            ...ok(actionSchema, 'Released; the permit is inside.'),
            '202': { description: 'Supervised: a named human must decide.', ...json(actionSchema) },
            '403': problem('Refused; `receipt` proves it.'),
            '413': problem('The body is too large.'),
            '422': problem('The idempotency key was used for another body.'),
            ...COMMON,
          },
        },
      },
      '/v1/actions/{id}': {
        get: {
          summary: 'Read an action',
          requestParams: { path: z.object({ id }), query: z.object({ wait }) },
          responses: { ...ok(actionSchema, 'The action.'), ...COMMON, '404': problem('No such action.') },
        },
      },
      '/v1/actions/{id}/decisions': {
        post: onAction(`Decide a parked action as its approver. ${RESPONSIBILITY}`, decisionInputSchema),
      },
      '/v1/actions/{id}/answer': { post: onAction('Answer an approver who returned the action', answerInputSchema) },
      '/v1/actions/{id}/cancel': { post: onAction('Withdraw a parked action', null) },
      '/v1/actions/{id}/outcome': { post: onAction('Report what the executor did', outcomeInputSchema) },
      '/v1/actions/{id}/reconcile': {
        post: onAction('Settle an unreported action as its owner', reconcileInputSchema),
      },
      '/v1/actions/{id}/review': {
        post: onAction('Look back at a break-glass release, as one of its reviewers', reviewInputSchema),
      },
      '/v1/api-keys': {
        post: {
          summary: 'Make a key of a service, scoped to surfaces and actors; it is shown once',
          requestBody: { required: true, ...json(apiKeyInputSchema) },
          responses: {
            '201': { description: 'Made.', ...json(apiKeySchema.extend({ key: z.string() })) },
            ...COMMON,
            '403': problem('Not an owner.'),
          },
        },
        get: {
          summary: 'Keys of this tenant, without their secrets',
          responses: {
            ...ok(z.strictObject({ keys: z.array(apiKeySchema) }), 'Keys.'),
            ...COMMON,
            '403': problem('Not an owner.'),
          },
        },
      },
      '/v1/api-keys/{id}': {
        delete: {
          summary: 'Revoke a key',
          requestParams: byId('Key id.'),
          responses: { '204': { description: 'Revoked.' }, ...COMMON, '404': problem('No live key of that id.') },
        },
      },
      ...keyPaths,
      ...passkeyPaths,
      '/v1/freezes': {
        post: {
          summary: 'Stop a tenant, a surface or an actor: nothing is released, unredeemed permits are dead',
          requestBody: { required: true, ...json(freezeInputSchema) },
          responses: {
            '201': { description: 'In force.', ...json(freezeSchema) },
            ...COMMON,
            '403': problem('Not allowed.'),
          },
        },
        get: {
          summary: 'Freezes in force',
          responses: { ...ok(z.strictObject({ freezes: z.array(freezeSchema) }), 'Freezes.'), ...COMMON },
        },
      },
      '/v1/freezes/{id}': {
        delete: {
          summary: 'Lift a freeze',
          requestParams: byId('Freeze id, `frz_…`.'),
          requestBody: { required: false, ...json(thawInputSchema) },
          responses: { ...ok(freezeSchema, 'Lifted.'), ...COMMON, '404': problem('No such freeze in force.') },
        },
      },
      '/v1/delegations': {
        post: {
          summary: 'Let somebody decide for you while you are away',
          requestBody: { required: true, ...json(delegationInputSchema) },
          responses: {
            '201': { description: 'In force.', ...json(delegationSchema) },
            ...COMMON,
            '403': problem('Not allowed.'),
          },
        },
        get: {
          summary: 'Delegations given by or to you',
          responses: { ...ok(z.strictObject({ delegations: z.array(delegationSchema) }), 'Delegations.'), ...COMMON },
        },
      },
      '/v1/delegations/{id}': {
        delete: {
          summary: 'End a delegation early',
          requestParams: byId('Delegation id, `dlg_…`.'),
          responses: { '204': { description: 'Ended.' }, ...COMMON, '404': problem('You gave no such delegation.') },
        },
      },
      '/v1/permits/redeem': {
        post: {
          summary: 'Redeem a permit, once, before executing',
          requestBody: { required: true, ...json(redeemInputSchema) },
          responses: {
            ...ok(redeemedSchema, 'Redeemed: execute now.'),
            ...COMMON,
            '403': problem('Expired, for another audience, tampered with, or for another request.'),
            '409': problem('Already redeemed.'),
          },
        },
      },
      '/v1/evaluate': {
        post: {
          summary: 'What would policy say? Starts and seals nothing',
          requestBody: { required: true, ...json(actionRequestSchema) },
          responses: { ...ok(evaluationSchema, 'Verdict and trace.'), ...COMMON },
        },
      },
      ...reviewPaths,
      ...policyPaths,
      ...privacyPaths,
      ...exportPaths,
      '/v1/records': {
        get: {
          summary: 'Sealed records, newest first',
          requestParams: { query: filterQuery },
          responses: {
            ...ok(
              z.strictObject({ records: z.array(recordItemSchema), next_cursor: z.string().nullable() }),
              'One page.',
            ),
            ...COMMON,
          },
        },
      },
      '/v1/records/{hash}': {
        get: {
          summary: 'One record',
          requestParams: { path: z.object({ hash }) },
          responses: { ...ok(recordItemSchema, 'The record.'), ...COMMON, '404': problem('No such record.') },
        },
      },
      '/v1/records/{hash}/receipt': {
        get: {
          summary: 'The receipt of a record, which verifies offline',
          requestParams: { path: z.object({ hash }) },
          responses: { ...ok(receiptSchema, 'The receipt.'), ...COMMON, '404': problem('No such record.') },
        },
      },
      '/.well-known/jwks.json': {
        get: {
          summary: 'Permit keys',
          security: [],
          responses: ok(z.strictObject({ keys: z.array(z.looseObject({})) }), 'A JWK set.'),
        },
      },
      '/log/{tenant}/checkpoint': {
        get: {
          summary: 'The newest checkpoint (C2SP signed note), with the cosignatures that there are of it',
          security: [],
          requestParams: { path: z.object({ tenant }) },
          responses: { '200': text('A signed note.') },
        },
      },
      '/log/{tenant}/checkpoint.witnessed': {
        get: {
          summary: 'The newest checkpoint that a witness cosigned (C2SP signed note, tlog-cosignature)',
          security: [],
          requestParams: { path: z.object({ tenant }) },
          responses: { '200': text('A signed note.'), '404': problem('No witness cosigned this log yet.') },
        },
      },
      '/log/{tenant}/vkey': {
        get: {
          summary: 'The log’s note verification key',
          security: [],
          requestParams: { path: z.object({ tenant }) },
          responses: { '200': text('A C2SP vkey.') },
        },
      },
      '/log/{tenant}/jwks.json': {
        get: {
          summary: 'Record keys',
          security: [],
          requestParams: { path: z.object({ tenant }) },
          responses: ok(z.strictObject({ keys: z.array(z.looseObject({})) }), 'A JWK set.'),
        },
      },
      '/log/{tenant}/tile/{level}/{index}': {
        get: {
          summary: 'A tile of hashes (C2SP tlog-tiles)',
          security: [],
          requestParams: { path: z.object({ tenant, level: z.string(), index: z.string() }) },
          responses: { '200': bytes('Up to 256 SHA-256 hashes.') },
        },
      },
      '/log/{tenant}/tile/entries/{index}': {
        get: {
          summary: 'A bundle of entries (C2SP tlog-tiles)',
          security: [],
          requestParams: { path: z.object({ tenant, index: z.string() }) },
          responses: { '200': bytes('Up to 256 envelopes, each with a 16-bit length.') },
        },
      },
      '/healthz': {
        get: {
          summary: 'Is the process alive',
          security: [],
          responses: ok(z.looseObject({ status: z.string() }), 'Alive.'),
        },
      },
      '/readyz': {
        get: {
          summary: 'Can actions be judged and sealed',
          security: [],
          responses: ok(z.looseObject({ status: z.string() }), 'Ready.'),
        },
      },
    },
  });

let document: ReturnType<typeof build> | null = null;

/** Built once: the schemas do not change while the process lives. */
export function openApiDocument(): ReturnType<typeof build> {
  document ??= build();
  return document;
}
