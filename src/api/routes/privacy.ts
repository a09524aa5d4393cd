import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { reasonSchema } from '../../contract/index.ts';
import type { Authentication, Privacy } from '../../gateway/types.ts';
import { openingSchema } from '../../sealing/index.ts';
import { answerWithAction } from '../receipt-header.ts';
import { callerOf, parseBody, pathText } from '../input.ts';
import { body, COMMON, ok, onAction, problem, recordHashParameter } from '../openapi-parts.ts';

const reason = reasonSchema;

const eraseInputSchema = z.strictObject({ reason }).meta({ id: 'Erasure' });

const openingInputSchema = z
  .strictObject({
    path: z.string().min(1).max(4096).meta({ description: 'As `commitments` of the record writes it.' }),
    reason,
  })
  .meta({ id: 'OpeningRequest' });

/** Deleting what was asked, and showing one value of it. */
export function privacyRoutes(gateway: Authentication & Privacy): Router {
  const router = Router();
  router.post('/v1/actions/:id/erase', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { reason: why } = parseBody(eraseInputSchema, request.body);
    const action = await gateway.erase(caller, pathText(request, 'id'), why);
    answerWithAction(response, action);
  });
  router.post('/v1/records/:hash/openings', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(openingInputSchema, request.body);
    response.set('cache-control', 'no-store').json(await gateway.open(caller, pathText(request, 'hash'), input));
  });
  return router;
}

export const privacyPaths: ZodOpenApiPathsObject = {
  '/v1/actions/{id}/erase': {
    post: onAction(
      'Delete the payload of a closed action, its key and its history; every record and proof stays',
      eraseInputSchema,
    ),
  },
  '/v1/records/{hash}/openings': {
    post: {
      summary: 'Open one commitment of a record: its value and salt; sealed as an export',
      requestParams: recordHashParameter,
      ...body(openingInputSchema),
      responses: {
        ...ok(openingSchema.meta({ id: 'Opening' }), 'What `countersign verify --open` checks.'),
        ...COMMON,
        '404': problem('No such record, or no commitment there.'),
        '409': problem('The payload was erased.'),
      },
    },
  },
};
