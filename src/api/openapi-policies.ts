/** Policies in the OpenAPI document. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actionSchema, verdictSchema } from '../contract/index.ts';
import { COMMON, json, ok, problem, wait } from './openapi-parts.ts';
import { backtestSchema, publicationSchema } from './routes/policies.ts';

const policyPageSchema = z
  .strictObject({
    inForce: z.string().nullable(),
    activations: z.array(
      z.strictObject({
        bundle: z.string(),
        previous: z.string().nullable(),
        action: z.string().nullable(),
        by: z.string().nullable(),
        reason: z.string().nullable(),
        at: z.iso.datetime(),
        record: z.string(),
      }),
    ),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'Policies' });

const backtestReportSchema = z
  .strictObject({
    bundle: z.string(),
    base: z.string().nullable(),
    total: z.int(),
    changed: z.int(),
    examples: z.array(z.strictObject({ name: z.string(), from: verdictSchema, to: verdictSchema })),
    transitions: z.array(z.strictObject({ from: z.string(), to: z.string(), count: z.int() })),
    assumed: z.int().meta({ description: 'How many needed people or limits that were not sealed.' }),
    erased: z.int(),
    truncated: z.boolean(),
    lines: z.array(z.string()).meta({ description: 'The report for a person.' }),
  })
  .meta({ id: 'BacktestReport' });

const replaySchema = z
  .strictObject({
    record: z.string(),
    action: z.string(),
    bundle: z.string().nullable(),
    same: z.boolean(),
    sealed: verdictSchema,
    verdict: verdictSchema,
    differences: z.array(z.string()),
  })
  .meta({ id: 'Replay' });

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
      requestBody: { required: true, ...json(publicationSchema) },
      responses: {
        ...ok(actionSchema, 'Released and carried out; `status` says how.'),
        '202': { description: 'Supervised: a named human must decide.', ...json(actionSchema) },
        '403': problem('Refused; `receipt` proves it.'),
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
        ...ok(
          z.strictObject({ bundle: z.string(), policies: z.array(z.string()), source: z.looseObject({}) }),
          'The bundle.',
        ),
        ...COMMON,
        '404': problem('No such bundle.'),
      },
    },
  },
  '/v1/policies/backtest': {
    post: {
      summary: 'Which sealed verdicts a candidate bundle would change; for auditors and owners',
      requestBody: { required: true, ...json(backtestSchema) },
      responses: {
        ...ok(backtestReportSchema, 'The report.'),
        ...COMMON,
        '403': problem('Not allowed.'),
        '422': problem('The candidate is not a valid bundle.'),
      },
    },
  },
  '/v1/records/{hash}/replay': {
    get: {
      summary: 'Judge a sealed verdict again: same bundle, request and facts; for auditors and owners',
      requestParams: { path: z.object({ hash: z.string().meta({ description: 'Record hash, `sha256:…`.' }) }) },
      responses: {
        ...ok(replaySchema, 'Whether it came out the same.'),
        ...COMMON,
        '403': problem('Not allowed.'),
        '404': problem('No such record.'),
        '409': problem('The payload was erased; replay it offline with the request.'),
      },
    },
  },
};
