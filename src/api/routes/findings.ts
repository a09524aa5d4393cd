import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { AUDIT_TESTS } from '../../audit/index.ts';
import { reasonSchema } from '../../contract/index.ts';
import {
  actionFilterShape,
  CONCLUSIONS,
  drawnSampleSchema,
  findingDetailSchema,
  findingsSchema,
  overviewSchema,
} from '../../contract/views/index.ts';
import type { Auditing, Authentication } from '../../gateway/types.ts';
import { callerOf, parseBody, parseQuery, pathText } from '../input.ts';
import { body, COMMON, json, ok, problem } from '../openapi-parts.ts';
import { timeFilterShape } from './records.ts';

const querySchema = z.object({
  ...timeFilterShape,
  surface: z.string().optional(),
  test: z.enum(AUDIT_TESTS.map(({ name }) => name)).optional(),
  action: z.string().optional().meta({ description: 'Findings that name this action.' }),
  answered: z.enum(['true', 'false']).optional(),
});

const overviewQuerySchema = z.object({ ...timeFilterShape, surface: z.string().optional() });

const { surface, status, currency, basis } = actionFilterShape;
const sampleInputSchema = z
  .strictObject({
    ...timeFilterShape,
    surface,
    status,
    currency,
    basis,
    size: z.int().min(1).max(1000).meta({ description: 'How many are drawn of each stratum.' }),
    word: z.string().min(1).max(256).meta({ description: 'Your own: with it nobody else can have chosen.' }),
    strata: z.enum(['surface', 'currency']).optional().meta({ description: 'What is drawn apart.' }),
    allAbove: z
      .string()
      .regex(/^\d{1,15}(\.\d{1,15})?$/, 'is an exact decimal such as 250 or 1499.50')
      .optional()
      .meta({ description: 'An exact decimal: all actions above it are taken, and not drawn from.' }),
    worksheet: z.boolean().optional().meta({
      description: 'With what an auditor writes down of each, filled in from the records; of 500 actions at most.',
    }),
  })
  .meta({ id: 'SampleInput' });

const answerInputSchema = z
  .strictObject({
    conclusion: z.enum(CONCLUSIONS).meta({
      description: '`explained`: in order. `confirmed`: not in order. `open`: looked at, not known yet.',
    }),
    reason: reasonSchema,
  })
  .meta({ id: 'FindingAnswerInput' });

/** The auditor's finance tests and samples. */
export function findingRoutes(gateway: Authentication & Auditing): Router {
  const router = Router();
  router.get('/v1/reports/overview', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.overview(caller, parseQuery(overviewQuerySchema, request)));
  });
  router.get('/v1/findings', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { answered, ...query } = parseQuery(querySchema, request);
    const said = answered === undefined ? {} : { answered: answered === 'true' };
    response.json(await gateway.findings(caller, { ...query, ...said }));
  });
  router.get('/v1/findings/:id', async (request, response) => {
    response.json(await gateway.finding(await callerOf(gateway, request), pathText(request, 'id')));
  });
  router.post('/v1/findings/:id/answers', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(answerInputSchema, request.body);
    response.status(201).json(await gateway.answerFinding(caller, pathText(request, 'id'), input));
  });
  router.post('/v1/samples', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.drawSample(caller, parseBody(sampleInputSchema, request.body)));
  });
  return router;
}

export const findingPaths: ZodOpenApiPathsObject = {
  '/v1/reports/overview': {
    get: {
      summary: 'Figures of a time beside the time before it: counts, money by currency, how long people took',
      description: 'For auditors and owners; of whole days in UTC, the 90 days before `to` unless given.',
      requestParams: { query: overviewQuerySchema },
      responses: {
        ...ok(overviewSchema, 'The figures.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
  '/v1/findings': {
    get: {
      summary: 'What sixteen finance tests ask to be looked at: splits, duplicates, rubber stamps and others',
      description:
        'For auditors and owners; of the 90 days before `to` unless given. A finding is a question, no verdict.',
      requestParams: { query: querySchema },
      responses: {
        ...ok(findingsSchema, 'The tests, their parameters, and what they found.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
  '/v1/findings/{id}': {
    get: {
      summary: 'One finding, with what people said about it',
      description: 'For auditors and owners.',
      requestParams: { path: z.object({ id: z.string() }) },
      responses: { ...ok(findingDetailSchema, 'The finding.'), ...COMMON },
    },
  },
  '/v1/findings/{id}/answers': {
    post: {
      summary: 'Say what was found out about a finding; sealed, and seen beside it from then on',
      description: 'For people who audit or own.',
      requestParams: { path: z.object({ id: z.string() }) },
      ...body(answerInputSchema),
      responses: { '201': { description: 'The finding, with its answers.', ...json(findingDetailSchema) }, ...COMMON },
    },
  },
  '/v1/samples': {
    post: {
      summary: 'Draw actions that nobody chose, and that anybody can draw again',
      description: 'For auditors and owners; of the 90 days before `to` unless given.',
      ...body(sampleInputSchema),
      responses: {
        ...ok(drawnSampleSchema, 'The population, the seed, and what was drawn.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
