/** Somebody else's server that takes webhooks: keeps what came, and answers as it is told. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  // What a webhook says is read by tests as it is; each assertion says what it expects.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface Receiver {
  url: string;
  all: Received[];
  /** What the next deliveries, to `path` if it is given, are answered with; 200 when there is none. */
  answers: { status: number; path?: string; location?: string }[];
  /** Resolves with the first message that satisfies the test, whether it came already or is to come. */
  waitFor(test: (message: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

/** @throws Error when the signature is not by `secret`, as the receiver's own library sees it. */
export function verified(message: Received, secret: string): unknown {
  return new Webhook(secret).verify(message.text, message.headers as Record<string, string>);
}

export async function openReceiver(): Promise<Receiver> {
  const all: Received[] = [];
  const answers: Receiver['answers'] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      const body: unknown = text === '' ? null : JSON.parse(text);
      all.push({ path: request.url ?? '', headers: request.headers, text, body });
      const at = answers.findIndex(({ path }) => path === undefined || path === request.url);
      const [answer = { status: 200 }] = at < 0 ? [] : answers.splice(at, 1);
      response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location }).end();
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    all,
    answers,
    waitFor: (test) =>
      new Promise((found) => {
        const look = (): void => {
          const message = all.find(test);
          if (message === undefined) return;
          waiting.delete(look);
          found(message);
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
