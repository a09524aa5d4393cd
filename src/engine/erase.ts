/**
 * Deletes the content of an action: payload, key and Temporal's history. Every record and proof stays.
 *
 * Durable writes, in order: the history's deletion at Temporal; record, state, payload and key in one transaction of the log. A crash
 * between the two leaves an action with its whole payload, and the next attempt finishes.
 */
import { isClosed, CountersignError, type Action, type OtherRecord } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps, Histories } from './deps.ts';
import { retentionOf } from '../policy/index.ts';
import { readLife, type Life } from './life.ts';
import { nextHead, retainUntil, sealAction } from './seal.ts';

export type EraseDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'hub' | 'now' | 'bundles'> & {
  histories: Histories;
};

export interface EraseInput {
  tenant: string;
  id: string;
  /** Who wants it; null for the clock. */
  by: string | null;
  reason: string;
  cause: 'request' | 'retention';
}

/**
 * Erases a closed action. An erased action is returned as it is.
 *
 * @throws CountersignError `not-found`; `conflict` for an action that is still open, because it may yet have to be decided, reported,
 * reviewed or announced; {@link NotYet} for one that the clock may not erase yet
 */
export async function eraseAction(deps: EraseDeps, input: EraseInput): Promise<Action> {
  const { tenant, id, by, reason, cause } = input;
  const life = await readLife(deps, tenant, id);
  if (life === null) throw new CountersignError('not-found', 'there is no such action, or it is not yours to see');
  const { state } = life;
  if (state.erased !== undefined) return state.action;
  if (cause === 'retention') await checkDue(deps, life);
  const open = await openFor(deps, state);
  if (open !== null) {
    throw new CountersignError('conflict', `this action is still open: ${open}; erase it when it is closed`);
  }
  await deps.histories.delete(tenant, id);
  const at = deps.now().toISOString();
  const record: OtherRecord = {
    ...nextHead(state.action, 'key', at),
    type: 'key',
    by,
    reason,
    body: { state: 'erased', cause, surface: state.surface },
  };
  const action: Action = { ...state.action, permit: null, updatedAt: at };
  const next: ActionState = { ...state, action, erased: { at, by, cause } };
  return sealAction(deps, next, [{ record, erasesPayload: true }], null);
}

/** The records say that the action must be kept longer. */
class NotYet extends Error {
  readonly until: Date | null;

  constructor(until: Date | null) {
    super('the time for which policy keeps it has not passed');
    this.until = until;
  }
}

/**
 * Checks that policy's retention is over, from the sealed time of the last record and the bundle that judged the action. The row's time
 * only says where the clock looks first.
 */
async function checkDue(deps: EraseDeps, { state, verdict }: Life): Promise<void> {
  const { tenant, updatedAt } = state.action;
  const { bundle: hash } = verdict.verdict;
  const bundle = hash === null ? null : await deps.bundles.compiled(tenant, hash);
  const retainMs = bundle === null ? null : retentionOf(bundle, verdict.surface);
  const until = retainUntil(retainMs, updatedAt);
  if (until === null || deps.now() < until) throw new NotYet(until);
}

/** Why the action is still open, in words, or null. */
async function openFor(deps: EraseDeps, { action, review }: ActionState): Promise<string | null> {
  if (!isClosed(action.status)) return `it is ${action.status}`;
  if (review !== null && review.status !== 'done') return 'its review is not done';
  if (!(await deps.histories.running(action.tenant, action.id))) return null;
  return action.status === 'unreported'
    ? 'its outcome is not known yet, so report or reconcile it first'
    : 'its callback, or somebody in Slack, is not told yet';
}

/** How long an overdue action is skipped if it cannot be erased yet. */
const POSTPONED_MS = 3600 * 1000;
/** Erased concurrently, so that their records share commits. */
const AT_ONCE = 16;

export interface Due {
  /** Actions looked at; as many as were allowed means that there may be more. */
  found: number;
  erased: number;
}

/** Rows of one table in one statement, so that none of them holds locks for long. */
const FORGOTTEN_AT_ONCE = 1000;

/** Deletes rows that nobody needs any more, until there are none. */
export async function forgetOld({ store, now, log }: Pick<EngineDeps, 'store' | 'now' | 'log'>): Promise<void> {
  for (;;) {
    const forgotten = await store.forgetting.forget(now(), FORGOTTEN_AT_ONCE);
    const counts = Object.values(forgotten);
    if (counts.some((count) => count > 0)) log.info({ forgotten }, 'rows that nobody needs any more are deleted');
    if (counts.every((count) => count < FORGOTTEN_AT_ONCE)) return;
  }
}

/** Erases up to `limit` actions, of all tenants, whose retention has passed. */
export async function eraseDue(deps: EraseDeps & Pick<EngineDeps, 'log'>, limit: number): Promise<Due> {
  const due = await deps.store.actions.due(deps.now(), limit);
  let erased = 0;
  const work = due.values();
  const lane = async (): Promise<void> => {
    for (const { tenant, id } of work) {
      try {
        const reason = 'the time for which policy keeps it has passed';
        await eraseAction(deps, { tenant, id, by: null, reason, cause: 'retention' });
        erased += 1;
      } catch (error) {
        if (error instanceof NotYet) {
          deps.log.warn(
            { action: id, tenant },
            'a row says that an action is due to be erased, and its records do not',
          );
          await deps.store.actions.postpone(tenant, id, error.until);
          continue;
        }
        if (!(error instanceof CountersignError) || error.code !== 'conflict') throw error;
        deps.log.info({ action: id, tenant }, 'an action whose retention has passed is still open');
        await deps.store.actions.postpone(tenant, id, new Date(deps.now().getTime() + POSTPONED_MS));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { found: due.length, erased };
}
