/** Long polls. However many wait for one action, an announcement costs one read of it. */
import type { Stopping } from '../availability/index.ts';
import type { Hub } from '../engine/hub.ts';
import type { KnownAction } from './stored-action.ts';

/** The next announcement's read, which all waiting callers share; null when the time is over first. */
export interface NextLook {
  done: Promise<{ look: Promise<KnownAction> } | null>;
  cancel(): void;
}

export interface Watches {
  /** Begin to wait before looking, so that no announcement is missed. */
  next(tenant: string, id: string, ms: number): NextLook;
  /** True once the process stops. Nobody may begin to wait then. */
  readonly over: boolean;
}

interface Watch {
  waiting: Set<(woken: { look: Promise<KnownAction> } | null) => void>;
  off(): void;
}

export function createWatches(
  hub: Pick<Hub, 'on'>,
  read: (tenant: string, id: string) => Promise<KnownAction>,
  stopping?: Pick<Stopping, 'stopped' | 'on'>,
): Watches {
  const watches = new Map<string, Watch>();
  stopping?.on(() => {
    for (const { waiting } of [...watches.values()]) for (const wake of [...waiting]) wake(null);
  });

  const open = (tenant: string, id: string, key: string): Watch => {
    const watch: Watch = {
      waiting: new Set(),
      off: hub.on(tenant, id, () => {
        close(key, watch);
        // Read one turn of the event loop later. Woken callers wait again by then, so a new announcement is either in this read or wakes
        // them.
        const look = new Promise<KnownAction>((resolve, reject) => {
          setImmediate(() => void read(tenant, id).then(resolve, reject));
        });
        look.catch(() => undefined);
        for (const wake of [...watch.waiting]) wake({ look });
      }),
    };
    watches.set(key, watch);
    return watch;
  };
  const close = (key: string, watch: Watch): void => {
    watch.off();
    if (watches.get(key) === watch) watches.delete(key);
  };

  return {
    get over() {
      return stopping?.stopped ?? false;
    },
    next(tenant, id, ms) {
      const key = `${tenant}\n${id}`;
      const watch = watches.get(key) ?? open(tenant, id, key);
      let cancel = (): void => undefined;
      const done = new Promise<{ look: Promise<KnownAction> } | null>((resolve) => {
        const wake = (woken: { look: Promise<KnownAction> } | null): void => {
          clearTimeout(timer);
          watch.waiting.delete(wake);
          if (watch.waiting.size === 0) close(key, watch);
          resolve(woken);
        };
        const timer = setTimeout(() => wake(null), ms);
        watch.waiting.add(wake);
        cancel = () => wake(null);
      });
      return { done, cancel: () => cancel() };
    },
  };
}
