import { Router, type Request } from 'express';
import { z } from 'zod';
import type { Authentication, Delegations, Freezes, Reviews } from '../../gateway/types.ts';
import { parseBody, pathText, queryText } from '../input.ts';

const reason = z.string().trim().min(1).max(2000);

export const freezeInputSchema = z
  .strictObject({
    scope: z.enum(['tenant', 'surface', 'actor']),
    value: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .meta({ description: 'The surface or actor; left out for the tenant.' }),
    reason,
  })
  .meta({ id: 'Freeze' });

export const thawInputSchema = z.strictObject({ reason }).meta({ id: 'Thaw' });

export const delegationInputSchema = z
  .strictObject({
    to: z.string().min(1).max(256).meta({ description: 'Directory id of who stands in.' }),
    surfaces: z.array(z.string().min(1).max(256)).min(1).max(64).optional(),
    until: z.iso.datetime({ offset: true }),
  })
  .meta({ id: 'Delegation' });

export const reviewInputSchema = z
  .strictObject({ right: z.boolean().meta({ description: 'Whether the emergency justified it.' }), reason })
  .meta({ id: 'Review' });

/** The command line says so itself; either claim gives the same rights, so it needs no proof. */
const doorOf = (request: Request): 'cli' | 'api' => (request.get('countersign-door') === 'cli' ? 'cli' : 'api');

/** Stopping, and standing in: what people do about many actions at once. */
export function freezeRoutes(gateway: Authentication & Freezes & Reviews & Delegations): Router {
  const router = Router();
  const callerOf = (authorization: string | undefined) => gateway.authenticate(authorization);

  router.post('/v1/freezes', async (request, response) => {
    const caller = await callerOf(request.get('authorization'));
    response
      .status(201)
      .json(await gateway.freeze(caller, parseBody(freezeInputSchema, request.body), doorOf(request)));
  });
  router.get('/v1/freezes', async (request, response) => {
    response.json({ freezes: await gateway.freezes(await callerOf(request.get('authorization'))) });
  });
  router.delete('/v1/freezes/:id', async (request, response) => {
    const caller = await callerOf(request.get('authorization'));
    const { reason: why } = parseBody(thawInputSchema, request.body ?? { reason: 'lifted' });
    response.json(await gateway.thaw(caller, pathText(request, 'id'), why, doorOf(request)));
  });

  router.get('/v1/reviews', async (request, response) => {
    const caller = await callerOf(request.get('authorization'));
    response.json({ reviews: await gateway.reviews(caller, queryText(request, 'status')) });
  });
  router.post('/v1/actions/:id/review', async (request, response) => {
    const caller = await callerOf(request.get('authorization'));
    const input = parseBody(reviewInputSchema, request.body);
    response.json(await gateway.review(caller, pathText(request, 'id'), input, doorOf(request)));
  });
  router.get('/v1/reports/break-glass', async (request, response) => {
    const caller = await callerOf(request.get('authorization'));
    response.json(await gateway.breakGlassReport(caller, queryText(request, 'from'), queryText(request, 'to')));
  });

  router.post('/v1/delegations', async (request, response) => {
    const caller = await callerOf(request.get('authorization'));
    response.status(201).json(await gateway.delegate(caller, parseBody(delegationInputSchema, request.body)));
  });
  router.get('/v1/delegations', async (request, response) => {
    response.json({ delegations: await gateway.delegations(await callerOf(request.get('authorization'))) });
  });
  router.delete('/v1/delegations/:id', async (request, response) => {
    await gateway.revokeDelegation(await callerOf(request.get('authorization')), pathText(request, 'id'));
    response.status(204).end();
  });
  return router;
}
