import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject } from 'zod-openapi';
import {
  actionFacetsSchema,
  actionFilterShape,
  actionListSchema,
  projectionCheckSchema,
  projectionRebuiltSchema,
  rowComparisonSchema,
} from '../../contract/views/index.ts';
import type { ActionLists, Authentication } from '../../gateway/types.ts';
import { FACT_SORTS } from '../../store/fact-search.ts';
import { callerOf, limitOf, parseQuery, queryText, WHOLE } from '../input.ts';
import { ACTION_FORMATS } from '../../export/actions/index.ts';
import { COMMON, ok, problem } from '../openapi-parts.ts';
import { file, sendExport } from './export.ts';
import { timeFilterShape } from './records.ts';

const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const filterSchema = z.object({ ...actionFilterShape, ...timeFilterShape });
const querySchema = filterSchema.extend({
  sort: z.enum(FACT_SORTS).optional().meta({ description: 'With `-` the greatest first; `-askedAt` unless given.' }),
});
const listSchema = querySchema.extend({
  facets: z.enum(['true', 'false']).optional().meta({
    description: '`true`: with the page, how many there are of each value, as `GET /v1/actions/facets` counts them.',
  }),
});
const exportSchema = querySchema.extend({
  format: z.enum(ACTION_FORMATS).meta({
    description: '`csv`: RFC 4180. `csv-excel`: with a byte order mark, `;` and decimal commas.',
  }),
  zone: z.string().optional().meta({ description: 'IANA zone of the local times, beside UTC; UTC unless given.' }),
});
/** As many as a page shows at most. */
const COMPARED_MAX = 100;
const comparedSchema = z.object({
  actions: z
    .string()
    // No stricter: a row whose id somebody changed is compared as well.
    .regex(
      new RegExp(`^[^,]{1,200}(,[^,]{1,200}){0,${COMPARED_MAX - 1}}$`),
      `ids of at most ${COMPARED_MAX} actions, with commas between`,
    )
    .meta({ description: `Ids of at most ${COMPARED_MAX} actions, with commas between.` }),
});
const fromSchema = z.object({
  from: z.string().regex(WHOLE, 'is a whole number, in digits').transform(Number).optional(),
});

/** Finding actions, and the read model behind it. */
export function actionListRoutes(gateway: Authentication & ActionLists): Router {
  const router = Router();
  router.get('/v1/actions', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const [limit, cursor] = [limitOf(request), queryText(request, 'cursor')];
    const { facets, ...query } = parseQuery(listSchema, request);
    response.json(await gateway.actions(caller, { ...query, facets: facets === 'true' }, cursor, limit));
  });
  router.get('/v1/actions/facets', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.actionFacets(caller, parseQuery(filterSchema, request)));
  });
  router.get('/v1/actions/differences', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.compareRows(caller, parseQuery(comparedSchema, request).actions.split(',')));
  });
  router.get('/v1/actions/export', async (request, response) => {
    const caller = await callerOf(gateway, request);
    await sendExport(response, await gateway.exportActions(caller, parseQuery(exportSchema, request)));
  });
  router.get('/v1/projection', async (request, response) => {
    const caller = await callerOf(gateway, request);
    response.json(await gateway.checkProjection(caller, parseQuery(fromSchema, request).from ?? 0));
  });
  router.post('/v1/projection/rebuild', async (request, response) => {
    response.json(await gateway.rebuildProjection(await callerOf(gateway, request)));
  });
  return router;
}

export const actionListPaths: ZodOpenApiPathsObject = {
  '/v1/actions/facets': {
    get: {
      summary: 'How many actions there are of each value, among those that fit',
      requestParams: { query: filterSchema },
      responses: { ...ok(actionFacetsSchema, 'Counts by field.'), ...COMMON },
    },
  },
  '/v1/actions/differences': {
    get: {
      summary: 'Which rows of the list are not what the sealed records say, of those that the caller may see',
      description:
        'Names columns, not values. `GET /v1/projection` compares all rows, and finds those that are missing.',
      requestParams: { query: comparedSchema },
      responses: { ...ok(rowComparisonSchema, 'What differs.'), ...COMMON },
    },
  },
  '/v1/actions/export': {
    get: {
      summary: 'Exactly the actions of a filter as a file; that it was exported is sealed before the first byte',
      description:
        'For auditors and owners. The record of the export, named by `Countersign-Receipt` and `Link`, says who, when, filter, zone, log size and root, rows, control totals per currency, and the digest of the rows as `jsonl`; a workbook says it in a sheet of its own.',
      requestParams: { query: exportSchema },
      responses: {
        '200': {
          description: 'The file. A connection that ends early holds no export.',
          headers: z.object({ 'Content-Disposition': z.string(), Link: z.string() }),
          content: { 'text/csv': file, 'application/jsonl': file, [XLSX]: file },
        },
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
  '/v1/projection': {
    get: {
      summary: 'Compare the read model with the sealed records, part by part; for auditors and owners',
      requestParams: {
        query: z.object({
          from: z.int().nonnegative().optional().meta({ description: 'An entry of the log; the first unless given.' }),
        }),
      },
      responses: {
        ...ok(projectionCheckSchema, 'What differs.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
  '/v1/projection/rebuild': {
    post: {
      summary: 'Make the read model again from the log; for owners',
      responses: {
        ...ok(projectionRebuiltSchema, 'How much of the log it includes.'),
        ...COMMON,
        '403': problem('Not an owner.'),
      },
    },
  },
};

/** Stands with the other operations of its address. */
export const listActionsOperation: ZodOpenApiOperationObject = {
  summary: 'Actions that the caller may see, newest first',
  description: 'From the read model, which follows the log; `asOf` says how far. Unknown filters are refused.',
  requestParams: {
    query: listSchema.extend({ cursor: z.string().optional(), limit: z.int().min(1).max(500).optional() }),
  },
  responses: { ...ok(actionListSchema, 'One page.'), ...COMMON },
};
