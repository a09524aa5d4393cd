/** What stands between a caller and the engine, and between it and its ledger: it sees every step, and can end the caller at one. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Steps in the order in which a caller takes them. `-answered`: the engine has done it, and the caller does not know yet. */
export type Step =
  | 'ask'
  | 'ask-answered'
  | 'wait'
  | 'wait-answered'
  | 'redeem'
  | 'redeem-answered'
  | 'begin'
  | 'effect'
  | 'done'
  | 'report'
  | 'report-answered'
  | 'end';

export interface Wire {
  url: string;
  /** Amounts that were paid, in order. */
  effects: number[];
  steps: Step[];
  close(): Promise<void>;
}

/** @param at Called at every step, before it goes on; `false` lets it go no further. */
export async function startWire(engine: string, at: (step: Step) => boolean | Promise<boolean>): Promise<Wire> {
  const effects: number[] = [];
  const steps: Step[] = [];
  const reach = async (step: Step): Promise<boolean> => {
    steps.push(step);
    return at(step);
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await request.toArray()).map(String).join('');
    const url = new URL(request.url ?? '/', engine);
    const own = /^\/(begin|effect|done|end)$/.exec(url.pathname)?.[1] as Step | undefined;
    if (own !== undefined) {
      if (own === 'effect') effects.push((JSON.parse(body) as { amount: number }).amount);
      if (await reach(own)) response.end('{}');
      return;
    }
    const step = stepOf(url);
    if (step !== null && !(await reach(step))) return;
    const answer = await fetch(url, {
      method: request.method ?? 'GET',
      headers: Object.fromEntries(
        ['authorization', 'content-type', 'idempotency-key'].flatMap((name) => {
          const value = request.headers[name];
          return typeof value === 'string' ? [[name, value]] : [];
        }),
      ),
      ...(request.method === 'POST' ? { body } : {}),
    });
    const text = await answer.text();
    if (step !== null && !(await reach(`${step}-answered`))) return;
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.end(text);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    effects,
    steps,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function stepOf({ pathname, searchParams }: URL): 'ask' | 'wait' | 'redeem' | 'report' | null {
  if (pathname === '/v1/actions') return Number(searchParams.get('wait') ?? 0) > 0 ? 'wait' : 'ask';
  if (pathname === '/v1/permits/redeem') return 'redeem';
  return pathname.endsWith('/outcome') ? 'report' : null;
}
