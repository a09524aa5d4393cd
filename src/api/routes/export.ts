import { pipeline } from 'node:stream/promises';
import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError } from '../../contract/index.ts';
import { EXPORT_FORMATS } from '../../export/index.ts';
import type { Exported } from '../../gateway/exported.ts';
import type { Authentication, ExportQuery, Exports } from '../../gateway/types.ts';
import { callerOf, queryText } from '../input.ts';
import { COMMON, problem } from '../openapi-parts.ts';
import { filterOf, recordFilterShape } from './records.ts';

/** Actions that a request names: it has to fit into the line of a request. */
const ACTIONS_MAX = 100;
const ACTION_ID = /^act_[0-9a-f]{64}$/;
const SAMPLE_MAX = 512;

const sampleShape = {
  actions: z
    .string()
    .optional()
    .meta({ description: `Ids of at most ${ACTIONS_MAX} actions, with commas between: only these.` }),
  sample: z.string().max(SAMPLE_MAX).optional().meta({
    description: 'With `actions`: what they were drawn by, such as the seed of a sample. Sealed with the export.',
  }),
};

const PARAMETERS = ['format', ...Object.keys(recordFilterShape), ...Object.keys(sampleShape)];

/** @throws CountersignError `invalid-request` */
function sampleOf(request: Request): Pick<ExportQuery, 'actions' | 'sample'> {
  const [named, sample] = [queryText(request, 'actions'), queryText(request, 'sample')];
  const wrong = (pointer: string, detail: string): CountersignError =>
    new CountersignError('invalid-request', detail, { errors: [{ pointer, detail }] });
  if (sample !== undefined && (named === undefined || sample.length > SAMPLE_MAX))
    throw wrong('/sample', `\`sample\` says in at most ${SAMPLE_MAX} characters what \`actions\` were drawn by`);
  if (named === undefined) return {};
  const actions = [...new Set(named.split(','))];
  if (actions.length > ACTIONS_MAX || !actions.every((id) => ACTION_ID.test(id)))
    throw wrong('/actions', `\`actions\` are ids of at most ${ACTIONS_MAX} actions, with commas between`);
  return { actions: actions.join(' '), ...(sample === undefined ? {} : { sample }) };
}

/**
 * `GET /v1/export`: made while it is read, so a slow reader costs nothing. A failure midway breaks the connection, so the file never looks
 * complete.
 */
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
    await sendExport(response, await gateway.export(caller, format, { ...filterOf(request), ...sampleOf(request) }));
  });
  return router;
}

/** Sends an export that is sealed already: its record says all about it. */
export async function sendExport(
  response: Response,
  { record, contentType, fileName, warning, stream }: Exported,
): Promise<void> {
  response.set({
    'Content-Type': contentType,
    'Content-Disposition': `attachment; filename="${fileName}"`,
    'Cache-Control': 'no-store',
    'Countersign-Receipt': record,
    ...(warning === null ? {} : { 'Countersign-Log': 'does-not-verify' }),
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
        query: z.object({ format: z.enum(EXPORT_FORMATS).default('bundle'), ...recordFilterShape, ...sampleShape }),
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
