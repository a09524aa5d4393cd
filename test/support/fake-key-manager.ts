/** What the fakes of key managers share: an HTTP server on loopback that can be down, slow or wrong on request. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

export interface FakeAnswer {
  status: number;
  body: unknown;
}

export interface FakeServer {
  url: string;
  /** Everything that was asked, newest last. */
  requests: FakeRequest[];
  /** `up`; `down`: connections are refused as by a dead process; `failing`: every answer is a 503; `hanging`: no answer at all. */
  state: 'up' | 'down' | 'failing' | 'hanging';
  close(): Promise<void>;
}

export async function startFake(answer: (request: FakeRequest) => FakeAnswer): Promise<FakeServer> {
  const fake: FakeServer = { url: '', requests: [], state: 'up', close: () => closeOf(server) };
  const server = createServer((request, response) => {
    if (fake.state === 'down') {
      request.socket.destroy();
      return;
    }
    if (fake.state === 'hanging') return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const type = request.headers['content-type'] ?? '';
      const body = type.includes('form') ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || '{}');
      const seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: body as Record<string, unknown>,
      };
      fake.requests.push(seen);
      const { status, body: out } = fake.state === 'failing' ? { status: 503, body: {} } : answer(seen);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(out));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return fake;
}

function closeOf(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
