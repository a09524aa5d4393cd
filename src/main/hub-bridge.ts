/**
 * Tells the other processes of a stack that an action changed, by PostgreSQL's LISTEN and NOTIFY: no polling, nothing stored. Each
 * action has its own channel, so a change reaches only processes in which somebody waits for that action.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Hub } from '../engine/hub.ts';
import { readActionState, withPermit } from '../engine/seal.ts';
import type { Parts } from './parts.ts';

/** Pause before a broken connection is opened again. */
const RETRY_MS = 1000;

export interface HubBridge {
  /** Announces the changes of this process. */
  hub: Hub;
  close(): Promise<void>;
}

interface Topic {
  tenant: string;
  id: string;
  waiting: number;
}

/** PostgreSQL takes names of at most 63 bytes. */
const channelOf = (tenant: string, id: string): string =>
  `countersign_${createHash('sha256').update(`${tenant}\n${id}`).digest('hex').slice(0, 40)}`;

/**
 * Connects a hub to the hubs of the other processes. A message lost while the connection is down delays a waiting request, but never
 * changes its answer: the request reads the store before it gives up.
 */
export async function bridgeHub(
  parts: Pick<Parts, 'hub' | 'store' | 'log'>,
  connectionString: string,
): Promise<HubBridge> {
  const { hub, log } = parts;
  const here = `${process.pid}.${Math.trunc(performance.timeOrigin)}`;
  let closed = false;
  let client: pg.Client | null = null;
  const topics = new Map<string, Topic>();
  const out = new pg.Pool({ connectionString, max: 1, application_name: 'countersign news' });
  out.on('error', () => undefined);

  const hear = async (channel: string, from: string | undefined): Promise<void> => {
    const topic = topics.get(channel);
    if (from === here || topic === undefined) return;
    const stored = await readActionState(parts, topic.tenant, topic.id);
    if (stored !== null) hub.emit(await withPermit(parts, stored.state, stored.sealedPermit));
  };
  const run = async (statement: string): Promise<void> => void (await client?.query(statement).catch(() => undefined));
  /** Looks once after the database listens, for changes that happened before. */
  const listen = async (channel: string): Promise<void> => {
    await run(`listen ${channel}`);
    await hear(channel, undefined);
  };
  const connect = async (): Promise<void> => {
    // Several begin and end to wait concurrently: their statements go out in order, without one waiting for the answer of the other.
    const next = new pg.Client({ connectionString, application_name: 'countersign news', pipeline: true });
    next.on('notification', ({ channel, payload }) => {
      hear(channel, payload).catch((error: unknown) => log.warn({ err: error }, 'news of an action were lost'));
    });
    next.on('error', () => void again());
    await next.connect();
    client = next;
    for (const channel of topics.keys()) void listen(channel).catch(() => undefined);
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
      on(tenant, id, listener) {
        const off = hub.on(tenant, id, listener);
        const channel = channelOf(tenant, id);
        const topic = topics.get(channel) ?? { tenant, id, waiting: 0 };
        topics.set(channel, topic);
        topic.waiting += 1;
        if (topic.waiting === 1) void listen(channel).catch(() => undefined);
        let listening = true;
        return () => {
          off();
          if (!listening) return;
          listening = false;
          topic.waiting -= 1;
          if (topic.waiting > 0) return;
          topics.delete(channel);
          void run(`unlisten ${channel}`);
        };
      },
      emit(action) {
        hub.emit(action);
        out.query('select pg_notify($1, $2)', [channelOf(action.tenant, action.id), here]).catch(() => undefined);
      },
    },
    async close() {
      closed = true;
      await Promise.all([client?.end(), out.end()]).catch(() => undefined);
    },
  };
}
