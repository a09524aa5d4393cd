/** Tells the other processes of a stack that an action changed, by PostgreSQL's LISTEN and NOTIFY: no polling, nothing kept. */
import pg from 'pg';
import type { Hub } from '../engine/hub.ts';
import { readActionState, withPermit } from '../engine/seal.ts';
import type { Parts } from './parts.ts';

const CHANNEL = 'countersign_news';

/** How long a broken connection waits before the next try. */
const RETRY_MS = 1000;

export interface News {
  /** Where this process's own news go out. */
  hub: Hub;
  close(): Promise<void>;
}

/**
 * Connects a hub to those of the other processes. What is lost while the connection is down costs a waiting request its time, never
 * its answer: it reads the store before it gives up.
 */
export async function shareNews(parts: Pick<Parts, 'hub' | 'store' | 'log'>, connectionString: string): Promise<News> {
  const { hub, log } = parts;
  const from = `${process.pid}.${Math.trunc(performance.timeOrigin)}`;
  let closed = false;
  let client: pg.Client | null = null;
  const out = new pg.Pool({ connectionString, max: 1, application_name: 'countersign news' });
  out.on('error', () => undefined);

  const hear = async (text: string): Promise<void> => {
    const { tenant, id, by } = JSON.parse(text) as { tenant: string; id: string; by: string };
    if (by === from) return;
    const stored = await readActionState(parts, tenant, id);
    if (stored !== null) hub.emit(await withPermit(parts, stored.state, stored.sealedPermit));
  };
  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString, application_name: 'countersign news' });
    next.on('notification', ({ payload }) => {
      if (payload !== undefined)
        hear(payload).catch((error: unknown) => log.warn({ err: error }, 'news of an action were lost'));
    });
    next.on('error', () => void again());
    await next.connect();
    await next.query(`listen ${CHANNEL}`);
    client = next;
  };
  const again = async (): Promise<void> => {
    client = null;
    while (!closed && client === null) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      await connect().catch(() => undefined);
    }
  };
  await connect();

  return {
    hub: {
      on: (tenant, id, listener) => hub.on(tenant, id, listener),
      emit(action) {
        hub.emit(action);
        out
          .query('select pg_notify($1, $2)', [
            CHANNEL,
            JSON.stringify({ tenant: action.tenant, id: action.id, by: from }),
          ])
          .catch(() => undefined);
      },
    },
    async close() {
      closed = true;
      await Promise.all([client?.end(), out.end()]).catch(() => undefined);
    },
  };
}
