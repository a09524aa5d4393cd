/**
 * The OpenID AuthZEN Authorization API: a gate asks a yes-or-no question. `true` means that a permit was made and redeemed. The gate goes
 * ahead immediately, so the redemption is sealed before the answer, and each `true` is for one execution.
 */
import { randomUUID } from 'node:crypto';
import {
  questionSchema,
  isCountersignError,
  CountersignError,
  readRequest,
  type Action,
  type ActionRequest,
  type AuthzenDecision,
  type AuthzenQuestion,
  type Semantic,
} from '../contract/index.ts';
import { pointerOf } from '../canonical/index.ts';
import type { Caller } from '../identity/index.ts';
import { denied, questionKey, mapInForce } from './authzen-parts.ts';
import { bindDenial } from './denial-binding.ts';
import type { GatewayDeps } from './deps.ts';
import { evaluateRequest } from './evaluate.ts';
import { redeem } from './permits.ts';
import { redeemApproval } from './redeem-approval.ts';
import type { Authzen } from './authzen-types.ts';
import type { Actions } from './types.ts';

export function authzen(deps: GatewayDeps, asking: Pick<Actions, 'request' | 'cancel' | 'collect'>): Authzen {
  /** The request behind a question, or a denial where the question maps to none. */
  const requestOf = async (caller: Caller, question: AuthzenQuestion): Promise<ActionRequest | AuthzenDecision> => {
    const mapped = await mapInForce(deps, caller, question);
    return 'unclear' in mapped ? denied('unclear', mapped.unclear) : readRequest(mapped.request);
  };

  const taken = async (caller: Caller, action: Action, redeemer: string | undefined): Promise<AuthzenDecision> => {
    const { permit } = action;
    if (permit === null || action.verdict?.changes != null) return denied('constrained', CHANGED);
    try {
      await redeem(deps, caller, { permit, redeemer });
      return { decision: true, context: { evaluation_id: action.id, countersign: { action: action.id, permit } } };
    } catch (error) {
      if (!isCountersignError(error) || error.status >= 500) throw error;
      return denied(error.code, error.message, { evaluation_id: action.id });
    }
  };

  const asked = async (caller: Caller, request: ActionRequest, key: string | undefined): Promise<AuthzenDecision> => {
    const { action } = await asking.request(caller, request, questionKey(caller, 'evaluation', key ?? randomUUID()), 0);
    switch (action.status) {
      case 'released':
        return taken(caller, action, key);
      case 'supervised':
        // Policy changed between the look and the verdict, and now asks people. Nobody was to be asked yet.
        await asking.cancel(caller, action.id);
        return requestable(deps, caller, request, action.verdict?.reasons ?? []);
      case 'evaluating':
        throw new CountersignError('unavailable', 'no verdict was sealed in time; nothing was released. ask again', {
          extensions: { retryAfter: 1 },
        });
      default:
        return denied(action.verdict?.basis ?? action.status, wordsOf(action), { evaluation_id: action.id });
    }
  };

  const evaluation: Authzen['authzenEvaluation'] = async (caller, question, key) => {
    const request = await requestOf(caller, question);
    if ('decision' in request) return request;
    const { verdict } = await evaluateRequest(deps, caller, request);
    const approval = question.context?.['approval'];
    if (approval !== undefined && deps.accessRequests === true) {
      const answer = await redeemApproval(deps, asking, caller, { request, approval, redeemer: key });
      if (answer.decision || answer.context?.['next_action'] !== 'request') return answer;
      const again = verdict.decision === 'supervise' ? await requestable(deps, caller, request, verdict.reasons) : null;
      const hint = again?.context?.['access_request'];
      return hint === undefined
        ? { ...answer, context: { ...answer.context, next_action: 'none' } }
        : { ...answer, context: { ...again?.context, ...answer.context } };
    }
    switch (verdict.decision) {
      case 'supervise':
        return requestable(deps, caller, request, verdict.reasons);
      case 'constrain':
        return denied('constrained', CHANGED);
      default:
        return asked(caller, request, key);
    }
  };

  const one = async (caller: Caller, question: object, key: string | undefined): Promise<AuthzenDecision> => {
    const parsed = questionSchema.safeParse(question);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return failed(400, `${pointerOf(issue?.path ?? [])}: ${issue?.message ?? 'it does not fit'}`);
    }
    try {
      return await evaluation(caller, parsed.data, key);
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      return failed(error.status, error.message);
    }
  };

  return {
    authzenEvaluation: evaluation,
    async authzenEvaluations(caller, { evaluations = [], options, ...shared }, key) {
      const until = UNTIL[options?.evaluations_semantic ?? 'execute_all'];
      const answers: AuthzenDecision[] = [];
      // One after another, because the caller may not want the later ones once an earlier one is answered.
      for (const [index, question] of evaluations.entries()) {
        const answer = await one(caller, { ...shared, ...question }, key === undefined ? undefined : `${key}/${index}`);
        answers.push(answer);
        if (answer.decision === until) break;
      }
      return answers;
    },
  };
}

const CHANGED = 'policy allows it with changes only, which this interface cannot carry; use POST /v1/actions';

/** The answer after which no further question is evaluated. */
const UNTIL: Readonly<Record<Semantic, boolean | null>> = {
  execute_all: null,
  deny_on_first_deny: false,
  permit_on_first_permit: true,
};

const failed = (status: number, message: string): AuthzenDecision => ({
  decision: false,
  context: { error: { status, message } },
});

const wordsOf = ({ verdict, status }: Action): string => verdict?.reasons.join('; ') || `this action is ${status}`;

/** A denial that a human could overturn. Nobody is asked before an access request arrives. */
async function requestable(
  deps: GatewayDeps,
  caller: Caller,
  request: ActionRequest,
  reasons: readonly string[],
): Promise<AuthzenDecision> {
  const words = reasons.join('; ') || 'a named human must decide';
  if (deps.accessRequests !== true) return denied('approval_required', words);
  const evaluation = `eval_${randomUUID()}`;
  const { token, expiresAt } = await bindDenial(deps, caller, request, evaluation);
  return denied('approval_required', words, {
    evaluation_id: evaluation,
    evaluated_at: deps.now().toISOString(),
    access_request: { expires_at: expiresAt, binding_token: token },
  });
}
