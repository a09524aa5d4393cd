import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { statementListSchema, statementMappingSchema, comparedStatementSchema } from '../../contract/views/index.ts';
import type { Authentication, Statements } from '../../gateway/types.ts';
import { jsonBody } from '../body.ts';
import { callerOf, parseBody, parseQuery } from '../input.ts';
import { COMMON, json, ok, problem } from '../openapi-parts.ts';
import { timeFilterShape } from './records.ts';

/** Bytes of a statement within JSON; as `text/csv` it is read as it comes, however long. */
const BODY_MAX = 4 * 1024 * 1024;

const about = {
  source: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, 'is a short name, such as bank')
    .meta({ description: 'Whose statement it is, such as `bank`: how it is read is kept under this name.' }),
  file: z.string().max(256).optional().meta({ description: 'Name of the file.' }),
  surface: z.string().optional().meta({ description: 'Compared with this surface only.' }),
  ...timeFilterShape,
};

const inputSchema = z
  .strictObject({
    ...about,
    mapping: statementMappingSchema.optional().meta({ description: 'As for the source before where it is left out.' }),
    csv: z.string().meta({ description: 'The statement: a table with a row of headings.' }),
  })
  .meta({ id: 'StatementInput' });

const { by, key, amount, currency, at, separator, decimal } = statementMappingSchema.shape;
const columns = { by: by.optional(), key: key.optional(), amount, currency, at, separator, decimal };
const querySchema = z.object({
  ...about,
  source: about.source.optional(),
  ...columns,
  minor: z.enum(['true', 'false']).optional(),
});

/** Reconciliation with banks, card processors and clouds. */
export function statementRoutes(gateway: Authentication & Statements): Router {
  const router = Router();
  router.get('/v1/statements', async (request, response) => {
    response.json(await gateway.statements(await callerOf(gateway, request)));
  });
  router.post('/v1/statements', ...jsonBody({ limit: BODY_MAX }), async (request, response) => {
    const caller = await callerOf(gateway, request);
    if (request.is('text/csv') === false) {
      const { csv, ...input } = parseBody(inputSchema, request.body);
      response.status(201).json(await gateway.reconcileStatement(caller, input, pieceOf(csv)));
      return;
    }
    const { source, file, surface, from, to, minor, ...mapping } = parseQuery(querySchema, request);
    const asked = { source: parseBody(about.source, source), file, surface, from, to };
    const isNew = Object.values(mapping).some((value) => value !== undefined);
    const read = { ...mapping, ...(minor === undefined ? {} : { minor: minor === 'true' }) };
    const input = isNew ? { ...asked, mapping: parseBody(statementMappingSchema, read) } : asked;
    response.status(201).json(await gateway.reconcileStatement(caller, input, request));
  });
  return router;
}

async function* pieceOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text, 'utf8'));
}

export const statementPaths: ZodOpenApiPathsObject = {
  '/v1/statements': {
    get: {
      summary: 'Statements that were compared with what was governed, newest first',
      description: 'For auditors and owners.',
      responses: {
        ...ok(statementListSchema, 'The newest 200.'),
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
    post: {
      summary:
        'Compare a statement of a bank, a card processor or a cloud with what was governed; the result is sealed',
      description:
        'For auditors and owners. Names every effect without a release, of another amount or currency, and on it twice, and what was executed and is not on it. As `text/csv` it is read as it comes, with the rest in the query.',
      requestParams: { query: querySchema },
      requestBody: {
        required: true,
        content: {
          ...json(inputSchema).content,
          'text/csv': { schema: z.string(), example: 'reference,amount,currency\nre_991,420.50,USD\n' },
        },
      },
      responses: {
        '201': { description: 'What differs.', ...json(comparedStatementSchema) },
        ...COMMON,
        '403': problem('Neither an auditor nor an owner.'),
      },
    },
  },
};
