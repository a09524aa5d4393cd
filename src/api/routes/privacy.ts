import { Router } from 'express';
import { z } from 'zod';
import type { Authentication, Privacy } from '../../gateway/types.ts';
import { parseBody, pathText } from '../input.ts';

const reason = z.string().trim().min(1).max(2000);

export const eraseInputSchema = z.strictObject({ reason }).meta({ id: 'Erasure' });

export const openingInputSchema = z
  .strictObject({
    path: z.string().min(1).max(4096).meta({ description: 'As `commitments` of the record writes it.' }),
    reason,
  })
  .meta({ id: 'OpeningRequest' });

/** Deleting what was asked, and showing one value of it. */
export function privacyRoutes(gateway: Authentication & Privacy): Router {
  const router = Router();
  router.post('/v1/actions/:id/erase', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    const { reason: why } = parseBody(eraseInputSchema, request.body);
    const action = await gateway.erase(caller, pathText(request, 'id'), why);
    const newest = action.records.at(-1);
    if (newest !== undefined) response.setHeader('Countersign-Receipt', newest);
    response.json(action);
  });
  router.post('/v1/records/:hash/openings', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    const input = parseBody(openingInputSchema, request.body);
    response.set('cache-control', 'no-store').json(await gateway.open(caller, pathText(request, 'hash'), input));
  });
  return router;
}
