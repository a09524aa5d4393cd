/** `GET /v1/log`: whether the log verifies, for everybody whom its pages are shown to. */
import type { LogStateView } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';

export interface LogStates {
  /** After reading on for a little. @throws CountersignError `unavailable` */
  logState(caller: Caller): Promise<LogStateView>;
}

export async function logState({ logWatch }: Pick<GatewayDeps, 'logWatch'>, { tenant }: Caller): Promise<LogStateView> {
  const { checked, reading, faults } = await logWatch.look(tenant);
  const unknown = faults.length === 0 && checked === null;
  return { verifies: unknown ? null : faults.length === 0, checked, reading, faults };
}

/** One sentence about a log that does not verify; null where nothing was found. Short logs are read whole for it. */
export async function logWarning({ logWatch }: Pick<GatewayDeps, 'logWatch'>, tenant: string): Promise<string | null> {
  const { faults } = await logWatch.lookWhole(tenant);
  const [first, ...more] = faults;
  if (first === undefined) return null;
  return `the log does not verify: ${first.message}${more.length === 0 ? '' : `, and ${more.length} more`}`;
}
