/** The export in the OpenAPI document. */
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { RECORD_TYPES } from '../contract/index.ts';
import { EXPORT_FORMATS } from '../export/index.ts';
import { COMMON, problem } from './openapi-parts.ts';

/** What records are looked for by. */
export const recordFilterShape = {
  surface: z.string().optional(),
  action: z.string().optional(),
  actor: z.string().optional(),
  approver: z.string().optional(),
  decision: z.string().optional(),
  type: z.enum(RECORD_TYPES).optional(),
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  q: z.string().optional(),
};

const file = { schema: z.string().meta({ format: 'binary' }) };

export const exportPaths: ZodOpenApiPathsObject = {
  '/v1/export': {
    get: {
      summary: 'Export sealed records, streamed; that it was done is sealed before the first byte',
      description:
        'For auditors and owners. `csv` and `jsonl` hold the records that fit, `bundle` every record of each action that has one, with all that verifies it offline.',
      requestParams: {
        query: z.object({ format: z.enum(EXPORT_FORMATS).default('bundle'), ...recordFilterShape }),
      },
      responses: {
        '200': {
          description: 'The file. A connection that ends early holds no export.',
          headers: z.object({
            'Countersign-Receipt': z.string().meta({ description: 'Hash of the record of this export.' }),
            'Content-Disposition': z.string(),
          }),
          content: { 'text/csv': file, 'application/jsonl': file, 'application/gzip': file },
        },
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
