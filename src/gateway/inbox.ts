/** What waits for a person, and what they decided lately: the same list for every door. */
import type { ActionState } from '../store/action-state.ts';
import { delegationsInForce } from '../engine/delegations.ts';
import { readActionState } from '../engine/seal.ts';
import { summaryOf } from '../engine/summary.ts';
import type { Caller } from '../identity/index.ts';
import { couldApprove } from './approvers.ts';
import type { GatewayDeps } from './deps.ts';
import { listReviews } from './reviews.ts';

export type InboxDeps = Pick<GatewayDeps, 'store' | 'register' | 'directory' | 'now'>;

/** A decision of the person, with how its action stands now. */
export interface DecidedAction {
  action: string;
  summary: string;
  decision: string;
  /** RFC 3339. */
  at: string;
  status: string;
}

/** Actions that this person could approve now, those first that expire first. */
export async function toDecide(deps: InboxDeps, { tenant, id }: Caller): Promise<ActionState[]> {
  const [rows, delegations] = await Promise.all([deps.store.actions.waiting(tenant), delegationsInForce(deps, tenant)]);
  return rows
    .map(({ view }) => view)
    .filter((state) => couldApprove(deps, delegations, id, state))
    .sort((a, b) => (a.approval?.expiresAt ?? 0) - (b.approval?.expiresAt ?? 0));
}

/** Break-glass releases that this person is to review, the first due first. */
export async function toReview(deps: InboxDeps, caller: Caller): Promise<ActionState[]> {
  const open = (await listReviews(deps, caller, undefined)).filter(
    ({ status, reviewers }) => status !== 'done' && reviewers.includes(caller.id),
  );
  const stored = await Promise.all(open.map(({ action }) => readActionState(deps, caller.tenant, action)));
  return stored.flatMap((one) => (one === null ? [] : [one.state]));
}

/** The person's own decisions, newest first. */
export async function decidedBy(deps: InboxDeps, { tenant, id }: Caller, limit: number): Promise<DecidedAction[]> {
  const { records } = await deps.store.records.list(tenant, { approver: id, type: 'decision' }, undefined, limit);
  const items = await Promise.all(
    records.map(async ({ record }) => {
      const stored = await readActionState(deps, tenant, record.action);
      if (stored === null || record.type !== 'decision') return null;
      return {
        action: record.action,
        summary: summaryOf(stored.state),
        decision: record.decision,
        at: record.at,
        status: stored.state.action.status,
      };
    }),
  );
  return items.filter((item) => item !== null);
}
