/** Keeps a Socket Mode connection open until it is stopped, however often it breaks. */
import type { SocketModeReceiver } from '@slack/bolt';
import type { SlackLog } from './log.ts';
import { orLate } from './tasks.ts';

export interface SocketConnection {
  open(): boolean;
  close(): Promise<void>;
}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

export function keepConnected(client: SocketModeReceiver['client'], log: SlackLog): SocketConnection {
  let wanted = true;
  let open = false;
  let wait = FIRST_MS;
  let timer: NodeJS.Timeout | undefined;

  const again = (ms: number): void => {
    clearTimeout(timer);
    if (wanted) timer = setTimeout(connect, ms);
  };
  const connect = (): void => {
    client.start().then(
      () => {
        open = true;
        wait = FIRST_MS;
        log.info({}, 'connected to Slack in Socket Mode');
      },
      (error: unknown) => {
        log.warn(
          { error: error instanceof Error ? error.message : String(error), retryMs: wait },
          'no connection to Slack',
        );
        again(wait);
        wait = Math.min(LONGEST_MS, wait * 2);
      },
    );
  };
  // Slack itself asks for a new connection every few hours; that one is made immediately.
  client.on('disconnected', () => {
    if (open) again(0);
    open = false;
  });
  connect();

  return {
    open: () => open,
    async close() {
      wanted = false;
      clearTimeout(timer);
      // A socket that is closed already never says so.
      await orLate(client.disconnect(), 2000);
    },
  };
}
