import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import {
  CountersignError,
  decisionInputSchema,
  outcomeInputSchema,
  OUTCOME_STATUSES,
  type Action,
  type Receipt,
} from '../../contract/index.ts';
import type { Actions, Approvals, Authentication, Outcomes } from '../../gateway/types.ts';
import { checkShape, parseBody, pathText, waitOf } from '../input.ts';
import { sendProblem } from '../problem.ts';
import { doorOf } from './passkeys.ts';

export const answerInputSchema = z.strictObject({ text: z.string().trim().min(1).max(2000) }).meta({ id: 'Answer' });

export const reconcileInputSchema = z
  .strictObject({ status: z.enum(OUTCOME_STATUSES), reason: z.string().trim().min(1).max(2000) })
  .meta({ id: 'Reconciliation' });

/** Every answer about an action names its newest record. */
function about(response: Response, action: Action): Response {
  const newest = action.records.at(-1);
  if (newest !== undefined) response.setHeader('Countersign-Receipt', newest);
  return response;
}

const location = (action: Action): string => `/v1/actions/${action.id}`;

/** Answers a new or repeated request as its status asks: released, supervised, refused with proof, or not judged yet. */
export function sendAnswer(response: Response, action: Action, receipt: Receipt | null): void {
  about(response, action).setHeader('Location', location(action));
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
          extensions: { action, receipt },
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
  const callerOf = (request: Request) => gateway.authenticate(request.get('authorization'));

  router.post('/v1/actions', async (request, response) => {
    checkShape(request.body);
    const { action, receipt } = await gateway.submit(
      request.get('authorization'),
      request.body,
      request.get('idempotency-key'),
      waitOf(request),
    );
    sendAnswer(response, action, receipt);
  });

  router.get('/v1/actions/:id', async (request, response) => {
    const caller = await callerOf(request);
    const action = await gateway.action(caller, pathText(request, 'id'), waitOf(request));
    about(response, action).json(action);
  });

  router.post('/v1/actions/:id/decisions', async (request, response) => {
    const caller = await callerOf(request);
    const input = parseBody(decisionInputSchema, request.body);
    const door = doorOf(request, input.passkey !== undefined);
    const action = await gateway.decide(caller, pathText(request, 'id'), input, door);
    about(response, action).json(action);
  });

  router.post('/v1/actions/:id/answer', async (request, response) => {
    const caller = await callerOf(request);
    const { text } = parseBody(answerInputSchema, request.body);
    const action = await gateway.answer(caller, pathText(request, 'id'), text);
    about(response, action).json(action);
  });

  router.post('/v1/actions/:id/cancel', async (request, response) => {
    const action = await gateway.cancel(await callerOf(request), pathText(request, 'id'));
    about(response, action).json(action);
  });

  router.post('/v1/actions/:id/outcome', async (request, response) => {
    const caller = await callerOf(request);
    const outcome = parseBody(outcomeInputSchema, request.body);
    const action = await gateway.report(caller, pathText(request, 'id'), outcome);
    about(response, action).json(action);
  });

  router.post('/v1/actions/:id/reconcile', async (request, response) => {
    const caller = await callerOf(request);
    const input = parseBody(reconcileInputSchema, request.body);
    const action = await gateway.reconcile(caller, pathText(request, 'id'), input);
    about(response, action).json(action);
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
