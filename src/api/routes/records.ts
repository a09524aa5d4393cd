import { Router, type Request } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { RECORD_DECISIONS, RECORD_TYPES } from '../../contract/index.ts';
import { receiptSchema, replaySchema, shownAgainSchema, statementSchema } from '../../contract/views/index.ts';
import type { Authentication, Records, RecordQuery } from '../../gateway/types.ts';
import { recordItemSchema } from '../../sealing/index.ts';
import { callerOf, limitOf, pathText, queryText } from '../input.ts';
import type { PublicLog } from './log.ts';
import { COMMON, ok, problem, recordHashParameter } from '../openapi-parts.ts';

const bound = (what: string) =>
  z
    .string()
    .optional()
    .meta({
      description: `${what}: RFC 3339 with its offset, or a plain date, which is that day in UTC from its start to its end.`,
      examples: ['2026-11-21T00:00:00Z', '2026-11-21'],
    });

/** The period of a search. */
export const timeFilterShape = { from: bound('The first instant'), to: bound('The instant before which') };

/** Search criteria for records. */
export const recordFilterShape = {
  surface: z.string().optional(),
  action: z.string().optional(),
  actor: z.string().optional(),
  approver: z.string().optional(),
  decision: z.enum(RECORD_DECISIONS).optional(),
  type: z.enum(RECORD_TYPES).optional(),
  ...timeFilterShape,
  q: z.string().optional(),
};

/** The filters of `/v1/records` and `/v1/export`. */
export function filterOf(request: Request): RecordQuery {
  const text = (name: string): string | undefined => queryText(request, name);
  return {
    surface: text('surface'),
    action: text('action'),
    actor: text('actor'),
    approver: text('approver'),
    decision: text('decision'),
    type: text('type'),
    from: text('from'),
    to: text('to'),
    q: text('q'),
  };
}

/** Sealed records, and what proves and explains each. */
export function recordRoutes(gateway: Authentication & Records, log: Pick<PublicLog, 'receipt'>): Router {
  const router = Router();
  router.get('/v1/records', async (request, response) => {
    const caller = await gateway.authenticateRecordReader(request.get('authorization'));
    const [limit, cursor] = [limitOf(request), queryText(request, 'cursor')];
    response.json(await gateway.records(caller, filterOf(request), cursor, limit));
  });
  router.get('/v1/records/:hash', async (request, response) => {
    const caller = await gateway.authenticateRecordReader(request.get('authorization'));
    response.json(await gateway.record(caller, pathText(request, 'hash')));
  });
  router.get('/v1/records/:hash/receipt', async (request, response) => {
    const authorization = request.get('authorization');
    const hash = pathText(request, 'hash');
    const forAll = authorization === undefined ? await log.receipt(hash) : null;
    response.json(forAll ?? (await gateway.receipt(await gateway.authenticateReader(authorization), hash)));
  });
  router.get('/v1/records/:hash/statement', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.statement(caller, pathText(request, 'hash')));
  });
  router.get('/v1/records/:hash/shown', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.set('cache-control', 'no-store').json(await gateway.renderingOf(caller, pathText(request, 'hash')));
  });
  router.get('/v1/records/:hash/replay', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.replay(caller, pathText(request, 'hash')));
  });
  return router;
}

const recordPageSchema = z.strictObject({
  from: z.iso.datetime().optional().meta({ description: 'What `from` meant, where it was given.' }),
  to: z.iso.datetime().optional().meta({ description: 'What `to` meant, where it was given.' }),
  records: z.array(recordItemSchema),
  next_cursor: z.string().nullable(),
});

export const recordPaths: ZodOpenApiPathsObject = {
  '/v1/records': {
    get: {
      summary: 'Sealed records, newest first',
      description:
        'A page is looked for a second: where little fits, it may be short, or empty, and its cursor goes on.',
      requestParams: {
        query: z.object({
          ...recordFilterShape,
          cursor: z.string().optional(),
          limit: z.int().min(1).max(500).optional(),
        }),
      },
      responses: { ...ok(recordPageSchema, 'One page.'), ...COMMON },
    },
  },
  '/v1/records/{hash}': {
    get: {
      summary: 'One record',
      requestParams: recordHashParameter,
      responses: { ...ok(recordItemSchema, 'The record.'), ...COMMON, '404': problem('No such record.') },
    },
  },
  '/v1/records/{hash}/receipt': {
    get: {
      summary: 'The receipt of a record, which verifies offline; without a credential where `COUNTERSIGN_LOG=public`',
      requestParams: recordHashParameter,
      responses: { ...ok(receiptSchema, 'The receipt.'), ...COMMON, '404': problem('No such record.') },
    },
  },
  '/v1/records/{hash}/statement': {
    get: {
      summary: 'A release or a refusal of `deploy.*` as a signed in-toto statement, for release gates',
      requestParams: recordHashParameter,
      responses: {
        ...ok(statementSchema, 'A DSSE envelope, signed by the key that signs records.'),
        ...COMMON,
        '404': problem('No such record, or none that decided about a deployment.'),
      },
    },
  },
  '/v1/records/{hash}/shown': {
    get: {
      summary: 'What its approver was shown, to be rendered again: one of the models gives the sealed hash',
      requestParams: recordHashParameter,
      responses: {
        ...ok(shownAgainSchema, 'The models that were shown while the action could be decided, oldest first.'),
        ...COMMON,
        '404': problem('No such record, or nothing was shown.'),
        '409': problem('The payload was erased.'),
      },
    },
  },
  '/v1/records/{hash}/replay': {
    get: {
      summary: 'Judge a sealed verdict again: same bundle, request and facts; for auditors and owners',
      requestParams: recordHashParameter,
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
