import { ENGINE_ID } from '../contract/engine-names.ts';
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import type { Action } from '../contract/index.ts';
import type { ApprovalEffect } from '../approval/index.ts';
import type { NotifyDeps } from './deps.ts';
import { displayName } from './message.ts';
import { NotifierUnavailable, type ApprovalMessage, type Notifier, type ThreadEvent } from './notifier.ts';
import { inClear } from '../store/action-state.ts';
import { readWholeLife, type Life } from '../engine/life.ts';
import { summaryOf } from '../engine/summary.ts';
import { announce, type Announcement } from './announce.ts';
import { happened } from './happened.ts';
import { noticesOf, requestersOf } from './tell-requester.ts';
import { threadsOf } from './threads.ts';
import type { TellResult, TellInput } from './types.ts';

/**
 * Brings the messages about the action up to date, then writes the events into the thread.
 *
 * Slack's outage or its limits end this attempt and set when the next one is due: no decision depends on it.
 *
 * @param first its first announcement, where this process made it before its workflow was woken
 */
export async function tellPeople(
  deps: NotifyDeps,
  input: TellInput,
  first: Promise<Announcement | null> = Promise.resolve(null),
): Promise<TellResult> {
  const { tenant, id } = input.action;
  const notifier = deps.notifier(tenant);
  if (notifier === null) return { unreachable: [] };
  // The same for every attempt of one publication, so that each event is told once, and again if it happens again.
  const publication = input.publication ?? activityInfo().activityId;
  try {
    const before = agreed(await first, input);
    // The current state, because an old state would be untrue by the time people read it.
    const life = before?.life ?? (await readWholeLife(deps, tenant, id));
    if (life === null) return { unreachable: [] };
    // A step is announced by its plan's message.
    if (life.verdict.step !== undefined) return { unreachable: [], told: life.state.action.status };
    if (life.state.action.verdict?.basis === 'grant') return await tellUse(deps, notifier, life);
    const stored = { state: inClear(life.state) };
    const sealed = stored.state.approval;
    const effects = happened(input.effects, sealed);
    const directory = deps.directory.current(tenant);
    const { message, posted, unreachable, later } =
      before ??
      (await announce(deps, notifier, life, {
        approval: input.approval,
        effects,
        gathers: input.comesAgain === true,
      }));
    if (later !== undefined) return { unreachable: [], later };
    if (input.was === null && stored.state.review !== null) {
      const { by, reason, dueAt } = stored.state.review;
      await notifier.thread(posted, {
        id: 'break_glass',
        kind: 'break_glass',
        by: displayName(directory, by ?? stored.state.actor.id),
        detail: reason ?? null,
        until: Math.floor(dueAt / 1000),
      });
    }
    for (const [i, effect] of effects.entries()) {
      // After an outage it may no longer wait, so saying so late would be untrue.
      if (ASKING.has(effect.type) && message.ask !== 'decision') continue;
      const event = threadEventOf(deps, message, effect, `${publication}.${i}`);
      if (event !== null) await notifier.thread(posted, event);
    }
    const now = life.state.action.status;
    const statusNotice = input.was === now || input.was === null ? undefined : newsOf(input.was, now);
    if (statusNotice !== undefined) {
      await notifier.thread(posted, {
        id: `${publication}.${statusNotice}`,
        kind: statusNotice,
        by: statusNotice === 'cancelled' ? displayName(directory, stored.state.withdrawnBy ?? '') : null,
        detail: stored.state.outcome?.reference ?? null,
        until: now === 'released' ? (message.collectUntil ?? null) : null,
      });
    }
    if (input.review !== null) {
      const { review } = stored.state;
      await notifier.thread(posted, {
        id: `${publication}.review.${input.review}`,
        kind: input.review,
        by: review?.result === null || review === null ? null : displayName(directory, review.result.by),
        detail:
          review?.result?.reason ??
          (review === null
            ? null
            : `to be reviewed by ${review.reviewers.map((id) => displayName(directory, id)).join(', ')}`),
        until: review === null ? null : Math.floor(review.dueAt / 1000),
        ...(review === null || review.result !== null ? {} : { people: review.reviewers }),
      });
    }
    const drill = deps.register.drills.find(await deps.register.current(tenant), tenant, id);
    // Nobody asked for a drill.
    for (const person of drill === null ? requestersOf(stored.state, directory) : []) {
      for (const notice of noticesOf(stored.state, message, { ...input, effects }, directory, publication)) {
        const why = await notifier.tell(person, notice);
        if (why !== null) deps.log.info({ action: id, person, why: why.why }, 'the requester cannot be told in Slack');
      }
    }
    if (unreachable.length > 0) deps.log.warn({ action: id, unreachable }, 'somebody cannot be told in Slack');
    const asked = new Set(sealed?.stages[sealed.stage]?.approvers ?? []);
    const people = unreachable.map(({ person }) => person).filter((person) => asked.has(person));
    if (people.length === 0) return { unreachable: [], told: now };
    const said = { kind: 'unreachable' as const, tenant, action: id, by: ENGINE_ID, via: 'slack' as const, people };
    return { unreachable: people, attested: await deps.attestor.attest(said), told: now };
  } catch (error) {
    if (!(error instanceof NotifierUnavailable)) throw error;
    deps.log.warn({ action: id, retryAfterMs: error.retryAfterMs }, 'Slack cannot be told now; it will be tried again');
    throw ApplicationFailure.create({
      message: error.message,
      type: 'unavailable',
      nextRetryDelay: error.retryAfterMs,
    });
  }
}

