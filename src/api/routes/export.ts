import { pipeline } from 'node:stream/promises';
import { Router, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError } from '../../contract/index.ts';
import { EXPORT_FORMATS } from '../../export/index.ts';
import type { Exported } from '../../gateway/exported.ts';
import type { Authentication, Exports } from '../../gateway/types.ts';
import { callerOf, queryText } from '../input.ts';
import { COMMON, problem } from '../openapi-parts.ts';
import { filterOf, recordFilterShape } from './records.ts';

const PARAMETERS = ['format', ...Object.keys(recordFilterShape)];

/** `GET /v1/export`: made as it is read, so a slow reader costs nothing. What fails midway ends the connection, never the file. */
export function exportRoutes(gateway: Authentication & Exports): Router {
  const router = Router();
  router.get('/v1/export', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const format = EXPORT_FORMATS.find((one) => one === (queryText(request, 'format') ?? 'bundle'));
    if (format === undefined) {
      throw new CountersignError('invalid-request', `format is one of ${EXPORT_FORMATS.join(', ')}`);
    }
    // A mistyped filter must not become an export of everything.
    const unknown = Object.keys(request.query).find((name) => !PARAMETERS.includes(name));
    if (unknown !== undefined) {
      throw new CountersignError('invalid-request', `an export takes ${PARAMETERS.join(', ')}, and nothing else`);
    }
    await sendExport(response, await gateway.export(caller, format, filterOf(request)));
  });
  return router;
}

/** Sends an export that is sealed already: its record says all about it. */
export async function sendExport(
  response: Response,
  { record, contentType, fileName, stream }: Exported,
): Promise<void> {
  response.set({
    'Content-Type': contentType,
    'Content-Disposition': `attachment; filename="${fileName}"`,
    'Cache-Control': 'no-store',
    'Countersign-Receipt': record,
    Link: `</v1/records/${record}>; rel="describedby"`,
  });
  try {
    await pipeline(stream, response);
  } catch (error) {
    // The headers are sent already, and the truncated file must not look complete.
    if (!response.destroyed) response.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

export const file = { schema: z.string().meta({ format: 'binary' }) };

export const exportPaths: ZodOpenApiPathsObject = {
  '/v1/export': {
    get: {
      summary: 'Export sealed records, streamed; that it was done is sealed before the first byte',
      description:
        'For auditors and owners. `csv` and `jsonl` hold the records that fit, `ocsf` the same as events of OCSF 1.6, `bundle` every record of each action that has one, with all that verifies it offline.',
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
