import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../clock.ts';
import { newId, secretHex } from '../ids.ts';
import { isFromHere } from '../loopback.ts';
import { asString, isObject, parseJson } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { DeliveryKind } from '../types.ts';
import { ACK_MS } from './http.ts';

const ENVELOPE_TYPES: Record<DeliveryKind, string> = {
  interaction: 'interactive',
  command: 'slash_commands',
  event: 'events_api',
};

/** Slack pings; a client that hears nothing for 30 s reconnects. */
const PING_MS = 10_000;

/** Real milliseconds a client has to answer a close. */
const CLOSE_MS = 500;

/** Socket Mode: WebSocket connections of the app, opened with a ticket from `apps.connections.open`. */
export class SocketHub {
  private readonly clock: Clock;
  private readonly appId: string;
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly sockets: WebSocket[] = [];
  private readonly tickets = new Set<string>();
  private readonly waiting = new Map<string, (payload: JsonObject) => void>();
  private turn = 0;

  constructor(clock: Clock, appId: string) {
    this.clock = clock;
    this.appId = appId;
  }

  get connected(): number {
    return this.sockets.length;
  }

  /** A single-use ticket for one connection. */
  ticket(): string {
    const ticket = secretHex(32);
    this.tickets.add(ticket);
    return ticket;
  }

  /** Takes over upgrades of `server` to `path`, and leaves all others alone. */
  attach(server: Server, path: string): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = new URL(request.url ?? '/', 'http://sandbox');
      if (url.pathname !== path) return;
      if (!isFromHere(request) || !this.tickets.delete(url.searchParams.get('ticket') ?? '')) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n');
        return;
      }
      this.server.handleUpgrade(request, socket, head, (webSocket) => {
        this.welcome(webSocket);
      });
    });
  }

  private welcome(socket: WebSocket): void {
    this.sockets.push(socket);
    const ping = setInterval(() => {
      socket.ping();
    }, PING_MS);
    ping.unref();
    socket.on('message', (data) => {
      this.acked(data);
    });
    socket.on('error', () => {
      socket.terminate();
    });
    socket.on('close', () => {
      clearInterval(ping);
      const index = this.sockets.indexOf(socket);
      if (index >= 0) this.sockets.splice(index, 1);
    });
    const hello = {
      type: 'hello',
      num_connections: this.sockets.length,
      debug_info: { host: 'sandbox', approximate_connection_time: 18060 },
      connection_info: { app_id: this.appId },
    };
    socket.send(JSON.stringify(hello));
  }

  private acked(data: RawData): void {
    const message = parseJson(Buffer.isBuffer(data) ? data.toString('utf8') : '');
    if (!isObject(message)) return;
    const resolve = this.waiting.get(asString(message['envelope_id']) ?? '');
    resolve?.(isObject(message['payload']) ? message['payload'] : {});
  }

  /**
   * Sends a payload over one of the connections, in turn.
   * @returns the ack's payload; undefined when none came within `ACK_MS`.
   */
  async send(
    kind: DeliveryKind,
    payload: JsonObject,
    retry: { attempt: number; reason: string },
  ): Promise<JsonObject | undefined> {
    const socket = this.sockets[this.turn++ % Math.max(1, this.sockets.length)];
    if (!socket) return undefined;
    const id = newId('ENV');
    const envelope: JsonObject = {
      envelope_id: id,
      type: ENVELOPE_TYPES[kind],
      payload,
      accepts_response_payload: kind !== 'event',
      ...(kind === 'event' ? { retry_attempt: retry.attempt, retry_reason: retry.reason } : {}),
    };
    return new Promise((resolve) => {
      const cancel = this.clock.after(ACK_MS, () => {
        this.waiting.delete(id);
        resolve(undefined);
      });
      this.waiting.set(id, (answer) => {
        cancel();
        this.waiting.delete(id);
        resolve(answer);
      });
      socket.send(JSON.stringify(envelope));
    });
  }

  /** Tells every client to reconnect, as Slack does now and then. */
  refresh(): void {
    for (const socket of this.sockets) {
      socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
    }
  }

  /** Says good-bye to every client; one that does not answer is cut off. */
  close(): void {
    for (const socket of [...this.sockets]) {
      socket.close(1001);
      setTimeout(() => {
        socket.terminate();
      }, CLOSE_MS).unref();
    }
    this.server.close();
  }
}
