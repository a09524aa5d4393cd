/** Between listening and ready: everybody is answered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import { Closers } from '../../src/main/listen.ts';
import { openServer, type Listening } from '../../src/main/serve.ts';

const closers = new Closers();
let listening: Listening;
beforeAll(async () => {
  listening = await openServer(loadConfig({ COUNTERSIGN_PORT: '0' }), closers);
});
afterAll(() => closers.closeAll());

const body = JSON.stringify({ surface: 'payments.refund' });

describe('while it starts', () => {
  it.each<[method: string, path: string, status: number]>([
    ['GET', '/healthz', 200],
    ['HEAD', '/healthz', 200],
    ['GET', '/healthz?deep=1', 200],
    ['POST', '/healthz', 503],
    ['GET', '/readyz', 503],
    ['GET', '/', 503],
    ['GET', '/console', 503],
    ['GET', '/openapi.json', 503],
    ['GET', '/slack-sandbox/', 503],
    ['GET', '/v1/actions/act_1?wait=60', 503],
    ['POST', '/v1/actions', 503],
    ['POST', '/slack/events', 503],
    ['DELETE', '/v1/freezes/frz_1', 503],
    ['PUT', '/no/such/place', 503],
  ])('%s %s is answered %i', async (method, path, status) => {
    const response = await fetch(listening.url + path, {
      method,
      ...(['POST', 'PUT'].includes(method) ? { body, headers: { 'content-type': 'application/json' } } : {}),
    });
    expect(response.status).toBe(status);
    if (status === 200) return;
    expect(response.headers.get('retry-after')).toBe('1');
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'unavailable', status: 503, retryAfter: 1, starting: true });
  });

  it('fifty at once are all answered, and the same connections serve when it is ready', async () => {
    const statuses = async (): Promise<number[]> => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => fetch(`${listening.url}/v1/records`)));
      await Promise.all(answers.map((answer) => answer.text()));
      return [...new Set(answers.map(({ status }) => status))];
    };
    expect(await statuses()).toEqual([503]);
    listening.serve((_request, response) => response.writeHead(204).end());
    expect(await statuses()).toEqual([204]);
  });
});

describe('while it stops', () => {
  it('what is under way is answered, and no connection is taken any more', async () => {
    const own = new Closers();
    const stopping = await openServer(loadConfig({ COUNTERSIGN_PORT: '0' }), own);
    let begun = (): void => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    let finish = (): void => undefined;
    stopping.serve((_request, response) => {
      finish = () => response.writeHead(204).end();
      begun();
    });
    const answer = fetch(`${stopping.url}/v1/actions/act_1`);
    await isBegun;
    const drained = stopping.drain();
    await expect(fetch(`${stopping.url}/v1/actions/act_2`, { headers: { connection: 'close' } })).rejects.toThrow(
      'fetch failed',
    );
    finish();
    expect((await answer).status).toBe(204);
    await drained;
    await own.closeAll();
  });
});
