/** Writes into the thread of an approved action that a standing approval was given with it, or ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineDeps } from '../engine/deps.ts';
import { inCurrency } from '../export/index.ts';
import type { GrantChange } from '../sealing/index.ts';
import { displayName } from './message.ts';
import type { Notifier, ThreadEvent } from './notifier.ts';
import { threadsOf } from './threads.ts';

/** Milliseconds to wait before each try. */
const TRIES_MS = [0, 1000, 10_000];

type Deps = Pick<EngineDeps, 'directory' | 'log' | 'store'> & { notifier(tenant: string): Notifier | null };

/**
 * Never throws: the approval counts, or has ended, whether or not Slack takes the line; lists in the Home tab and the console show it.
 *
 * @param by Directory id of the person who gave or ended it.
 */
export async function tellGrant(deps: Deps, tenant: string, grant: GrantChange, by: string): Promise<void> {
  const notifier = deps.notifier(tenant);
  if (notifier === null) return;
  const { id, action, state, until, uses, upTo, currency } = grant;
  const given = state === 'given';
  const times = `${String(uses)} ${uses === 1 ? 'use' : 'uses'}`;
  const event: ThreadEvent = {
    id: `grant.${id}.${state}`,
    kind: given ? 'grant_given' : 'grant_revoked',
    by: displayName(deps.directory.current(tenant), by),
    detail: given
      ? `${times}${upTo === null ? '' : `, up to ${inCurrency(upTo, currency?.toUpperCase() ?? null)} in all`}`
      : null,
    until: given ? Math.floor(Date.parse(until) / 1000) : null,
    ...(given ? { grant: id } : {}),
  };
  for (const wait of TRIES_MS) {
    await sleep(wait, undefined, { ref: false });
    try {
      return await notifier.thread(await threadsOf(deps.store, tenant, action), event);
    } catch (error) {
      deps.log.warn({ err: error, action, grant: id }, 'Slack did not take a line about a standing approval');
    }
  }
}
