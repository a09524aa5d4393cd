/** A process that is about to stop: whoever waits in it for something that may take long is answered with what is so now. */
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
