/**
 * Announces several actions in one message. Actions that are not urgent wait for it. An action gets a separate message if no other one
 * waits with it, and as soon as it asks for more, for example at its first reminder.
 */
import type { ApprovalEffect } from '../approval/index.ts';
import { readLife } from '../engine/life.ts';
import { inClear, type ActionState } from '../store/action-state.ts';
import type { Digest } from '../store/index.ts';
import type { NotifyDeps } from './deps.ts';
import {
  NotifierUnavailable,
  type ApprovalMessage,
  type DigestMessage,
  type DigestNotifier,
  type Notifier,
  type PostedMessage,
  type Unreachable,
} from './notifier.ts';
import { remembered } from './remembered.ts';
import { showAction } from './show.ts';

/** How an action is announced. */
export type Telling =
  | { how: 'alone' }
  /** Not before then, in milliseconds since the epoch. */
  | { how: 'later'; at: number; unreachable: [] }
  | { how: 'together'; unreachable: Unreachable[] };

const ALONE: Telling = { how: 'alone' };
/** How soon to look again at a digest that another process holds, in milliseconds. */
const AGAIN_MS = 1000;

/**
 * Announces an action with others, or says that it gets a separate message.
 *
 * @throws NotifierUnavailable when Slack cannot be used now, or while another process announces it: repeat it then
 */
export async function gather(
  deps: NotifyDeps,
  notifier: Notifier,
  state: ActionState,
  message: ApprovalMessage,
  effects: readonly ApprovalEffect[],
): Promise<Telling> {
  const { digestMs, action } = state;
  const { digests, slackMessages } = deps.store;
  const { digests: door } = notifier;
  if (digestMs === undefined || door === undefined) return ALONE;
  const { tenant, id } = action;
  const [all, listed] = await Promise.all([slackMessages.list(tenant, id), digests.of(tenant, id)]);
  const unfinished = listed.filter(({ posted, why }) => posted === null && why === null);
  for (const { target } of unfinished) await findLost(deps, notifier, tenant, target);
  if (unfinished.length > 0) throw busy();
  const alone = (all as PostedMessage[]).filter((one) => door.owns(one));
  const asksMore =
    message.ask !== null && effects.some(({ type, stage }) => ASKING.has(type) || (type === OPENED && stage > 0));
  const isNew = message.ask === 'decision' && message.state === 'waiting' && message.decisions.length === 0;
  if (listed.length === 0 && (alone.length > 0 || asksMore || !isNew)) {
    await digests.drop(tenant, id);
    return ALONE;
  }
  const targets = [...new Set([...message.audience.channels, ...message.audience.people])];
  const missing = targets.filter((target) => listed.every((one) => one.target !== target));
  if (alone.length === 0 && missing.length > 0 && !asksMore && message.ask === 'decision') {
    const at = (await digests.hold(tenant, id, missing, dueAt(state, digestMs))).getTime();
    if (listed.length === 0 && deps.now().getTime() < at) return { how: 'later', at, unreachable: [] };
    const waiting = await digests.waiting(tenant, missing);
    if (listed.length === 0 && waiting.every((count) => count <= 1)) {
      // Another process may have taken it meanwhile.
      if ((await digests.of(tenant, id)).length > 0) throw busy();
      await digests.drop(tenant, id);
      return ALONE;
    }
    for (const target of missing) {
      await findLost(deps, notifier, tenant, target);
      await postAt(deps, door, tenant, id, target);
    }
  }
  // A digest that did not change since is left as it is.
  for (const digest of isNew && !asksMore ? [] : listed) await showAgain(deps, door, tenant, digest);
  if (alone.length > 0 || asksMore || message.heldUntil !== undefined) return ALONE;
  const unreachable: Unreachable[] = (await digests.of(tenant, id)).flatMap(({ target, why }) =>
    why === null ? [] : [{ person: target, why }],
  );
  for (const person of message.ask === 'decision' ? (message.audience.asked ?? []) : []) {
    if (unreachable.some((known) => known.person === person)) continue;
    const why = await door.absence(person);
    if (why !== null) unreachable.push({ person, why });
  }
  return { how: 'together', unreachable };
}

