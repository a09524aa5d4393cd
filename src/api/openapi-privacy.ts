/** Erasure, openings and what was shown in the OpenAPI document. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { actionSchema } from '../contract/index.ts';
import { openingSchema } from '../sealing/index.ts';
import { COMMON, json, ok, problem } from './openapi-parts.ts';
import { eraseInputSchema, openingInputSchema } from './routes/privacy.ts';

const shownAgainSchema = z.strictObject({
  record: z.string(),
  by: z.string(),
  shown: z.strictObject({ hash: z.string(), renderer: z.string() }),
  models: z.array(z.looseObject({})),
});

export const privacyPaths: ZodOpenApiPathsObject = {
  '/v1/actions/{id}/erase': {
    post: {
      summary: 'Delete the payload of a closed action, its key and its history; every record and proof stays',
      requestParams: { path: z.object({ id: z.string() }) },
      requestBody: { required: true, ...json(eraseInputSchema) },
      responses: {
        ...ok(actionSchema, 'Erased: the action as it stays known.'),
        ...COMMON,
        '403': problem('Neither an owner nor an auditor.'),
        '404': problem('No such action.'),
        '409': problem('The action is still open.'),
      },
    },
  },
  '/v1/records/{hash}/shown': {
    get: {
      summary: 'What its approver was shown, to be rendered again: one of the models gives the sealed hash',
      requestParams: { path: z.object({ hash: z.string() }) },
      responses: {
        ...ok(shownAgainSchema, 'The models that were shown while the action could be decided, oldest first.'),
        ...COMMON,
        '404': problem('No such record, or nothing was shown.'),
        '409': problem('The payload was erased.'),
      },
    },
  },
  '/v1/records/{hash}/openings': {
    post: {
      summary: 'Open one commitment of a record: its value and salt; sealed as an export',
      requestParams: { path: z.object({ hash: z.string() }) },
      requestBody: { required: true, ...json(openingInputSchema) },
      responses: {
        ...ok(openingSchema.meta({ id: 'Opening' }), 'What `countersign verify --open` checks.'),
        ...COMMON,
        '404': problem('No such record, or no commitment there.'),
        '409': problem('The payload was erased.'),
      },
    },
  },
};
