import { CountersignError, type Action, type DecisionInput, type Judgement } from '../contract/index.ts';
import { wordOf } from '../approval/index.ts';
import { evaluate, requiredFacts } from '../policy/index.ts';
import { activeDelegation, mayAsk, spokenForBy, type Caller } from '../identity/index.ts';
import { peopleFacts } from '../engine/judge.ts';
import { readActionState, withPermit } from '../engine/seal.ts';
import { isEngineSurface } from '../engine/activation.ts';
import type { ActionState } from '../engine/action-state.ts';
import {
  answerUpdate,
  cancelUpdate,
  decideUpdate,
  outcomeUpdate,
  reconcileUpdate,
  reviewUpdate,
} from '../workflows/messages.ts';
import { isOwner, isRequester, notFound, speaksFor, visible } from './access.ts';
import { delegate, listDelegations, revokeDelegation } from './delegations.ts';
import { backtest } from './backtest.ts';
import { revokeKey, rotateKey, signingKeys } from './keys.ts';
import { listApiKeys, makeApiKey, revokeApiKey } from './api-keys.ts';
import type { GatewayDeps } from './deps.ts';
import { erase } from './erasure.ts';
import { exportRecords } from './export.ts';
import { freeze, thaw } from './freezes.ts';
import { openCommitment } from './openings.ts';
import { decisionOptions, enrolPasskey, listPasskeys, passkeyOptions, revokePasskey } from './passkeys.ts';
import { redeem } from './permits.ts';
import { breakGlassReport, listReviews } from './reviews.ts';
import { isPublished, listPolicies, preparePublication, readPolicy, storedBundle } from './policies.ts';
import { listRecords, readReceipt, readRecord, readShown } from './records.ts';
import { replay } from './replay.ts';
import { createStarter, parseRequest } from './request.ts';
import { workflowIdOf } from '../engine/ids.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import { fromTemporal } from './temporal-errors.ts';
import type { Answered, Gateway, SlackEvidence } from './types.ts';
import { waitFor } from './wait.ts';

export type { Gateway } from './types.ts';

/** An update's answer is waited for this long; past it the caller is told to look again. */
const UPDATE_MS = 15_000;
/** A released publication is carried out at once; past this the caller is told to look again. */
const CARRIED_OUT_MS = 10_000;

const isParked = (action: Action): boolean => action.status === 'supervised' || action.status === 'evaluating';

