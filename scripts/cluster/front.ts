/** One address before however many APIs there are, as the proxy of the compose file has it: Slack's clicks go to Slack's service. */
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** Longer than the services say that a connection is kept: what they say is passed on. */
const KEEP_ALIVE_MS = 90_000;

export interface Front {
  server: Server;
  url: string;
  /** Where requests go from now on. A service that refuses connections is passed over. */
  route(services: { apis: readonly string[]; slack: string | null }): void;
  close(): Promise<void>;
}

/**
 * @param local Serves what begins with one of these paths here.
 *
 * @param port Any free one by default.
 */
export async function openFront(local: Record<string, RequestListener> = {}, port = 0): Promise<Front> {
  let services: { apis: readonly string[]; slack: string | null } = { apis: [], slack: null };
  let turn = 0;
  const targets = (path: string): string[] => {
    if (path.startsWith('/slack/events')) return services.slack === null ? [] : [services.slack];
    turn += 1;
    return services.apis.map((_, n) => services.apis[(turn + n) % services.apis.length] ?? '');
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (incoming, outgoing) => {
    const path = incoming.url ?? '/';
    const here = Object.entries(local).find(([prefix]) => path.startsWith(prefix));
    if (here === undefined) pass(incoming, outgoing, targets(path));
    else here[1](incoming, outgoing);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    route: (next) => (services = next),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

/** Only a connection that was refused is tried elsewhere: what was sent once may have had its effect. */
function pass(incoming: IncomingMessage, outgoing: ServerResponse, [target, ...others]: string[]): void {
  if (target === undefined) {
    outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('no service answers\n');
    return;
  }
  // As they came: two lines of one header stay two.
  const sent = request(target + (incoming.url ?? '/'), { method: incoming.method, headers: incoming.rawHeaders });
  sent.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(outgoing);
  });
  sent.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') return pass(incoming, outgoing, others);
    outgoing.destroy();
  });
  outgoing.on('close', () => sent.destroy());
  sent.on('socket', (socket) => {
    if (!socket.connecting) incoming.pipe(sent);
    else socket.once('connect', () => incoming.pipe(sent));
  });
}
