import { Router, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actionSchema, actorSchema, reasonSchema, timeSchema } from '../../contract/index.ts';
import type { Caller } from '../../identity/index.ts';
import type { Authentication, Policies } from '../../gateway/types.ts';
import {
  backtestReportSchema,
  policyPageSchema,
  policyViewSchema,
  suggestionsSchema,
} from '../../contract/views/index.ts';
import { jsonBody } from '../body.ts';
import { callerOf, idempotencyKeyOf, limitOf, parseBody, pathText, queryText, waitOf } from '../input.ts';
import { body, COMMON, json, ok, problem, wait } from '../openapi-parts.ts';
import { sendAnswer } from './actions.ts';

/** Bytes of a policies folder as a body; a compiled OPA policy alone has hundreds of KiB. */
const BODY_MAX = 8 * 1024 * 1024;

const bundleHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a bundle hash is `sha256:` and 64 hexadecimal digits');
const files = z
  .array(z.strictObject({ path: z.string().min(1).max(512), text: z.string().max(BODY_MAX) }))
  .min(1)
  .max(5000)
  .meta({ description: 'The files of a policies folder: policies, cases, holidays, Cedar, OPA (base64).' });

const candidate = {
  files: files.optional(),
  bundle: bundleHash.optional().meta({ description: 'A stored bundle, instead of files.' }),
};
const oneOfTwo = (it: { files?: unknown; bundle?: unknown }): boolean =>
  (it.files === undefined) !== (it.bundle === undefined);
const ONE = { message: 'give either `files` or `bundle`', path: ['files'] };

const publicationSchema = z
  .strictObject({
    ...candidate,
    reason: reasonSchema,
    actor: actorSchema.optional().meta({ description: 'Who asks; a person asks as themself.' }),
  })
  .refine(oneOfTwo, ONE)
  .meta({ id: 'PolicyPublication' });

const backtestSchema = z
  .strictObject({
    ...candidate,
    base: z.strictObject(candidate).refine(oneOfTwo, ONE).optional().meta({
      description: 'Compare with the verdicts of this bundle instead of the sealed ones.',
    }),
    from: timeSchema.optional(),
    to: timeSchema.optional(),
    surface: z.string().max(128).optional(),
  })
  .refine(oneOfTwo, ONE)
  .meta({ id: 'Backtest' });

const suggestSchema = z
  .strictObject({
    files,
    from: timeSchema.optional(),
    to: timeSchema.optional(),
    surface: z.string().max(128).optional(),
    through: z.int().min(0).max(1000).default(0).meta({
      description: 'Requests that people refused and that may pass under a suggestion.',
    }),
    least: z.int().min(1).max(10_000).default(5).meta({ description: 'Questions that a suggestion must save.' }),
  })
  .meta({ id: 'SuggestPolicies' });

const knownCaller = (response: Response): Caller => response.locals['caller'] as Caller;

/**
 * Policies: which are in force, what they say, publishing, and trying a candidate on sealed history. Mounted before the general body
 * parser: who calls is known before a large body is read.
 */
export function policyRoutes(gateway: Authentication & Policies): Router {
  const router = Router();
  const authenticated: RequestHandler = async (request, response, next) => {
    response.locals['caller'] = await callerOf(gateway, request);
    next();
  };
  const readBody = jsonBody({ limit: BODY_MAX, types: ['application/json'] });

  router.post('/v1/policies', authenticated, ...readBody, async (request, response) => {
    const { action, receipt } = await gateway.publishPolicy(
      knownCaller(response),
      parseBody(publicationSchema, request.body),
      await idempotencyKeyOf(gateway, request),
      waitOf(request),
    );
    sendAnswer(response, action, receipt);
  });

  router.post('/v1/policies/backtest', authenticated, ...readBody, async (request, response) => {
    response.json(await gateway.backtest(knownCaller(response), parseBody(backtestSchema, request.body)));
  });

  router.post('/v1/policies/suggest', authenticated, ...readBody, async (request, response) => {
    response.json(await gateway.suggestPolicies(knownCaller(response), parseBody(suggestSchema, request.body)));
  });

  router.get('/v1/policies', authenticated, async (request, response) => {
    response.json(await gateway.policies(knownCaller(response), queryText(request, 'cursor'), limitOf(request)));
  });

  router.get('/v1/policies/:bundle', authenticated, async (request, response) => {
    response.json(await gateway.policy(knownCaller(response), pathText(request, 'bundle')));
  });

  return router;
}

export const policyPaths: ZodOpenApiPathsObject = {
  '/v1/policies': {
    get: {
      summary: 'Which policy bundle is in force, and all that were, newest first',
      requestParams: {
        query: z.object({ cursor: z.string().optional(), limit: z.int().min(1).max(500).optional() }),
      },
      responses: { ...ok(policyPageSchema, 'One page.'), ...COMMON, '403': problem('Not allowed.') },
    },
    post: {
      summary: 'Ask for a bundle to come into force: a governed action that the engine carries out',
      requestParams: {
        query: z.object({ wait }),
        header: z.object({ 'Idempotency-Key': z.string().min(1).max(255) }),
      },
      ...body(publicationSchema),
      responses: {
        ...ok(actionSchema, 'Released and carried out; `status` says how.'),
        '202': { description: 'Supervised: a named human must decide.', ...json(actionSchema) },
        '403': problem('Refused; `receipt` proves it.'),
        '404': problem('No such bundle.'),
        '413': problem('The body is too large.'),
        '422': problem('An error of lint or a failing case, each with file and line; or a key used twice.'),
        ...COMMON,
      },
    },
  },
  '/v1/policies/{bundle}': {
    get: {
      summary: 'One bundle, as it is judged by',
      requestParams: {
        path: z.object({ bundle: z.string().meta({ description: 'Bundle hash, `sha256:…`.' }) }),
      },
      responses: {
        ...ok(policyViewSchema, 'The bundle.'),
        ...COMMON,
        '404': problem('No such bundle.'),
      },
    },
  },
  '/v1/policies/suggest': {
    post: {
      summary: 'Rules and grants that would have asked people less, by sealed history; for auditors and owners',
      ...body(suggestSchema),
      responses: {
        ...ok(suggestionsSchema, 'The suggestions.'),
        ...COMMON,
        '403': problem('Not allowed.'),
        '422': problem('The files are no valid bundle.'),
      },
    },
  },
  '/v1/policies/backtest': {
    post: {
      summary: 'Which sealed verdicts a candidate bundle would change; for auditors and owners',
      ...body(backtestSchema),
      responses: {
        ...ok(backtestReportSchema, 'The report.'),
        ...COMMON,
        '403': problem('Not allowed.'),
        '422': problem('The candidate is not a valid bundle.'),
      },
    },
  },
};
