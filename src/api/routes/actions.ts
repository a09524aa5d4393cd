import { Router, type Response } from 'express';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  actionRequestSchema,
  actionSchema,
  checkShape,
  CountersignError,
  decisionInputSchema,
  outcomeInputSchema,
  OUTCOME_STATUSES,
  reasonSchema,
  type Action,
  type Receipt,
  RESPONSIBILITY,
} from '../../contract/index.ts';
import { executionResultSchema, wholeSchema } from '../../contract/views/index.ts';
import type { Actions, Approvals, Authentication, Outcomes } from '../../gateway/types.ts';
import { callerOf, doorOf, idempotencyKeyOf, parseBody, pathText, readFor, waitOf } from '../input.ts';
import { actionId, body, COMMON, json, ok, onAction, problem, wait } from '../openapi-parts.ts';
import { answerWithAction, name } from '../receipt-header.ts';
import { sendProblem } from '../problem.ts';
import { listActionsOperation } from './action-list.ts';

const answerInputSchema = z.strictObject({ text: reasonSchema }).meta({ id: 'Answer' });

const reconcileInputSchema = z
  .strictObject({ status: z.enum(OUTCOME_STATUSES), reason: reasonSchema })
  .meta({ id: 'Reconciliation' });

const location = (action: Action): string => `/v1/actions/${action.id}`;

/** A human said no: asking again, in whatever words, cannot help. */
const isFinal = ({ status, verdict }: Action): boolean =>
  status === 'refused' && (verdict?.basis === 'refused_before' || verdict?.decision === 'supervise');

/** Answers a new or repeated request as its status asks: released, supervised, refused with proof, or not judged yet. */
export function sendAnswer(response: Response, action: Action, receipt: Receipt | null): void {
  name(response, action).setHeader('Location', location(action));
  switch (action.status) {
    case 'supervised':
      response.status(202).json(action);
      return;
    case 'refused':
    case 'expired':
    case 'cancelled':
      sendProblem(
        response,
        new CountersignError('action-refused', refusalText(action), {
          extensions: { action, receipt, ...(isFinal(action) ? { final: true } : {}) },
        }),
      );
      return;
    case 'evaluating':
      throw new CountersignError(
        'unavailable',
        'the action is accepted but not judged yet, and nothing was released. ask again with the same key',
        {
          extensions: { action, retryAfter: 1 },
        },
      );
    default:
      response.status(200).json(action);
  }
}

export function actionRoutes(gateway: Authentication & Actions & Approvals & Outcomes): Router {
  const router = Router();
  router.post('/v1/actions', async (request, response) => {
    checkShape(request.body);
    const { action, receipt } = await gateway.submit(
      request.get('authorization'),
      request.body,
      await idempotencyKeyOf(gateway, request),
      waitOf(request),
    );
    sendAnswer(response, action, receipt);
  });

  router.get('/v1/actions/:id', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const action = await gateway.action(caller, pathText(request, 'id'), waitOf(request));
    answerWithAction(response, action);
  });

  router.get('/v1/actions/:id/whole', async (request, response) => {
    response.json(await gateway.whole(await callerOf(gateway, request), pathText(request, 'id')));
  });

  router.post('/v1/actions/:id/decisions', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(decisionInputSchema, request.body);
    const door = doorOf(request, caller, { signed: input.passkey !== undefined });
    const action = await gateway.decide(caller, pathText(request, 'id'), input, door);
    answerWithAction(response, action);
  });

  router.post('/v1/actions/:id/answer', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const { text } = parseBody(answerInputSchema, request.body);
    const action = await gateway.answer(caller, pathText(request, 'id'), text);
    answerWithAction(response, action);
  });

  router.post('/v1/actions/:id/cancel', async (request, response) => {
    const action = await gateway.cancel(await callerOf(gateway, request), pathText(request, 'id'));
    answerWithAction(response, action);
  });

  router.post('/v1/actions/:id/permit', async (request, response) => {
    const action = await gateway.collect(await callerOf(gateway, request), pathText(request, 'id'));
    answerWithAction(response, action);
  });

  router.get('/v1/actions/:id/result', async (request, response) => {
    response.json(await gateway.result(await callerOf(gateway, request), pathText(request, 'id')));
  });

  router.post('/v1/actions/:id/outcome', async (request, response) => {
    const outcome = await readFor(gateway, request, () => parseBody(outcomeInputSchema, request.body));
    const action = await gateway.tell(request.get('authorization'), pathText(request, 'id'), outcome);
    answerWithAction(response, action);
  });

  router.post('/v1/actions/:id/reconcile', async (request, response) => {
    const caller = await callerOf(gateway, request);
    const input = parseBody(reconcileInputSchema, request.body);
    const action = await gateway.reconcile(caller, pathText(request, 'id'), input);
    answerWithAction(response, action);
  });

  return router;
}

function refusalText(action: Action): string {
  const reasons = action.verdict?.reasons.join('; ') ?? '';
  switch (action.status) {
    case 'expired':
      return 'nobody approved this action in time, so it is refused';
    case 'cancelled':
      return 'the requester withdrew this action';
    default:
      return reasons === '' ? 'this action is refused' : `this action is refused: ${reasons}`;
  }
}

export const actionPaths: ZodOpenApiPathsObject = {
  '/v1/actions': {
    get: listActionsOperation,
    post: {
      summary: 'Ask for an action to be released',
      requestParams: {
        query: z.object({ wait }),
        header: z.object({ 'Idempotency-Key': z.string().min(1).max(255) }),
      },
      ...body(actionRequestSchema),
      responses: {
        ...ok(actionSchema, 'Released; the permit is inside.'),
        '202': { description: 'Supervised: a named human must decide.', ...json(actionSchema) },
        '403': problem('Refused; `receipt` proves it.'),
        '413': problem('The body is too large.'),
        '422': problem('The idempotency key was used for another body.'),
        ...COMMON,
      },
    },
  },
  '/v1/actions/{id}': {
    get: {
      summary: 'Read an action',
      requestParams: { ...actionId, query: z.object({ wait }) },
      responses: { ...ok(actionSchema, 'The action.'), ...COMMON, '404': problem('No such action.') },
    },
  },
  '/v1/actions/{id}/whole': {
    get: {
      summary: 'Read everything that a decision rests on, uncut; that it was opened is sealed',
      requestParams: actionId,
      responses: {
        ...ok(wholeSchema, 'The whole, and what was shown.'),
        ...COMMON,
        '404': problem('No such action, or not yours to decide.'),
        '409': problem('The request was erased.'),
      },
    },
  },
  '/v1/actions/{id}/decisions': {
    post: onAction(`Decide a parked action as its approver. ${RESPONSIBILITY}`, decisionInputSchema),
  },
  '/v1/actions/{id}/answer': { post: onAction('Answer an approver who returned the action', answerInputSchema) },
  '/v1/actions/{id}/cancel': { post: onAction('Withdraw a parked action', null) },
  '/v1/actions/{id}/permit': {
    post: onAction('Get a fresh permit of a released action that nobody redeemed; the one before it is dead', null),
  },
  '/v1/actions/{id}/result': {
    get: {
      summary: 'Read what the engine got when a connector executed an action',
      requestParams: actionId,
      responses: {
        ...ok(executionResultSchema, 'The result.'),
        ...COMMON,
        '404': problem('No such action, or no result.'),
      },
    },
  },
  '/v1/actions/{id}/outcome': { post: onAction('Report what the executor did', outcomeInputSchema) },
  '/v1/actions/{id}/reconcile': { post: onAction('Settle an unreported action as its owner', reconcileInputSchema) },
};