export function createGateway(deps: GatewayDeps): Gateway {
  const requester = createStarter(deps);

  const read = async (tenant: string, id: string): Promise<{ state: ActionState; action: Action }> => {
    if (!/^act_[0-9a-f]{64}$/.test(id)) throw notFound();
    const stored = await readActionState(deps, tenant, id);
    if (stored === null) throw notFound();
    return { state: stored.state, action: await withPermit(deps, stored.state, stored.sealedPermit) };
  };
  const update = async (tenant: string, id: string, name: string, message: object): Promise<Action> => {
    try {
      return await deps.client.withDeadline(Date.now() + UPDATE_MS, () =>
        deps.client.workflow
          .getHandle(workflowIdOf(tenant, id))
          .executeUpdate<Action, [object]>(name, { args: [message] }),
      );
    } catch (error) {
      throw fromTemporal(error);
    }
  };
  /** Every refused attempt is kept: who tried, through which door, and why it did not count. */
  const attempt = async (caller: Caller, id: string, door: string, work: () => Promise<Action>): Promise<Action> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof CountersignError && error.status < 500) {
        await deps.store.attempts.add({
          tenant: caller.tenant,
          action: id,
          by: caller.id,
          door,
          code: error.code,
          at: deps.now().toISOString(),
        });
      }
      throw error;
    }
  };

  /** An approver in front of an action, and for whom they stand in. */
  const approving = async (
    caller: Caller,
    id: string,
  ): Promise<{ state: ActionState; delegation: { id: string; from: string } | null }> => {
    const { state } = await read(caller.tenant, id);
    if (caller.kind !== 'person') {
      throw new CountersignError(
        'not-an-approver',
        'a key is not a person; decide with the token of one of the approvers',
      );
    }
    const delegation = await delegationFor(caller, state);
    checkApprover(caller, state, delegation?.from ?? null);
    return { state, delegation };
  };

  const decide = async (
    caller: Caller,
    id: string,
    input: DecisionInput,
    door: 'slack' | 'console' | 'api' | 'cli',
    evidence: SlackEvidence | undefined,
  ): Promise<Action> => {
    const { state, delegation } = await approving(caller, id);
    const attestation = await deps.attestor.attest({
      kind: 'decide',
      tenant: caller.tenant,
      action: id,
      by: caller.id,
      via: door,
      requestHash: state.action.requestHash,
      decision: input.decision,
      // Said without a stage it is about the one that is open now: the same word, sent twice, never counts for the next one too.
      stage: input.stage ?? state.approval?.stage ?? null,
      reason: input.reason ?? null,
      changes: input.changes ?? null,
      until: input.until ?? null,
      slack: evidence?.slack ?? null,
      shown: evidence?.shown ?? null,
      responsibility: input.decision === 'approve' ? (evidence?.responsibility ?? RESPONSIBILITY) : null,
      delegation,
      assurance: input.passkey === undefined ? null : { credential: input.passkey.id, ...input.passkey.response },
    });
    const action = await update(caller.tenant, id, decideUpdate.name, { attestation });
    return { ...action, permit: null };
  };

  const review: Gateway['review'] = async (caller, id, input, door, evidence) => {
    const { state } = await read(caller.tenant, id);
    if (caller.kind !== 'person') {
      throw new CountersignError(
        'not-an-approver',
        'a key is not a person; review with the token of one of the reviewers',
      );
    }
    if (state.review === null || state.review.status === 'done') {
      throw new CountersignError('not-open', 'this action has no open review');
    }
    const attestation = await deps.attestor.attest({
      kind: 'review',
      tenant: caller.tenant,
      action: id,
      by: caller.id,
      via: door,
      ...input,
      slack: evidence?.slack ?? null,
      shown: evidence?.shown ?? null,
    });
    return { ...(await update(caller.tenant, id, reviewUpdate.name, { attestation })), permit: null };
  };

  /** Of several people that the caller stands in for, the first who is still here and has not used their word. */
  const delegationFor = async (caller: Caller, state: ActionState): Promise<{ id: string; from: string } | null> => {
    const { approval } = state;
    const stage = approval?.stages[approval.stage];
    if (approval === null || stage === undefined || stage.approvers.includes(caller.id)) return null;
    const now = deps.now();
    const delegations = await deps.store.delegations.active(caller.tenant, now.toISOString());
    const held = stage.approvers.flatMap((from) => {
      const found = activeDelegation(delegations, { from, to: caller.id, surface: state.surface, now: now.getTime() });
      return found === null ? [] : [{ id: found.id, from }];
    });
    const directory = deps.directory.current();
    const counts = held.find(({ from }) => directory.active(from) && wordOf(approval, approval.stage, from) === null);
    return counts ?? held[0] ?? null;
  };

  /** As {@link visible}, and for whoever stands in for somebody who is asked now. */
  const seenBy = async (caller: Caller, state: ActionState, action: Action): Promise<Action> => {
    try {
      return visible(caller, state, action);
    } catch (error) {
      const standsIn = caller.kind === 'person' && (await delegationFor(caller, state)) !== null;
      if (standsIn) return { ...action, permit: null };
      throw error;
    }
  };

  const look = async (caller: Caller, id: string, waitMs: number): Promise<Action> => {
    for (const deadline = Date.now() + waitMs; ;) {
      const left = deadline - Date.now();
      const news = waitFor(deps, caller.tenant, id, () => true, Math.max(0, left));
      const { state, action } = await read(caller.tenant, id);
      const seen = await seenBy(caller, state, action);
      const open = isEngineSurface(state.surface) ? !isPublished(action) : isParked(action);
      if (left <= 0 || !open) {
        news.cancel();
        return seen;
      }
      await news.done;
    }
  };

  /** The action as it stands after `waitMs` at most, where it is parked; with its proof where it is refused. */
  const awaited = async (caller: Caller, answered: Action, waitMs: number): Promise<Answered> => {
    const action = isParked(answered) && waitMs > 0 ? await look(caller, answered.id, waitMs) : answered;
    const newest = action.records.at(-1);
    const refused = ['refused', 'expired', 'cancelled'].includes(action.status) && newest !== undefined;
    return { action, receipt: refused ? await deps.evidence.receipt(caller.tenant, newest) : null };
  };

  return {
    authenticate: deps.authenticate,

    async submit(authorization, body, idempotencyKey, waitMs) {
      const { caller, beginning } = await requester.arrive(authorization, idempotencyKey);
      return awaited(caller, await requester.request(caller, body, idempotencyKey, beginning), waitMs);
    },

    async request(caller, body, idempotencyKey, waitMs) {
      return awaited(caller, await requester.request(caller, body, idempotencyKey), waitMs);
    },

    action: look,

    decide: (caller, id, input, door, evidence) =>
      attempt(caller, id, door, () => decide(caller, id, input, door, evidence)),

    async check(caller, id) {
      const { state } = await read(caller.tenant, id);
      if (state.review !== null && state.review.status !== 'done') {
        if (state.review.reviewers.includes(caller.id)) return;
        throw new CountersignError('not-an-approver', 'you are not one of the reviewers that policy names');
      }
      checkApprover(caller, state, (await delegationFor(caller, state))?.from ?? null);
    },

    async decisionOptions(caller, id, input, door) {
      const { state, delegation } = await approving(caller, id);
      return decisionOptions(deps, caller, state, input, { door, delegation });
    },
    passkeyOptions: (caller) => passkeyOptions(deps, caller),
    enrolPasskey: (caller, input) => enrolPasskey(deps, caller, input),
    passkeys: (caller) => listPasskeys(deps, caller),
    revokePasskey: (caller, id, reason) => revokePasskey(deps, caller, id, reason),

    answer: (caller, id, text) =>
      attempt(caller, id, 'api', async () => {
        const { state } = await read(caller.tenant, id);
        if (!isRequester(caller, state)) throw notFound();
        const attestation = await deps.attestor.attest({
          kind: 'answer',
          tenant: caller.tenant,
          action: id,
          by: caller.id,
          via: 'api',
          reason: text,
        });
        return update(caller.tenant, id, answerUpdate.name, { attestation });
      }),

    cancel: (caller, id) =>
      attempt(caller, id, 'api', async () => {
        const { state } = await read(caller.tenant, id);
        if (!isRequester(caller, state)) {
          throw new CountersignError('forbidden', 'only the requester withdraws an action; as an approver, refuse it');
        }
        const attestation = await deps.attestor.attest({
          kind: 'cancel',
          tenant: caller.tenant,
          action: id,
          by: caller.id,
          via: 'api',
        });
        return update(caller.tenant, id, cancelUpdate.name, { attestation });
      }),

    redeem: (caller, input) => redeem(deps, caller, input),

    async report(caller, id, outcome) {
      const { state } = await read(caller.tenant, id);
      if (!speaksFor(caller, state) && !isRequester(caller, state)) throw notFound();
      const attestation = await deps.attestor.attest({
        kind: 'outcome',
        tenant: caller.tenant,
        action: id,
        by: caller.id,
        via: 'api',
        status: outcome.status,
      });
      try {
        return visible(caller, state, await update(caller.tenant, id, outcomeUpdate.name, { ...outcome, attestation }));
      } catch (error) {
        if (error instanceof CountersignError && error.code === 'not-open') return repeated(caller, id, outcome);
        throw error;
      }
    },

    reconcile: (caller, id, input) =>
      attempt(caller, id, 'api', async () => {
        await read(caller.tenant, id);
        if (!isOwner(caller)) throw new CountersignError('forbidden', 'only an owner settles an unreported action');
        const attestation = await deps.attestor.attest({
          kind: 'reconcile',
          tenant: caller.tenant,
          action: id,
          by: caller.id,
          via: 'api',
          ...input,
        });
        return update(caller.tenant, id, reconcileUpdate.name, { attestation });
      }),

    async evaluate(caller, body): Promise<Judgement> {
      const request = parseRequest(body);
      const conflict = mayAsk(caller, request, deps.directory.current());
      if (conflict?.kind === 'surface') throw new CountersignError('forbidden', conflict.detail);
      const hash = await deps.bundles.inForce(caller.tenant);
      const bundle = hash === null ? null : await storedBundle(deps, caller.tenant, hash);
      if (bundle === null) throw new CountersignError('unavailable', 'no policy is in force; publish a bundle first');
      const now = deps.now();
      const required = requiredFacts(bundle, request);
      const spokenFor = spokenForBy(caller, request);
      return evaluate(
        bundle,
        request,
        {
          now: now.toISOString(),
          limits: await deps.store.limits.usage(caller.tenant, '', required.limits, now),
          people: peopleFacts(deps, request, required.people),
          conflict: conflict?.detail ?? null,
          ...(spokenFor === null ? {} : { spokenFor }),
        },
        { trace: true },
      );
    },

    review: (caller, id, input, door, evidence) =>
      attempt(caller, id, door, () => review(caller, id, input, door, evidence)),
    reviews: (caller, status) => listReviews(deps, caller, status),
    breakGlassReport: (caller, from, to) => breakGlassReport(deps, caller, from, to),
    makeApiKey: (caller, input) => makeApiKey(deps, caller, input),
    apiKeys: (caller) => listApiKeys(deps, caller),
    revokeApiKey: (caller, id) => revokeApiKey(deps, caller, id),
    rotateKey: (caller, input) => rotateKey(deps, caller, input),
    revokeKey: (caller, input) => revokeKey(deps, caller, input),
    signingKeys: (caller) => signingKeys(deps, caller),
    freeze: (caller, input, door, slack) => freeze(deps, caller, input, { door, slack: slack ?? null }),
    thaw: (caller, id, reason, door, slack) => thaw(deps, caller, id, reason, { door, slack: slack ?? null }),
    async freezes(caller) {
      const active = await deps.store.freezes.active(caller.tenant);
      return active.map(({ id, scope, value, reason, by, at }) => ({ id, scope, value, reason, by, at }));
    },
    delegate: (caller, input) => delegate(deps, caller, input),
    delegations: (caller) => listDelegations(deps, caller),
    revokeDelegation: (caller, id) => revokeDelegation(deps, caller, id),
    records: (caller, filter, cursor, limit) => listRecords(deps, caller, filter, cursor, limit),
    record: (caller, hash) => readRecord(deps, caller, hash),
    receipt: (caller, hash) => readReceipt(deps, caller, hash),
    export: (caller, format, filter) => exportRecords(deps, caller, format, filter),
    shown: (caller, hash) => readShown(deps, caller, hash),
    erase: (caller, id, reason) => erase(deps, caller, id, reason),
    open: (caller, hash, input) => openCommitment(deps, caller, hash, input),

    async publishPolicy(caller, input, idempotencyKey, waitMs) {
      const request = await preparePublication(deps, caller, input, idempotencyKey);
      const answered = await this.request(caller, request, idempotencyKey, waitMs);
      if (answered.action.status !== 'released') return answered;
      const action = await this.action(caller, answered.action.id, CARRIED_OUT_MS);
      return { ...answered, action };
    },
    policies: (caller, cursor, limit) => listPolicies(deps, caller, cursor, limit),
    policy: (caller, hash) => readPolicy(deps, caller, hash),
    backtest: (caller, input) => backtest(deps, caller, input),
    replay: (caller, hash) => replay(deps, caller, hash),
  };

  /** A report to a workflow that closed: the same one again is the same answer. */
  async function repeated(caller: Caller, id: string, outcome: Parameters<Gateway['report']>[2]): Promise<Action> {
    const { state, action } = await read(caller.tenant, id);
    if (state.outcome?.status === outcome.status && state.outcome.reference === (outcome.reference ?? null)) {
      return visible(caller, state, action);
    }
    throw new CountersignError(
      'outcome-already-reported',
      `this action was already settled as ${action.status}; nothing was changed`,
    );
  }
}

/** Early and plain, before anything enters the workflow's history; the reducer checks it all again. */
function checkApprover(caller: Caller, state: ActionState, delegator: string | null): void {
  const { approval, plan } = state;
  if (approval === null || plan === null) {
    throw new CountersignError('not-open', `this action never waited for a decision; it is ${state.action.status}`);
  }
  if (plan.excluded.includes(caller.id)) {
    throw new CountersignError(
      'own-request',
      'you asked for this yourself, or it is asked on your behalf; somebody else must decide',
    );
  }
  const asked = approval.stages.some(({ approvers }) => approvers.includes(caller.id));
  if (!asked && delegator === null) {
    throw new CountersignError('not-an-approver', 'you are not one of the approvers that policy names for this action');
  }
  if (state.action.status !== 'supervised') {
    const last = approval.stages.flatMap(({ decisions }) => decisions).at(-1);
    const who = last === undefined ? '' : `: ${last.by} said ${last.decision} at ${last.at}`;
    throw new CountersignError('not-open', `this action is already ${state.action.status}${who}; nothing was changed`);
  }
}
