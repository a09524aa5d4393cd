import type { Action, ActionRequest, JsonObject, ReleaseRecord, VerdictRecord } from '../contract/index.ts';
import { CountersignError } from '../contract/index.ts';
import { releaseBasisOf } from '../contract/record.ts';
import { applyChanges, REFUSED_SINCE } from '../policy/index.ts';
import { discloseRequest, requestHash } from '../sealing/index.ts';
import type { Looked } from '../register/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { judgeAgain } from './judge-again.ts';
import { refusedForPlan } from './plans/refuse.ts';
import { isCarriedOut } from './activation.ts';
import type { EngineDeps } from './deps.ts';
import { draftRelease } from './draft-release.ts';
import type { Judgment } from './facts.ts';
import { neverADrill } from './drills.ts';
import { inDoubt } from './doubt.ts';
import { freezeReasonIn } from './freeze.ts';
import { checkWhole, hidesRecords } from './hidden.ts';
import { sealedFacts } from './facts.ts';
import { readLife, readPayload, type Life } from './life.ts';
import { keepPeople } from './people.ts';
import { sealVerdict } from './sealed-verdict.ts';
import { insist, nextHead, returnsOf, sealNext, withPermit } from './seal.ts';
import type { Released, ReleaseInput } from './types.ts';

type ReleaseDeps = Pick<
  EngineDeps,
  'store' | 'register' | 'sequencer' | 'signers' | 'hub' | 'now' | 'bundles' | 'directory' | 'oncall' | 'issuer'
>;

/**
 * Releases a supervised override that its sealed decisions complete, unless policy now refuses it. The current bundle judges the parked
 * action again, and the stricter of the two verdicts holds (contract section 5). Both are sealed. An incomplete or already released
 * override stays unchanged.
 */
export function release(deps: EngineDeps, input: ReleaseInput): Promise<Released> {
  const { tenant, id } = input.action;
  return insist(async () => {
    const life = await readLife(deps, tenant, id);
    if (life === null) throw new Error('a release of an action that is not stored');
    const { state } = life;
    const { approval } = state;
    if (state.action.status !== 'supervised' || approval?.status !== 'approved') {
      return { action: await withPermit(deps, state, life.sealedPermit), approval };
    }
    if (state.step !== undefined) return { frozen: 'it waits for its turn in its plan' };
    return releaseNow(deps, life, 'override');
  });
}

/**
 * Releases the step of a plan whose turn it is. The caller has read the whole plan. The step is released as it was reviewed, or not at all.
 * A step that is not ready stays unchanged.
 */
export function releaseStep(deps: ReleaseDeps, tenant: string, id: string): Promise<Released> {
  return insist(async () => {
    const life = await readLife(deps, tenant, id);
    if (life === null) throw new Error('a release of a step that is not stored');
    const { state, verdict } = life;
    const { approval, action } = state;
    const asked = approval !== null;
    if (action.status !== (asked ? 'supervised' : 'evaluating') || (asked && approval.status !== 'approved')) {
      return { action: await withPermit(deps, state, life.sealedPermit), approval };
    }
    return releaseNow(deps, life, asked ? 'override' : releaseBasisOf(verdict.verdict));
  });
}

/** Null if another record was sealed first. */
async function releaseNow(deps: ReleaseDeps, life: Life, basis: ReleaseRecord['basis']): Promise<Released | null> {
  const { tenant } = life.state.action;
  const looked = await deps.register.current(tenant);
  if (hidesRecords(looked, life)) return checkWhole(deps, life, looked);
  neverADrill(deps, looked, life.state.action);
  const asked = await askedAgain(deps, life, looked);
  if ('frozen' in asked) return asked;
  const { again } = asked;
  const differs = life.state.step !== undefined && asked.asAsked !== life.verdict.requestHash;
  if (differs) return released(life, await refuse(deps, life, asked, NOT_REVIEWED));
  if (again === null || again.judgement.verdict.decision === 'refuse') {
    return released(life, await refuse(deps, life, asked));
  }
  // Nobody can be asked about a single step any more. So if policy now wants a person, the step is refused.
  const wantsPeople = again.judgement.verdict.decision === 'supervise' && life.state.approval === null;
  if (wantsPeople) return released(life, await refuse(deps, life, asked, WANTS_PEOPLE));
  return released(life, await permit(deps, life, { ...asked, again }, basis));
}

