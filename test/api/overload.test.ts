/** Beyond what may be at work, requests are refused before anything is done for them; health is always told. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { refuseOverload } from '../../src/api/overload.ts';
import { eventually } from '../support/eventually.ts';

let server: Server;
let shed: number;
/** Lets those that are at work be answered. */
let finish: () => void;
let begun: number;

beforeEach(async () => {
  [shed, begun] = [0, 0];
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const app = express();
  app.use(refuseOverload({ atOnce: 2, onShed: () => (shed += 1), workMs: 1 }));
  app.get('/healthz', (_request, response) => void response.json({}));
  app.use(async (_request, response) => {
    begun += 1;
    await finished;
    response.json({});
  });
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
const untilBegun = (count: number): Promise<true> =>
  eventually(`${count} are at work`, () => (begun === count ? true : undefined));

it('refuses what is beyond it, answers what it accepted, and then accepts again', async () => {
  const accepted = [ask('/v1/actions'), ask('/v1/actions')];
  await untilBegun(2);
  const refused = await ask('/v1/actions');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'unavailable', retryAfter: 1, overloaded: true });
  expect((await ask('/healthz')).status).toBe(200);
  finish();
  expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask('/v1/actions')).status).toBe(200);
  expect([shed, begun]).toEqual([1, 3]);
});

it('who waits for people is no work for long', async () => {
  const waiting = [ask('/v1/actions/act_1?wait=60'), ask('/v1/actions/act_2?wait=60')];
  await untilBegun(2);
  await eventually('another one is accepted', async () => {
    const answer = ask('/v1/actions/act_3?wait=60').then(({ status }) => status);
    const status = await Promise.race([answer, untilBegun(3).then(() => 'at work')]);
    return status === 'at work' ? true : undefined;
  });
  finish();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
});

it('whoever hangs up makes room', async () => {
  const controller = new AbortController();
  const { port } = server.address() as AddressInfo;
  const gone = [1, 2].map(() =>
    fetch(`http://127.0.0.1:${port}/v1/actions`, { signal: controller.signal }).catch(() => null),
  );
  await untilBegun(2);
  controller.abort();
  await Promise.all(gone);
  finish();
  await eventually('there is room', async () => ((await ask('/v1/actions')).status === 200 ? true : undefined));
});
