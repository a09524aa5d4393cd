/** What the descriptions of all operations share. */
import { z } from 'zod';
import type { ZodOpenApiResponsesObject } from 'zod-openapi';

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
  '429': problem('Too many requests.'),
  '503': problem('Something Countersign needs does not answer; nothing was released.'),
};

export const wait = z.int().min(0).max(60).optional().meta({ description: 'Seconds to wait for the next state.' });
