/** Brings the messages about one action up to date, wherever they are. Lines below them, and notices, are `tell-people`. */
import type { ApprovalEffect, ApprovalState } from '../approval/index.ts';
import { readWholeLife, type Life } from '../engine/life.ts';
import type { ActionRef } from '../engine/types.ts';
import { inClear } from '../store/action-state.ts';
import type { NotifyDeps } from './deps.ts';
import { gather, type Telling } from './digest.ts';
import { agreeing } from './happened.ts';
import { keptPosts, showCurrent } from './kept-posts.ts';
import { newerMessage } from './newer.ts';
import type { ApprovalMessage, Announced, Notifier } from './notifier.ts';
import { showAction } from './show.ts';
import { keepShown } from './shown.ts';

export interface Announcement extends Announced {
  /** What the messages were made from. */
  life: Life;
  /** What they show. */
  message: ApprovalMessage;
  /** Nobody was told yet: the action is announced with others at this time, in milliseconds since the epoch. */
  later?: number;
}

/** What the workflow knows beside the records. */
interface Known {
  approval: ApprovalState | null;
  effects: readonly ApprovalEffect[];
  /** Whether the action may be announced with others. */
  gathers: boolean;
}

/** @throws NotifierUnavailable when people cannot be told now */
export async function announce(
  deps: NotifyDeps,
  notifier: Notifier,
  life: Life,
  { approval, effects, gathers }: Known,
): Promise<Announcement> {
  const state = inClear(life.state);
  const { tenant, id } = state.action;
  const posts = keptPosts(deps, notifier, tenant, id);
  const [made, before] = await Promise.all([
    showAction(deps, state, agreeing(approval, state.approval)),
    posts.known(),
  ]);
  await keepShown(deps, made);
  const telling: Telling = gathers ? await gather(deps, notifier, state, made, effects) : { how: 'alone' };
  const gathered = telling.how === 'alone' ? undefined : telling.unreachable;
  const { current, ...announced } = await showCurrent(posts, before, made, {
    show: (one, all) => notifier.post(one, all, posts, gathered),
    newer: (one) => newerMessage(deps, one),
  });
  return { ...announced, life, message: current, ...(telling.how === 'later' ? { later: telling.at } : {}) };
}

/**
 * The first message of an action that waits for people and was just sealed; null where its workflow has more to do for it.
 *
 * @throws NotifierUnavailable when people cannot be told now
 */
export async function announceFirst(deps: NotifyDeps, { tenant, id }: ActionRef): Promise<Announcement | null> {
  const notifier = deps.notifier(tenant);
  const life = notifier === null ? null : await readWholeLife(deps, tenant, id);
  if (notifier === null || life === null || !isPlain(life)) return null;
  return announce(deps, notifier, life, { approval: null, effects: [], gathers: false });
}

/** Whether its first announcement is one message in each place and nothing else. */
const isPlain = ({ state, verdict }: Life): boolean =>
  state.action.status === 'supervised' &&
  verdict.step === undefined &&
  state.review === null &&
  state.digestMs === undefined;
