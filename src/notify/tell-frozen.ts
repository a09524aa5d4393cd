/** Tells people whose actions a security event froze: the requester, and the person who answers for the actor. */
import { setTimeout as sleep } from 'node:timers/promises';
import { summaryOf } from '../engine/summary.ts';
import type { EngineDeps } from '../engine/deps.ts';
import type { Directory } from '../identity/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { displayName } from './message.ts';
import type { Notice, Notifier } from './notifier.ts';
import { requestersOf } from './tell-requester.ts';

/** What froze them. */
export interface Freezing {
  /** Names the event. */
  id: string;
  tenant: string;
  event: string;
  /** Directory id of the person it is about. */
  person: string;
}

/** Milliseconds to wait before each try. */
const TRIES_MS = [0, 1000, 10_000];

/** The people to notify about one action, without the person whom the event is about. */
export function frozenAudience(
  state: Pick<ActionState, 'actor' | 'requester'>,
  person: string,
  directory: Directory,
): string[] {
  const owner = directory.ownerOf(state.actor.id);
  return [...new Set([...requestersOf(state, directory), ...(owner === null ? [] : [owner])])].filter(
    (id) => id !== person,
  );
}

/** Never throws: a failure of Slack is logged, and the alert holds everything too. */
export async function tellFrozen(
  deps: Pick<EngineDeps, 'directory' | 'log'> & { notifier(tenant: string): Notifier | null },
  { id, tenant, event, person }: Freezing,
  states: readonly ActionState[],
): Promise<void> {
  const notifier = deps.notifier(tenant);
  if (notifier === null) return;
  const directory = deps.directory.current(tenant);
  for (const state of states) {
    const { id: action } = state.action;
    const notice: Notice = {
      id: `frozen.${id}`,
      tenant,
      action,
      headline: `Frozen: ${summaryOf(state)}`,
      lines: [
        `${displayName(directory, person)} approved it alone, and their identity provider ended their sessions since (${event}).`,
        'Its permit is not redeemed any more. Ask anew for what is still wanted.',
      ],
      consoleUrl: null,
    };
    for (const one of frozenAudience(state, person, directory)) await tell(deps, notifier, one, notice);
  }
}

async function tell(
  { log }: Pick<EngineDeps, 'log'>,
  notifier: Notifier,
  person: string,
  notice: Notice,
): Promise<void> {
  for (const wait of TRIES_MS) {
    await sleep(wait, undefined, { ref: false });
    try {
      const unreachable = await notifier.tell(person, notice);
      if (unreachable !== null) log.warn({ action: notice.action, ...unreachable }, 'nobody can be told of a freeze');
      return;
    } catch (error) {
      log.warn({ err: error, action: notice.action, person }, 'Slack did not take a notice');
    }
  }
}
