import { pipeline } from 'node:stream/promises';
import { Router } from 'express';
import { CountersignError } from '../../contract/index.ts';
import { EXPORT_FORMATS } from '../../export/index.ts';
import type { Authentication, Exports } from '../../gateway/types.ts';
import { queryText } from '../input.ts';
import { filterOf } from './records.ts';

const PARAMETERS = ['format', 'surface', 'action', 'actor', 'approver', 'decision', 'type', 'from', 'to', 'q'];

/** `GET /v1/export`: made as it is read, so a slow reader costs nothing. What fails midway ends the connection, never the file. */
export function exportRoutes(gateway: Authentication & Exports): Router {
  const router = Router();
  router.get('/v1/export', async (request, response) => {
    const caller = await gateway.authenticate(request.get('authorization'));
    const format = EXPORT_FORMATS.find((one) => one === (queryText(request, 'format') ?? 'bundle'));
    if (format === undefined) {
      throw new CountersignError('invalid-request', `format is one of ${EXPORT_FORMATS.join(', ')}`);
    }
    // A filter that was mistyped must not become an export of everything.
    const unknown = Object.keys(request.query).find((name) => !PARAMETERS.includes(name));
    if (unknown !== undefined) {
      throw new CountersignError('invalid-request', `an export takes ${PARAMETERS.join(', ')}, and nothing else`);
    }
    const { record, contentType, fileName, stream } = await gateway.export(caller, format, filterOf(request));
    response.set({
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="${fileName}"`,
      'Cache-Control': 'no-store',
      'Countersign-Receipt': record,
    });
    try {
      await pipeline(stream, response);
    } catch (error) {
      // Nobody is there to be told, and what was sent must not look whole.
      if (!response.destroyed) response.destroy();
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  });
  return router;
}
