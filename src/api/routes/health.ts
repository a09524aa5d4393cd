import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError } from '../../contract/index.ts';
import { ok, problem } from '../openapi-parts.ts';

/** One dependency that has to work before anything may be served. */
export interface ReadinessCheck {
  name: string;
  /** Rejects, within a second, where it does not work. @returns further details */
  check(): Promise<Readonly<Record<string, number>> | void>;
}

export function healthRoutes(checks: ReadinessCheck[]): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const results = await Promise.all(
      checks.map(async ({ name, check }) => {
        try {
          return { name, ok: true, ...(await check()) };
        } catch {
          return { name, ok: false };
        }
      }),
    );
    const failing = results.filter(({ ok }) => !ok).map(({ name }) => name);
    if (failing.length > 0) {
      throw new CountersignError(
        'unavailable',
        `not ready: ${failing.join(', ')} does not answer; nothing is released meanwhile`,
        {
          extensions: { checks: results },
        },
      );
    }
    response.json({ status: 'ready', checks: results });
  });
  return router;
}

export const healthPaths: ZodOpenApiPathsObject = {
  '/healthz': {
    get: {
      summary: 'Is the process alive',
      security: [],
      responses: ok(z.looseObject({ status: z.string() }), 'Alive.'),
    },
  },
  '/readyz': {
    get: {
      summary: 'Can actions be judged and sealed',
      security: [],
      responses: {
        ...ok(z.looseObject({ status: z.string() }), 'Ready.'),
        '503': problem('Something Countersign needs does not answer.'),
      },
    },
  },
  '/metrics': {
    get: {
      summary: 'What this process counts and measures',
      description:
        'In the text format of Prometheus. Here only where this port is bound to loopback, and not through a proxy; `COUNTERSIGN_METRICS_PORT` gives it a port of its own instead.',
      security: [],
      responses: {
        '200': { description: 'Series.', content: { 'text/plain': { schema: z.string() } } },
        '404': problem('Not on this port.'),
      },
    },
  },
};
