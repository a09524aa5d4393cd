/** Standing approvals: given with an approval, listed, and ended with immediate effect. */
import { randomUUID } from 'node:crypto';
import { compareDecimals, formatDecimal, instantOf, parseDecimal } from '../canonical/index.ts';
import { CountersignError, type Action, type DecisionInput } from '../contract/index.ts';
import type { GrantView } from '../contract/views/index.ts';
import { sealInChain } from '../engine/chain.ts';
import { countersOfGrant } from '../engine/grants.ts';
import { peopleBehind } from '../engine/people.ts';
import type { Caller } from '../identity/index.ts';
import { tellGrant } from '../notify/tell-grant.ts';
import { amountAsked } from '../policy/index.ts';
import { grantBody, grantChain, isFolded, peopleEntry, PEOPLE_MAX, type GrantChange } from '../sealing/index.ts';
import type { GrantInForce } from '../register/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { isOwner, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';

/** What is granted, inside what policy allows. @throws CountersignError `change-not-allowed` · `invalid-request` */
export async function readGrant(
  deps: GatewayDeps,
  caller: Caller,
  state: ActionState,
  { decision, grant }: DecisionInput,
): Promise<Omit<GrantChange, 'state' | 'id' | 'decision'> | null> {
  if (grant === undefined) return null;
  const bounds = state.plan?.grants;
  const { verdict, tenant, id } = state.action;
  if (decision !== 'approve') throw new CountersignError('invalid-request', '`grant` belongs to `approve`');
  if (bounds === undefined || verdict?.policy == null || verdict.rule === null) {
    throw new CountersignError(
      'change-not-allowed',
      'policy lets nobody approve the like of this as well; approve this one alone',
    );
  }
  if (state.approval?.stages[0]?.approvers.includes(caller.id) !== true) {
    throw new CountersignError(
      'not-an-approver',
      'only an approver whom policy names gives a standing approval; a stand-in does not',
    );
  }
  const now = deps.now().getTime();
  const until = instantOf(grant.until) ?? Number.NaN;
  if (!(until > now) || until - now > bounds.withinMs) {
    const latest = new Date(now + bounds.withinMs).toISOString();
    throw new CountersignError('change-not-allowed', `\`grant.until\` is a time from now to ${latest} at most`);
  }
  const uses = grant.uses ?? bounds.uses;
  if (uses > bounds.uses)
    throw new CountersignError('change-not-allowed', `policy allows ${String(bounds.uses)} uses at most`);
  const upTo = grant.upTo === undefined ? bounds.upTo : formatDecimal(parseDecimal(grant.upTo));
  if (upTo !== null && bounds.upTo !== null && compareDecimals(parseDecimal(upTo), parseDecimal(bounds.upTo)) > 0) {
    throw new CountersignError('change-not-allowed', `policy allows ${bounds.upTo} in all at most`);
  }
  const stored = await deps.store.payloads.read(tenant, id);
  const bundle = verdict.bundle === null ? null : await deps.bundles.compiled(tenant, verdict.bundle);
  const policy = bundle?.policies.find(({ name }) => name === verdict.policy);
  const asked = stored === null || policy === undefined ? null : amountAsked(policy, stored.payload.request);
  // The record of each use shows the amount that is counted against the grant.
  if (upTo !== null && (asked?.value == null || !Object.hasOwn(state.disclosed, policy?.sameness.amount ?? ''))) {
    throw new CountersignError(
      'change-not-allowed',
      'this request has no amount that policy discloses, so nothing can be granted up to one',
    );
  }
  return {
    by: caller.id,
    action: id,
    policy: verdict.policy,
    rule: verdict.rule,
    surface: state.surface,
    verb: state.verb,
    actor: state.actor.id,
    effect: state.effect ?? null,
    approvers: [...(state.approval.stages[0]?.approvers ?? [])],
    until: new Date(until).toISOString(),
    uses,
    upTo,
    currency: upTo === null ? null : (asked?.currency ?? null),
  };
}

