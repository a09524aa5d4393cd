/** MCP over streamable HTTP, on this machine: other origins, other hosts, batches and strangers are refused before their requests are read. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { hostHeaderValidation, originValidation, toNodeHandler } from '@modelcontextprotocol/node';
import { CountersignError } from '../contract/index.ts';
import { BATCH_REFUSED } from './stdio.ts';
import { createServer, type ServerOptions } from './server.ts';

export interface HttpOptions {
  port: number;
  host: string;
  /** The bearer token that the agent has to present. It is not a key of Countersign, and is of no use elsewhere. */
  token: string;
  /** Names beside those of this machine under which it is reached, and pages that may use it. */
  hosts: readonly string[];
  onError(error: Error): void;
}

/** The path of the endpoint. */
export const MCP_PATH = '/mcp';
const LOCAL = ['localhost', '127.0.0.1', '[::1]'];
const BODY_MAX = 4 * 1024 * 1024;
/** Characters of a token that is too short to be one. */
const TOKEN_MIN = 16;

export async function serveOverHttp(
  options: ServerOptions,
  { port, host, token, hosts, onError }: HttpOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  if (token.length < TOKEN_MIN) {
    throw new CountersignError('configuration', `COUNTERSIGN_MCP_TOKEN has at least ${TOKEN_MIN} characters`);
  }
  const handler = createMcpHandler(() => createServer(options), { onerror: onError });
  const serve = toNodeHandler(handler);
  const hostAllowed = hostHeaderValidation([...LOCAL, ...hosts]);
  const originAllowed = originValidation([...LOCAL, ...hosts]);
  const server: HttpServer = createHttpServer((request, response) => {
    const refuse = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const answer = async (): Promise<void> => {
      if (!hostAllowed(request, response) || !originAllowed(request, response)) return;
      if (request.url?.split('?', 1)[0] !== MCP_PATH) return refuse(404, errorOf(-32601, `MCP is at ${MCP_PATH}`));
      if (!presents(request, token)) {
        response.setHeader('www-authenticate', 'Bearer realm="countersign mcp"');
        return refuse(401, errorOf(-32001, 'no valid token'));
      }
      const body = await readBody(request);
      if (body === null) return refuse(413, errorOf(-32600, 'the body is too large'));
      const parsed = parse(body);
      if (parsed === undefined) return refuse(400, errorOf(-32700, 'the body is not JSON'));
      if (Array.isArray(parsed)) return refuse(400, BATCH_REFUSED);
      const known = Object.assign(request, { method: request.method ?? 'GET', url: request.url ?? '/' });
      await (parsed === null ? serve(known, response) : serve(known, response, parsed));
    };
    answer().catch((error: unknown) => {
      onError(error instanceof Error ? error : new Error(String(error)));
      if (!response.headersSent) refuse(500, errorOf(-32603, 'the proxy failed; nothing ran'));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${name}:${(server.address() as AddressInfo).port}${MCP_PATH}`,
    async close() {
      await handler.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const errorOf = (code: number, message: string): object => ({ jsonrpc: '2.0', id: null, error: { code, message } });

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const presents = ({ headers }: IncomingMessage, token: string): boolean =>
  timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The body as JSON: null where there is none, undefined where it is not JSON. */
function parse(body: string): unknown {
  try {
    return body === '' ? null : (JSON.parse(body) as unknown);
  } catch {
    return undefined;
  }
}
