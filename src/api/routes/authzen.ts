/** The OpenID AuthZEN Authorization API 1.0: questions of gates that do not know Countersign. */
import { Router, type RequestHandler } from 'express';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  ACCESS_REQUEST_CAPABILITY,
  authzenConfigurationSchema,
  authzenDecisionSchema,
  authzenDecisionsSchema,
  questionSchema,
  questionsSchema,
  readIdempotencyKey,
  type AuthzenConfiguration,
} from '../../contract/index.ts';
import type { Authentication, Authzen } from '../../gateway/types.ts';
import { callerOf, parseBody } from '../input.ts';
import { body, COMMON, ok, problem } from '../openapi-parts.ts';
import { z } from 'zod';

export interface AuthzenSite {
  /** Where others reach this API; no slash at its end. */
  url: string;
  accessRequests: boolean;
}

/** Gives `X-Request-ID` back. It is only a name for logs: gateways let their callers choose it, so it does not identify a question. */
export const echoRequestId: RequestHandler = (request, response, next) => {
  const id = request.get('x-request-id');
  if (id !== undefined) response.setHeader('X-Request-ID', id);
  next();
};

/** The caller's own key of a question, if there is one. */
export const optionalKey = (lines: readonly string[] | undefined): string | undefined =>
  lines === undefined || lines.length === 0 ? undefined : readIdempotencyKey(lines);

const configuration = ({ url, accessRequests }: AuthzenSite): AuthzenConfiguration => ({
  policy_decision_point: url,
  access_evaluation_endpoint: `${url}/access/v1/evaluation`,
  access_evaluations_endpoint: `${url}/access/v1/evaluations`,
  ...(accessRequests
    ? { access_request_endpoint: `${url}/access/v1/requests`, jwks_uri: `${url}/.well-known/jwks.json` }
    : {}),
  capabilities: accessRequests ? [ACCESS_REQUEST_CAPABILITY] : [],
});

export function authzenRoutes(gateway: Authentication & Authzen, site: AuthzenSite): Router {
  const router = Router();
  router.get('/.well-known/authzen-configuration', (_request, response) => {
    response.json(configuration(site));
  });

  router.post('/access/v1/evaluation', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const question = parseBody(questionSchema, request.body);
    const key = optionalKey(request.headersDistinct['idempotency-key']);
    response.setHeader('Cache-Control', 'no-store').json(await gateway.authzenEvaluation(caller, question, key));
  });

  router.post('/access/v1/evaluations', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const questions = parseBody(questionsSchema, request.body);
    const key = optionalKey(request.headersDistinct['idempotency-key']);
    response.setHeader('Cache-Control', 'no-store');
    if (questions.evaluations === undefined || questions.evaluations.length === 0) {
      const question = parseBody(questionSchema, request.body);
      response.json(await gateway.authzenEvaluation(caller, question, key));
      return;
    }
    response.json({ evaluations: await gateway.authzenEvaluations(caller, questions, key) });
  });
  return router;
}

const requestParams = {
  header: z.object({
    'X-Request-ID': z.string().optional().meta({ description: 'Given back in the answer.' }),
    'Idempotency-Key': z
      .string()
      .max(255)
      .optional()
      .meta({ description: 'The same key and question get the same answer until an outcome is reported.' }),
  }),
};

export const authzenPaths: ZodOpenApiPathsObject = {
  '/.well-known/authzen-configuration': {
    get: {
      summary: 'What this policy decision point offers (AuthZEN Authorization API 1.0)',
      security: [],
      responses: ok(authzenConfigurationSchema, 'Its endpoints and capabilities.'),
    },
  },
  '/access/v1/evaluation': {
    post: {
      summary: 'Whether a subject may do something to a resource, once (AuthZEN)',
      description:
        'Policies say which questions are about their surface (`authzen`). `true` is a permit, taken: it is sealed and counted, and for one execution. `context.countersign` of the answer reports what became of it.',
      requestParams,
      ...body(questionSchema),
      responses: {
        ...ok(authzenDecisionSchema, 'The decision.'),
        ...COMMON,
        '403': problem('The credential does not reach the surface.'),
      },
    },
  },
  '/access/v1/evaluations': {
    post: {
      summary: 'Several questions at once, in their order (AuthZEN)',
      requestParams,
      ...body(questionsSchema),
      responses: {
        ...ok(
          z.union([authzenDecisionsSchema, authzenDecisionSchema]),
          'The decisions; one decision where no `evaluations` were sent.',
        ),
        ...COMMON,
        '403': problem('The credential does not reach the surface.'),
      },
    },
  },
};