/** The first announcement, if it is of the state that the workflow wants told. */
const agreed = (first: Announcement | null, { action, was }: TellInput): Announcement | null =>
  first !== null && was === null && first.life.records.length === action.records.length ? first : null;

/** A use of a standing approval is one line below the message of the action with which it was given. */
async function tellUse(deps: NotifyDeps, notifier: Notifier, { state, verdict }: Life): Promise<TellResult> {
  const { tenant, id } = state.action;
  const [reason = ''] = state.action.verdict?.reasons ?? [];
  const grant = (verdict.facts.grants ?? []).find((one) => reason.includes(one.grant));
  if (grant === undefined) return { unreachable: [] };
  await notifier.thread(await threadsOf(deps.store, tenant, grant.action), {
    id: `grant.${id}`,
    kind: 'granted',
    by: displayName(deps.directory.current(tenant), grant.by),
    detail: `${summaryOf(state)}: ${String(grant.used + 1)} of ${String(grant.uses)}`,
    until: Math.floor(Date.parse(grant.until) / 1000),
    grant: grant.grant,
  });
  return { unreachable: [], told: state.action.status };
}

/** Effects that ask for a decision. */
const ASKING: ReadonlySet<ApprovalEffect['type']> = new Set(['remind', 'warn', 'escalate', 'stage-opened']);

/** Releases that were withdrawn without a separate effect. */
const newsOf = (was: Action['status'], now: Action['status']): ThreadEvent['kind'] | undefined =>
  now === 'cancelled' && was === 'released' ? 'cancelled' : STATUS_NEWS[now];

/** Changes of status that no decision announced. */
const STATUS_NEWS: Partial<Record<Action['status'], ThreadEvent['kind']>> = {
  released: 'released',
  executed: 'executed',
  failed: 'failed',
  skipped: 'skipped',
  unreported: 'unreported',
  lapsed: 'lapsed',
};

/** The line of the thread for an event, or null where the message itself says it already. */
function threadEventOf(
  deps: NotifyDeps,
  message: ApprovalMessage,
  effect: ApprovalEffect,
  id: string,
): ThreadEvent | null {
  const directory = deps.directory.current(message.tenant);
  const event = (kind: ThreadEvent['kind'], more: Partial<ThreadEvent> = {}): ThreadEvent => ({
    id,
    kind,
    by: null,
    detail: null,
    until: null,
    ...more,
  });
  const names = (people: readonly string[]): string =>
    people.map((person) => displayName(directory, person)).join(', ');
  const asks = (people: string[]): Partial<ThreadEvent> => ({ detail: names(people), people });
  const seconds = (ms: number): number => Math.floor(ms / 1000);
  const by = (person: string | null): string | null => (person === null ? null : displayName(directory, person));
  switch (effect.type) {
    case 'remind':
      return event('reminder', { ...asks(effect.people), until: seconds(effect.expiresAt) });
    case 'warn':
      return event('warning', { ...asks(effect.people), until: seconds(effect.expiresAt) });
    case 'escalate':
      return event('escalated', { ...asks(effect.people), until: message.expiresAt });
    case 'stage-opened':
      return effect.stage === 0
        ? null
        : event('asked', asks(message.stages[effect.stage]?.people.map(({ id: person }) => person) ?? []));
    case 'decided':
      return event(effect.decision === 'approve' ? 'approved' : 'refused', {
        by: by(effect.by),
        detail: message.decisions.findLast((decision) => decision.by === effect.by)?.reason ?? null,
      });
    case 'returned':
      return event('returned', { by: by(effect.by), detail: effect.question, until: seconds(effect.expiresAt) });
    case 'answered':
      return event('answered', { by: by(effect.by), detail: effect.text, until: seconds(effect.expiresAt) });
    case 'extended':
      return event('extended', { by: by(effect.by), until: seconds(effect.until) });
    case 'closed':
      return effect.status === 'expired' || effect.status === 'cancelled'
        ? event(effect.status, { by: by(effect.by) })
        : null;
    // The message itself names who cannot be reached and that too few are left.
    case 'unreachable':
    case 'short':
      return null;
  }
}
