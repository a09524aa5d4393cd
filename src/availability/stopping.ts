/** A process that is about to stop. Long polls in it are answered with the current state. */
export interface Stopping {
  readonly stopped: boolean;
  /** Called once when it stops. @returns takes the listener back */
  on(listener: () => void): () => void;
  stop(): void;
}

export function createStopping(): Stopping {
  const listeners = new Set<() => void>();
  let stopped = false;
  return {
    get stopped() {
      return stopped;
    },
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      for (const listener of [...listeners]) listener();
      listeners.clear();
    },
  };
}
