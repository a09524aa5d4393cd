import type { Action } from '../contract/index.ts';
import type { GatewayDeps } from './deps.ts';

export interface Waiting {
  /** Resolves with the next announcement of the action, or with null when the time is over. */
  done: Promise<Action | null>;
  cancel(): void;
}

/** Waits for an announcement of an action without polling. Begin to wait before looking, so that none is missed. */
export function waitForAnnouncement(deps: Pick<GatewayDeps, 'hub'>, tenant: string, id: string, ms: number): Waiting {
  let cancel = (): void => undefined;
  const done = new Promise<Action | null>((resolve) => {
    const finish = (action: Action | null): void => {
      clearTimeout(timer);
      off();
      resolve(action);
    };
    const timer = setTimeout(() => finish(null), ms);
    const off = deps.hub.on(tenant, id, finish);
    cancel = () => finish(null);
  });
  return { done, cancel: () => cancel() };
}
