import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../clock.ts';

/** What came back from the app; `status` 0 with an `error` when nothing did. */
export interface HttpAnswer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
  error?: 'timeout' | 'unreachable';
}

/** An app must answer within this time (docs.slack.dev/interactivity/handling-user-interaction). */
export const ACK_MS = 3000;

/** Posts `body` once, over a connection of its own, and waits at most `ACK_MS` of `clock`. Never throws. */
export function post(url: string, body: string, headers: Record<string, string>, clock: Clock): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const nothing = (error: 'timeout' | 'unreachable'): HttpAnswer => ({ status: 0, body: '', headers: {}, error });
    const request = send(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
    });
    const cancel = clock.after(ACK_MS, () => {
      resolve(nothing('timeout'));
      request.destroy();
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        cancel();
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers });
      });
      response.on('error', () => {
        cancel();
        resolve(nothing('unreachable'));
      });
    });
    request.on('error', () => {
      cancel();
      resolve(nothing('unreachable'));
    });
    request.end(body);
  });
}
