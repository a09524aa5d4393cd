/** What waits for a person, and what they decided lately: the same list for every door. */
import type { ActionState } from '../store/action-state.ts';
import { actingIds, CountersignError } from '../contract/index.ts';
import type { Inbox, InboxItem } from '../contract/views/index.ts';
import { delegationsInForce } from '../engine/delegations.ts';
import { readKnown } from '../engine/life.ts';
import { readActionState } from '../engine/seal.ts';
import { summaryOf } from '../engine/summary.ts';
import type { Caller, Delegation } from '../identity/index.ts';
import { showAction } from '../notify/show.ts';
import { INBOX_KINDS, inboxCursor, type InboxKind, type InboxRow, type Projected } from '../store/index.ts';
import { couldApprove } from './approvers.ts';
import type { GatewayDeps } from './deps.ts';

/** Pages of the log that a request reads first, so that callers see their own earlier decisions. */
const PAGES = 4;

export type InboxDeps = Pick<GatewayDeps, 'store' | 'register' | 'directory' | 'signers' | 'readModel' | 'now'>;

/** A decision of the person, with how its action stands now. */
export interface DecidedAction {
  action: string;
  summary: string;
  decision: string;
  /** RFC 3339. */
  at: string;
  status: string;
}

/** Something that waits for a person, as its records say. */
export interface PendingItem {
  row: InboxRow;
  state: ActionState;
}

export interface InboxPage {
  items: PendingItem[];
  nextCursor: string | null;
  /** How much of the log it includes. */
  asOf: Projected;
}

/**
 * What waits for a person, the first due first. The read model names candidates; the records decide whether each one waits for them.
 *
 * @throws CountersignError `invalid-request` for a cursor that this API did not give
 */
export async function pendingFor(
  deps: InboxDeps,
  { tenant, id }: Caller,
  { kinds, cursor: after, limit }: { kinds: readonly InboxKind[]; cursor: string | undefined; limit: number },
): Promise<InboxPage> {
  const [asOf, delegations] = await Promise.all([
    deps.readModel.catchUp(tenant, PAGES),
    delegationsInForce(deps, tenant),
  ]);
  const deciders = [id, ...delegations.filter(({ to }) => to === id).map(({ from }) => from)];
  const items: PendingItem[] = [];
  let cursor = after;
  for (;;) {
    const rows = await deps.store.facts.awaiting(tenant, { person: id, deciders, kinds, cursor, limit: limit + 1 });
    const known = await Promise.all(rows.map(({ action }) => readKnown(deps, tenant, action)));
    for (const [at, row] of rows.entries()) {
      const state = known[at]?.state;
      if (state === undefined || !waits[row.kind](deps, delegations, id, state)) continue;
      if (items.length === limit) return { items, nextCursor: inboxCursor(last(items).row), asOf };
      items.push({ row, state });
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length <= limit) return { items, nextCursor: null, asOf };
    cursor = inboxCursor(end);
  }
}

function last(items: readonly PendingItem[]): PendingItem {
  const item = items.at(-1);
  if (item === undefined) throw new Error('a page has at least one item');
  return item;
}

type Waits = (deps: InboxDeps, delegations: readonly Delegation[], person: string, state: ActionState) => boolean;

/** Whether it waits for this person now. */
const waits: Record<InboxKind, Waits> = {
  decide: (deps, delegations, person, state) =>
    state.action.status === 'supervised' && couldApprove(deps, delegations, person, state),
  answer: (_deps, _delegations, person, { action, actor, approval }) =>
    action.status === 'supervised' && approval?.returned != null && actingIds(actor).includes(person),
  review: (_deps, _delegations, person, { review }) =>
    review !== null && review.status !== 'done' && review.reviewers.includes(person),
};

/** `GET /v1/inbox`. @throws CountersignError `forbidden` for a key: only people decide */
export async function inbox(
  deps: InboxDeps,
  caller: Caller,
  cursor: string | undefined,
  limit: number,
): Promise<Inbox> {
  if (caller.kind !== 'person') {
    throw new CountersignError(
      'forbidden',
      'a key is not a person, so nothing waits for it; ask with the token of a person',
    );
  }
  const page = await pendingFor(deps, caller, { kinds: INBOX_KINDS, cursor, limit });
  const items = await Promise.all(page.items.map((waiting) => itemOf(deps, caller.id, waiting)));
  return { items, asOf: page.asOf, next_cursor: page.nextCursor };
}

async function itemOf(deps: InboxDeps, person: string, { row, state }: PendingItem): Promise<InboxItem> {
  // Not everybody on the requester's side may see what policy shows to approvers.
  const { show: _show, ...unshown } = state;
  const message = await showAction(
    { ...deps, consoleUrl: null },
    row.kind === 'answer' ? unshown : state,
    state.approval,
  );
  const { action, verb, tenant: _tenant, consoleUrl: _url, audience: _audience, ...facts } = message;
  const { ask: _ask, expiresAt: _expires, ...visible } = facts;
  const stage = state.approval?.stages[state.approval.stage];
  const returned = state.approval?.returned ?? null;
  const { extendUntil, ...controls } = message.controls;
  return {
    ...visible,
    kind: row.kind,
    id: action,
    status: state.action.status,
    action: verb,
    summary: summaryOf(state),
    askedAt: row.askedAt,
    due: row.due,
    effect: message.effect ?? null,
    heldUntil: timeOf(message.heldUntil),
    collectUntil: timeOf(message.collectUntil),
    decisions: message.decisions.map(({ at, ...decision }) => ({ ...decision, at: timeOf(at) ?? row.askedAt })),
    controls: { ...controls, extendUntil: timeOf(extendUntil) },
    review: message.review === null ? null : { ...message.review, dueAt: timeOf(message.review.dueAt) ?? row.due },
    question:
      returned === null ? null : { by: returned.by, text: returned.question, at: new Date(returned.at).toISOString() },
    asDelegate: row.kind === 'decide' && stage?.approvers.includes(person) !== true,
  };
}

/** RFC 3339, of seconds since the epoch. */
const timeOf = (seconds: number | null | undefined): string | null =>
  seconds == null ? null : new Date(seconds * 1000).toISOString();

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