const OPENED: ApprovalEffect['type'] = 'stage-opened';
/** Effects that ask people once more. They are never gathered. */
const ASKING: ReadonlySet<ApprovalEffect['type']> = new Set(['remind', 'warn', 'escalate', 'returned', 'answered']);

/** `digestMs` after it was asked, and never after its first reminder, its escalation or its end. */
function dueAt({ openedAt, plan, approval }: ActionState, digestMs: number): Date {
  const period = openedAt + digestMs;
  const [stage] = plan?.stages ?? [];
  const waits = [stage?.remindMs, stage?.escalate?.afterMs].flatMap((ms) => (ms == null ? [] : [openedAt + ms]));
  return new Date(Math.min(period, ...waits, approval?.expiresAt ?? period));
}

const busy = (): NotifierUnavailable =>
  new NotifierUnavailable('another process announces it now', { retryAfterMs: AGAIN_MS });

/**
 * Digests whose process died with them, or whose answer was lost: what was posted is known from then on, and the actions of the others
 * wait again.
 *
 * @throws NotifierUnavailable when Slack cannot be used now
 */
async function findLost(
  { store: { digests }, now }: NotifyDeps,
  { find }: Notifier,
  tenant: string,
  target: string,
): Promise<void> {
  const lost = await digests.lost(tenant, target, now());
  if (lost.length === 0) return;
  const kind = target.startsWith('#') ? 'channel' : 'dm';
  const person = kind === 'dm' ? target : null;
  const places = await find?.(lost.map(({ id, at }) => ({ id, place: target, kind, person, at: at.getTime() })));
  for (const { id } of lost) await digests.done(tenant, id, { posted: places?.get(id) ?? null, why: null });
}

/** Posts the actions that wait at one place. @throws NotifierUnavailable */
async function postAt(
  deps: NotifyDeps,
  door: DigestNotifier,
  tenant: string,
  id: string,
  target: string,
): Promise<void> {
  const { digests } = deps.store;
  const taken = await digests.take(tenant, id, target, deps.now());
  if (taken === null) {
    const known = (await digests.of(tenant, id)).find((one) => one.target === target);
    if (known?.posted == null && known?.why == null) throw busy();
    return;
  }
  let outcome: Pick<Digest, 'posted' | 'why'> = { posted: null, why: null };
  try {
    const answer = await door.show(await digestOf(deps, tenant, taken.actions), { target, id: taken.digest });
    outcome = 'why' in answer ? { posted: null, why: answer.why } : { posted: answer, why: null };
  } catch (error) {
    // It may be there: it is looked for when the hold ends.
    if (!(error instanceof NotifierUnavailable && error.doubtful)) await digests.done(tenant, taken.digest, outcome);
    throw error;
  }
  await remembered(() => digests.done(tenant, taken.digest, outcome));
}

/** Edits a posted digest so that it shows the current state of its actions. @throws NotifierUnavailable */
async function showAgain(
  deps: NotifyDeps,
  door: DigestNotifier,
  tenant: string,
  { id, target, posted, why }: Digest,
): Promise<void> {
  if (posted === null) {
    if (why === null) throw busy();
    return;
  }
  const { digests } = deps.store;
  if (!(await digests.lock(tenant, id, deps.now()))) throw busy();
  try {
    // Read while it is held: an older state never comes after a newer one.
    await door.show(await digestOf(deps, tenant, await digests.actions(tenant, id)), { target, posted });
  } finally {
    await digests.done(tenant, id, { posted, why });
  }
}

async function digestOf(deps: NotifyDeps, tenant: string, actions: readonly string[]): Promise<DigestMessage> {
  const items = await Promise.all(
    actions.map(async (id) => {
      const life = await readLife(deps, tenant, id);
      return life === null ? [] : [await showAction(deps, inClear(life.state), life.state.approval)];
    }),
  );
  const last = Number.MAX_SAFE_INTEGER;
  return {
    items: items.flat().sort((a, b) => (a.expiresAt ?? last) - (b.expiresAt ?? last)),
    consoleUrl: deps.consoleUrl,
  };
}
