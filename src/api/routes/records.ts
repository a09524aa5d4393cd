import { Router, type Request } from 'express';
import { CountersignError } from '../../contract/index.ts';
import type { Authentication, Records, RecordFilter } from '../../gateway/types.ts';
import { pathText, queryText } from '../input.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** What `/v1/records` and `/v1/export` look for. */
export function filterOf(request: Request): RecordFilter {
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

export function recordRoutes(gateway: Authentication & Records): Router {
  const router = Router();

  router.get('/v1/records', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    const text = (name: string): string | undefined => queryText(request, name);
    const limit = Number(text('limit') ?? DEFAULT_LIMIT);
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new CountersignError('invalid-request', `limit is a whole number from 1 to ${MAX_LIMIT}`);
    }
    response.json(await gateway.records(caller, filterOf(request), text('cursor'), limit));
  });

  router.get('/v1/records/:hash', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    response.json(await gateway.record(caller, pathText(request, 'hash')));
  });

  router.get('/v1/records/:hash/receipt', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    response.json(await gateway.receipt(caller, pathText(request, 'hash')));
  });

  router.get('/v1/records/:hash/shown', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    response.set('cache-control', 'no-store').json(await gateway.shown(caller, pathText(request, 'hash')));
  });

  return router;
}
