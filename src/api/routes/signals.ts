import express, { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError, isCountersignError } from '../../contract/index.ts';
import type { SecurityEvents } from '../../gateway/session-types.ts';
import { problem } from '../openapi-parts.ts';

const TYPE = 'application/secevent+jwt';

/** Push delivery of security event tokens (RFC 8935): each is verified by its own signature. */
export function signalRoutes(gateway: SecurityEvents): Router {
  const router = Router();
  router.post('/signals/caep', express.text({ type: TYPE, limit: '64kb' }), async (request, response) => {
    try {
      const token: unknown = request.body;
      if (typeof token !== 'string' || token === '')
        throw new CountersignError('invalid-request', `send a security event token as ${TYPE}`);
      await gateway.securityEvent(token.trim());
      response.status(202).end();
    } catch (error) {
      if (!isCountersignError(error) || error.status >= 500) throw error;
      // RFC 8935 section 2.3: 400, with one of its codes.
      const err = error.code === 'unauthenticated' ? 'authentication_failed' : 'invalid_request';
      response.status(400).json({ err, description: error.message });
    }
  });
  return router;
}

const errorSchema = z.strictObject({ err: z.string(), description: z.string() }).meta({ id: 'SecurityEventError' });

export const signalPaths: ZodOpenApiPathsObject = {
  '/signals/caep': {
    post: {
      summary:
        'Take a security event of an identity provider (CAEP 1.0, RFC 8935): its person is stopped until they sign in anew',
      security: [],
      requestBody: {
        required: true,
        content: { [TYPE]: { schema: z.string().meta({ description: 'A security event token (RFC 8417).' }) } },
      },
      responses: {
        '202': { description: 'Taken.' },
        '400': {
          description: 'It does not count.',
          content: { 'application/json': { schema: errorSchema }, ...problem('It does not count.').content },
        },
      },
    },
  },
};
