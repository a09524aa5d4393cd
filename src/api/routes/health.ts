import { Router } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { CountersignError } from '../../contract/index.ts';
import { ok, problem } from '../openapi-parts.ts';

/** One thing that has to work before anything may be served. */
export interface ReadinessCheck {
  name: string;
  check(): Promise<void>;
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
          await check();
          return { name, ok: true };
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
};
