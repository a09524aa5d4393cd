/**
 * One request over HTTP or HTTPS. It uses Node's own client, because loading `fetch` takes longer than everything else that a verb needs.
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Sent {
  method: string;
  headers: Record<string, string>;
  body?: string;
  /** Milliseconds until the whole answer is there. */
  timeoutMs: number;
}

export interface Received {
  status: number;
  /** Empty where the answer does not say. */
  contentType: string;
  text: string;
}

/**
 * Sends it and reads the whole answer. A redirect is an error: a token is for this server only.
 *
 * @throws Error with the `code` of the connection's failure, or named `TimeoutError`.
 */
export async function send(url: URL, { method, headers, body, timeoutMs }: Sent): Promise<Received> {
  const signal = AbortSignal.timeout(timeoutMs);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  try {
    return await new Promise<Received>((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const outgoing = request(
        url,
        { method, headers: { ...headers, ...length }, agent: false, signal },
        (incoming) => {
          const { statusCode: status = 0 } = incoming;
          if (status >= 300 && status < 400) {
            incoming.destroy();
            reject(new Error('a redirect, which is not followed'));
            return;
          }
          const contentType = incoming.headers['content-type'] ?? '';
          text(incoming).then((all) => resolve({ status, contentType, text: all }), reject);
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
