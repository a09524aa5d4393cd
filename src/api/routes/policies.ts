import express, { Router, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { actorSchema, CountersignError } from '../../contract/index.ts';
import type { Caller } from '../../identity/index.ts';
import type { Authentication, Policies, Records } from '../../gateway/types.ts';
import { parseBody, pathText, queryText, waitOf } from '../input.ts';
import { sendAnswer } from './actions.ts';

/** Bytes of a policies folder as a body; a compiled OPA policy alone has hundreds of KiB. */
const BODY_MAX = 8 * 1024 * 1024;
const MAX_LIMIT = 500;

const bundleHash = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a bundle hash is `sha256:` and 64 hexadecimal digits');
const files = z
  .array(z.strictObject({ path: z.string().min(1).max(512), text: z.string().max(BODY_MAX) }))
  .min(1)
  .max(5000)
  .meta({ description: 'The files of a policies folder: policies, cases, holidays, Cedar, OPA (base64).' });

const candidate = {
  files: files.optional(),
  bundle: bundleHash.optional().meta({ description: 'A stored bundle, instead of files.' }),
};
const oneOfTwo = (it: { files?: unknown; bundle?: unknown }): boolean =>
  (it.files === undefined) !== (it.bundle === undefined);
const ONE = { message: 'give either `files` or `bundle`', path: ['files'] };

export const publicationSchema = z
  .strictObject({
    ...candidate,
    reason: z.string().trim().min(1).max(2000),
    actor: actorSchema.optional().meta({ description: 'Who asks; a person asks as themself.' }),
  })
  .refine(oneOfTwo, ONE)
  .meta({ id: 'PolicyPublication' });

export const backtestSchema = z
  .strictObject({
    ...candidate,
    base: z.strictObject(candidate).refine(oneOfTwo, ONE).optional().meta({
      description: 'Compare with the verdicts of this bundle instead of the sealed ones.',
    }),
    from: z.iso.datetime({ offset: true }).optional(),
    to: z.iso.datetime({ offset: true }).optional(),
    surface: z.string().max(128).optional(),
  })
  .refine(oneOfTwo, ONE)
  .meta({ id: 'Backtest' });

const callerOf = (response: Response): Caller => response.locals['caller'] as Caller;

/**
 * Policies: which are in force, what they say, publishing, and trying a candidate on sealed history. Mounted before the general body
 * parser: who calls is known before a large body is read.
 */
export function policyRoutes(gateway: Authentication & Policies & Pick<Records, 'replay'>): Router {
  const router = Router();
  const authenticated: RequestHandler = async (request, response, next) => {
    response.locals['caller'] = await gateway.authenticate(request.get('authorization'));
    next();
  };
  const body = express.json({ limit: BODY_MAX, strict: true, inflate: false, type: ['application/json'] });

  router.post('/v1/policies', authenticated, body, async (request, response) => {
    const { action, receipt } = await gateway.publishPolicy(
      callerOf(response),
      parseBody(publicationSchema, request.body),
      request.get('idempotency-key'),
      waitOf(request),
    );
    sendAnswer(response, action, receipt);
  });

  router.post('/v1/policies/backtest', authenticated, body, async (request, response) => {
    response.json(await gateway.backtest(callerOf(response), parseBody(backtestSchema, request.body)));
  });

  router.get('/v1/policies', authenticated, async (request, response) => {
    const limit = Number(queryText(request, 'limit') ?? 50);
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
      throw new CountersignError('invalid-request', `limit is a whole number from 1 to ${MAX_LIMIT}`);
    }
    response.json(await gateway.policies(callerOf(response), queryText(request, 'cursor'), limit));
  });

  router.get('/v1/policies/:bundle', authenticated, async (request, response) => {
    response.json(await gateway.policy(callerOf(response), pathText(request, 'bundle')));
  });

  router.get('/v1/records/:hash/replay', authenticated, async (request, response) => {
    response.json(await gateway.replay(callerOf(response), pathText(request, 'hash')));
  });

  return router;
}