const released = ({ state }: Life, action: Action | null): Released | null =>
  action === null ? null : { action, approval: state.approval };

/** Why a step is refused with the basis `plan`. */
const NOT_REVIEWED = 'it differs from the step that was reviewed in its plan';
const WANTS_PEOPLE = 'policy has come to want a person for it, and its plan was reviewed without one; ask for it alone';

/**
 * A fresh permit for a released action that nobody has redeemed, while it may be collected. The action is judged and freeze-checked again,
 * and the previous permit no longer counts.
 *
 * @throws CountersignError `not-open`, `permit-already-redeemed`, `frozen`, or `action-refused` where policy now refuses it
 */
export function collectPermit(deps: ReleaseDeps, tenant: string, id: string): Promise<Action> {
  return insist(async () => {
    const life = await readLife(deps, tenant, id);
    const before = life?.release ?? null;
    if (life === null || before === null || life.state.action.status !== 'released') {
      const how = life?.state.action.status ?? 'unknown';
      throw new CountersignError('not-open', `only a released action has a permit; this one is ${how}`);
    }
    if (life.redemption !== null) {
      throw new CountersignError(
        'permit-already-redeemed',
        'its permit was redeemed; report what became of it, or ask for a new action with a new key',
        { extensions: { redeemedAt: life.redemption.at } },
      );
    }
    if (before.offline === true) return aliveOffline(deps, life, before);
    if (before.collectUntil === undefined || deps.now().toISOString() >= before.collectUntil) {
      throw new CountersignError('not-open', 'the time to collect it has passed; ask for it anew with a new key');
    }
    const looked = await deps.register.current(tenant);
    if (hidesRecords(looked, life)) return checkWhole(deps, life, looked);
    neverADrill(deps, looked, life.state.action);
    const asked = await askedAgain(deps, life, looked);
    if ('frozen' in asked) throw new CountersignError('frozen', `${asked.frozen}; no permit is given while that holds`);
    const { again } = asked;
    if (again === null || again.judgement.verdict.decision === 'refuse') {
      const why = again?.judgement.verdict.reasons.join('; ') ?? 'no policy is in force';
      throw new CountersignError('action-refused', `policy has come to refuse it: ${why}; no fresh permit is given`);
    }
    return permit(deps, life, { ...asked, again }, before.basis, before);
  });
}

/** The only permit of an offline release. @throws CountersignError `permit-expired`, because it may have been used */
function aliveOffline(deps: ReleaseDeps, { state, sealedPermit }: Life, release: ReleaseRecord): Promise<Action> {
  if (deps.now().toISOString() < release.permit.expiresAt) return withPermit(deps, state, sealedPermit);
  throw new CountersignError(
    'permit-expired',
    'its permit has expired, and may have been used without the engine, so no other one is given; look whether it was, and report or reconcile it',
  );
}

interface Asked {
  /** Hash of the request as it was asked. */
  asAsked: string;
  /** The request as it may now be executed. */
  request: ActionRequest;
  changes: JsonObject | null;
  actionKey: Uint8Array;
  again: Judgment | null;
}

