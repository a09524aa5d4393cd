import type { Action } from '../contract/index.ts';

/** Tells requests that wait in this process that an action changed, after the change is durable. */
export interface Hub {
  emit(action: Action): void;
  /** Called for every change of the action until the returned function is called. */
  on(tenant: string, id: string, listener: (action: Action) => void): () => void;
}

export function createHub(): Hub {
  const listeners = new Map<string, Set<(action: Action) => void>>();
  const key = (tenant: string, id: string): string => `${tenant}\n${id}`;
  return {
    emit(action) {
      for (const listener of listeners.get(key(action.tenant, action.id)) ?? []) listener(action);
    },
    on(tenant, id, listener) {
      const at = key(tenant, id);
      const set = listeners.get(at) ?? new Set();
      listeners.set(at, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(at) === set) listeners.delete(at);
      };
    },
  };
}
