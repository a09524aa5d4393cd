/** What the descriptions of all operations share. */
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { actionSchema } from '../contract/index.ts';

const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'Stable; ends in the error code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do next.' }),
    code: z.string(),
    errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

export const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
export const ok = (schema: z.ZodType, description: string): ZodOpenApiResponsesObject => ({
  '200': { description, ...json(schema) },
});

export const COMMON: ZodOpenApiResponsesObject = {
  '400': problem('The input does not fit; `errors` says where.'),
  '401': problem('No valid credential.'),
  '413': problem('The body, or what stands in it, is too large.'),
  '429': problem('Too many requests.'),
  '503': problem('Something Countersign needs does not answer; nothing was released.'),
};

export const wait = z.int().min(0).max(60).optional().meta({ description: 'Seconds to wait for the next state.' });

export const body = (schema: z.ZodType, { required = true } = {}) => ({ requestBody: { required, ...json(schema) } });

/** Path parameters. */
export const actionId = { path: z.object({ id: z.string().meta({ description: 'Action id, `act_…`.' }) }) };
export const recordHashParameter = {
  path: z.object({ hash: z.string().meta({ description: 'Record hash, `sha256:…`.' }) }),
};
export const byId = (description: string) => ({ path: z.object({ id: z.string().meta({ description }) }) });

/** An operation about one action, answered with the action as it then stands. */
export const onAction = (summary: string, input: z.ZodType | null): ZodOpenApiOperationObject => ({
  summary,
  requestParams: actionId,
  ...(input === null ? {} : body(input)),
  responses: {
    ...ok(actionSchema, 'The action as it now stands.'),
    ...COMMON,
    '403': problem('Not allowed.'),
    '404': problem('No such action, or it is not yours to see.'),
    '409': problem('No longer open.'),
    '422': problem('It cannot be done in this way, such as refusing without a reason.'),
  },
});