/** The current verdict on the request that was approved. */
async function askedAgain(deps: ReleaseDeps, life: Life, looked: Looked): Promise<Asked | { frozen: string }> {
  const { state, verdict } = life;
  const { tenant, id } = state.action;
  const payload = life.payload ?? (await readPayload(deps, tenant, id));
  if (payload === null) throw new Error('the payload of an open action is not in the store');
  const freeze = freezeReasonIn(looked, state.surface, payload.request.actor) ?? (await inDoubt(deps, life));
  if (freeze !== null) return { frozen: freeze };
  // Policy's own changes, where one of several policies constrains, and the approvers' on top of them.
  const all = { ...verdict.verdict.changes, ...state.approval?.changes };
  const changes = Object.keys(all).length === 0 ? null : all;
  const request = changes === null ? payload.request : applyChanges(payload.request, changes);
  const bundle = await deps.bundles.inForce(tenant);
  const again = bundle === null ? null : await judgeAgain(deps, verdict, bundle, request);
  const asAsked = requestHash(payload.request, payload.actionKey);
  return { request, changes, actionKey: payload.actionKey, again, asAsked };
}

/** @param differs why the plan refuses it, whatever policy says */
async function refuse(
  deps: ReleaseDeps,
  { state, verdict: first }: Life,
  asked: Asked,
  differs?: string,
): Promise<Action | null> {
  const { again, request, actionKey } = asked;
  const at = deps.now().toISOString();
  const seq = state.action.records.length;
  const verdict =
    differs === undefined
      ? {
          ...(again?.judgement.verdict ?? refusedBy(state.action)),
          reasons: [REFUSED_SINCE, ...(again?.judgement.verdict.reasons ?? ['no policy is in force'])],
        }
      : refusedForPlan(differs);
  const disclosure = discloseRequest(request, again?.judgement.disclose ?? [], actionKey, seq);
  const record: VerdictRecord = {
    ...nextHead(state.action, 'verdict', at),
    surface: state.surface,
    verb: state.verb,
    actor: state.actor,
    verdict: sealVerdict(verdict, again?.judgement.disclose ?? [], actionKey, { seq }),
    observed: null,
    facts:
      again === null
        ? { now: at, limits: [], people: {}, conflict: null }
        : sealedFacts(again, request, disclosure, actionKey, seq),
    plan: null,
    ...disclosure,
    ...returnsOf(first),
  };
  const action: Action = { ...state.action, status: 'refused', verdict, updatedAt: at };
  const draft = { record: await keepPeople(deps, record), releaseReservations: true };
  return sealNext(deps, { ...state, action }, [draft], null);
}

async function permit(
  deps: ReleaseDeps,
  { state }: Life,
  { again, request, actionKey, changes }: Asked & { again: Judgment },
  basis: ReleaseRecord['basis'],
  replaces?: ReleaseRecord,
): Promise<Action | null> {
  const at = deps.now();
  const seq = state.action.records.length;
  const { judgement } = again;
  const disclosure = discloseRequest(request, judgement.disclose, actionKey, seq);
  const made = await draftRelease(deps, {
    state,
    basis,
    request,
    changes,
    actionKey,
    rejudged: {
      verdict: sealVerdict(judgement.verdict, judgement.disclose, actionKey, { seq, place: 'rejudged' }),
      facts: sealedFacts(again, request, disclosure, actionKey, seq),
    },
    at,
    collectWithinMs: judgement.collectWithinMs ?? null,
    afterMs: judgement.releaseAfterMs,
    // A step may be withdrawn until it begins, so the engine must know of its beginning.
    offline: judgement.offline === true && state.step === undefined,
    ...(replaces === undefined ? {} : { replaces }),
  });
  const action: Action = { ...state.action, status: 'released', redeemedAt: null, updatedAt: at.toISOString() };
  const next: ActionState = { ...state, ...made.until, action };
  return sealNext(deps, next, [made.draft], isCarriedOut(request) ? null : made.permit);
}

function refusedBy(action: Action): NonNullable<Action['verdict']> {
  return {
    mode: 'enforce',
    changes: null,
    ...action.verdict,
    bundle: null,
    policy: null,
    rule: null,
    decision: 'refuse',
    basis: 'silence',
    reasons: [],
  };
}