/** Seals a grant, after the approval that gave it was sealed and released its action. */
export async function giveGrant(
  deps: GatewayDeps,
  caller: Caller,
  action: Action,
  grant: Omit<GrantChange, 'state' | 'id' | 'decision'>,
): Promise<string | null> {
  if (!['released', 'executed'].includes(action.status)) return null;
  const sealed = await Promise.all(action.records.map((hash) => deps.store.records.get(caller.tenant, hash)));
  const decision = sealed.findLast((one) => one?.record.type === 'decision' && one.record.by === caller.id);
  if (decision == null) return null;
  const id = `grt_${randomUUID().replaceAll('-', '')}`;
  const change: GrantChange = { ...grant, id, decision: decision.hash, state: 'given' };
  await sealGrant(deps, caller, change, null, null);
  void tellGrant(deps, caller.tenant, change, caller.id);
  return id;
}

async function sealGrant(
  deps: GatewayDeps,
  { tenant, id: by }: Caller,
  change: GrantChange,
  record: string | null,
  reason: string | null,
): Promise<void> {
  const approvers = change.approvers.length > PEOPLE_MAX ? [peopleEntry(change.approvers)] : change.approvers;
  const [entry = ''] = approvers;
  if (isFolded(approvers) && !isFolded(change.approvers)) await deps.store.people.keep(tenant, entry, change.approvers);
  await sealInChain(deps, {
    tenant,
    type: 'grant',
    chain: grantChain(change.id),
    after: record === null ? null : { seq: 0, hash: record },
    at: deps.now().toISOString(),
    by,
    reason,
    body: grantBody({ ...change, approvers }),
    facets: { surface: change.surface, decision: change.state },
    attestedBy: deps.keys.attestation,
  });
}

/** Ends a grant immediately. Its giver, the other approvers and owners may do so. @throws CountersignError `not-found` */
export async function revokeGrant(deps: GatewayDeps, caller: Caller, id: string, reason: string | null): Promise<void> {
  const grant = (await deps.register.current(caller.tenant)).grants.get(id);
  if (grant === undefined || !(await concerns(deps, caller, grant))) {
    throw new CountersignError('not-found', 'there is no such standing approval, or it is not yours to end');
  }
  if (grant.revokedAt !== null) return;
  const { record, at: _at, revokedAt: _revokedAt, ...change } = grant;
  const ended: GrantChange = { ...change, state: 'revoked' };
  await sealGrant(deps, caller, ended, record, reason);
  void tellGrant(deps, caller.tenant, ended, caller.id);
}

async function concerns(deps: GatewayDeps, caller: Caller, { by, approvers }: GrantInForce): Promise<boolean> {
  if (isOwner(caller)) return true;
  if (caller.kind !== 'person') return false;
  return by === caller.id || (await peopleBehind(deps, caller.tenant, approvers)).includes(caller.id);
}

/** Current grants that concern the caller, each with what was used of it. */
export async function listGrants(deps: GatewayDeps, caller: Caller): Promise<GrantView[]> {
  const now = deps.now();
  const open = [...(await deps.register.current(caller.tenant)).grants.values()].filter(
    (grant) => grant.revokedAt === null && Date.parse(grant.until) > now.getTime(),
  );
  const seen = await Promise.all(open.map(async (grant) => mayAudit(caller) || (await concerns(deps, caller, grant))));
  const all = open.filter((_grant, at) => seen[at]);
  return Promise.all(
    all.map(async (grant) => {
      const { uses, sum } = countersOfGrant(grant, now.getTime());
      const counted = await deps.store.limits.usage(caller.tenant, '', sum === null ? [uses] : [uses, sum], now);
      const { id, by, action, policy, rule, surface, verb, actor, at, until, upTo, currency, record } = grant;
      const of = { id, by, action, policy, rule, surface, verb, actor, givenAt: at, until };
      return {
        ...of,
        uses: grant.uses,
        used: Number(counted[0]?.used ?? 0),
        upTo,
        sum: counted[1]?.used ?? '0',
        currency,
        record,
      };
    }),
  );
}
