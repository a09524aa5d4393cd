/** Who is counted with whom: by address until a credential is known, by caller afterwards. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Allowance } from '../../src/api/allowance.ts';
import { problemHandler } from '../../src/api/problem.ts';
import { rateLimit } from '../../src/api/rate-limit.ts';
import { CountersignError } from '../../src/contract/index.ts';
import type { Caller } from '../../src/identity/index.ts';

/** Callers by credential: two of the first belong to one caller. */
const CALLERS: Record<string, string> = { good: 'key:1', rotated: 'key:1', other: 'key:2' };
const LIMIT = 100;

let server: Server;
let looked: number;
let refused: string[];
let revoked: Set<string>;
/** Credentials are looked at from then on. */
let opened: Promise<void>;

beforeEach(async () => {
  looked = 0;
  refused = [];
  revoked = new Set();
  opened = Promise.resolve();
  const authenticate = async (presented: string | undefined): Promise<Caller> => {
    looked += 1;
    await opened;
    const token = (presented ?? '').replace(/^Bearer +/i, '').trim();
    const id = revoked.has(token) ? undefined : CALLERS[token];
    if (id === undefined) throw new CountersignError('unauthenticated', 'the API key is not known');
    return { kind: 'key', id, tenant: 'default', surfaces: ['**'], actors: ['*'], roles: [], groups: [] };
  };
  const app = express();
  app.use(
    rateLimit({
      gateway: { authenticateReader: authenticate, unauthenticated: (address) => void refused.push(address) },
      requestsPerMinute: LIMIT,
    }),
  );
  app.get('/public', (_request, response) => void response.json({}));
  app.get('/healthz', (_request, response) => void response.json({}));
  app.use(async (request, response) => {
    response.json(await authenticate(request.get('authorization')));
  });
  app.use(problemHandler({ error: () => undefined }));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

interface Seen {
  status: number;
  left: number;
  retry: string | null;
}
async function get(authorization?: string, path = '/v1/records'): Promise<Seen> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: authorization === undefined ? {} : { authorization },
  });
  await response.text();
  return {
    status: response.status,
    left: Number(/;r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1] ?? NaN),
    retry: response.headers.get('retry-after'),
  };
}

describe('each after one request of `Bearer good`', () => {
  it.each<[what: string, authorization: string | undefined, path: string, status: number, left: number]>([
    ['the same', 'Bearer good', '/v1/records', 200, LIMIT - 2],
    ['in lower case', 'bearer good', '/v1/records', 200, LIMIT - 2],
    ['in upper case', 'BEARER good', '/v1/records', 200, LIMIT - 2],
    ['with two spaces', 'Bearer  good', '/v1/records', 200, LIMIT - 2],
    ['with forty spaces', `Bearer${' '.repeat(40)}good`, '/v1/records', 200, LIMIT - 2],
    ['without the word', 'good', '/v1/records', 200, LIMIT - 2],
    ['another credential of the same caller', 'Bearer rotated', '/v1/records', 200, LIMIT - 2],
    ['where none is needed', 'Bearer good', '/public', 200, LIMIT - 2],
    ['another caller', 'Bearer other', '/v1/records', 200, LIMIT - 1],
    ['a guess', 'Bearer guess', '/v1/records', 401, LIMIT - 1],
    ['no credential', undefined, '/v1/records', 401, LIMIT - 1],
    ['health is not counted', 'Bearer good', '/healthz', 200, NaN],
  ])('%s', async (_what, authorization, path, status, left) => {
    await get('Bearer good');
    expect(await get(authorization, path)).toMatchObject({ status, left });
  });
});

it('guessing is over after a few, is no longer looked at, and stops nobody who is known', async () => {
  await get('Bearer good');
  const answers = await Promise.all(Array.from({ length: 300 }, (_, n) => get(`Bearer guess-${n}`)));
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(30);
  const over = answers.filter(({ status }) => status === 429);
  expect(over).toHaveLength(270);
  expect(Number(over[0]?.retry)).toBeGreaterThan(0);
  expect(looked).toBeLessThan(70);
  expect(refused).toHaveLength(30);
  expect((await get('Bearer good')).status).toBe(200);
  expect((await get('Bearer other')).status).toBe(429);
});

it('a good credential that nobody presented before is one guess, however many present it at once', async () => {
  opened = new Promise((resolve) => {
    let arrived = 0;
    server.on('request', () => {
      arrived += 1;
      if (arrived === LIMIT) resolve();
    });
  });
  const seen = await Promise.all(Array.from({ length: LIMIT }, () => get('Bearer other')));
  expect(seen.map(({ status }) => status)).toEqual(Array(LIMIT).fill(200));
});

it('a credential that was revoked is a guess again', async () => {
  await get('Bearer good');
  revoked.add('good');
  expect([(await get('Bearer good')).status, (await get('Bearer good')).status]).toEqual([401, 401]);
  expect(refused).toHaveLength(2);
});

it('one caller is stopped at the limit, and its neighbour is not', async () => {
  await Promise.all(Array.from({ length: LIMIT }, () => get('Bearer good')));
  expect([(await get('Bearer rotated')).status, (await get('Bearer other')).status]).toEqual([429, 200]);
});

describe('an allowance', () => {
  const allowance = (): { it: Allowance; at: (ms: number) => void } => {
    let now = 0;
    return {
      it: new Allowance({ limit: 2, windowMs: 1000, keys: 3, now: () => now }),
      at: (ms) => (now = ms),
    };
  };
  it.each<[what: string, takes: [at: number, key: string][], fits: boolean[], size: number]>([
    ['fits', [[0, 'a']], [true], 1],
    [
      'fits as often as it may',
      [
        [0, 'a'],
        [1, 'a'],
        [2, 'a'],
      ],
      [true, true, false],
      1,
    ],
    [
      'counts keys apart',
      [
        [0, 'a'],
        [0, 'a'],
        [0, 'b'],
        [0, 'b'],
      ],
      [true, true, true, true],
      2,
    ],
    [
      'begins anew when the window is over',
      [
        [0, 'a'],
        [0, 'a'],
        [1000, 'a'],
      ],
      [true, true, true],
      1,
    ],
    [
      'not a moment before',
      [
        [0, 'a'],
        [0, 'a'],
        [999, 'a'],
      ],
      [true, true, false],
      1,
    ],
    [
      'forgets what is over',
      [
        [0, 'a'],
        [0, 'b'],
        [1500, 'c'],
      ],
      [true, true, true],
      1,
    ],
    [
      'keys beyond its memory share',
      [
        [0, 'a'],
        [0, 'b'],
        [0, 'c'],
        [0, 'd'],
        [0, 'e'],
        [0, 'f'],
      ],
      [true, true, true, true, true, false],
      3,
    ],
    [
      'those within it do not',
      [
        [0, 'a'],
        [0, 'b'],
        [0, 'c'],
        [0, 'd'],
        [0, 'e'],
        [0, 'a'],
      ],
      [true, true, true, true, true, true],
      3,
    ],
    [
      'what is shared begins anew too',
      [
        [0, 'a'],
        [0, 'b'],
        [0, 'c'],
        [0, 'd'],
        [0, 'd'],
        [1000, 'd'],
      ],
      [true, true, true, true, true, true],
      1,
    ],
    [
      'a refused use is not counted',
      [
        [0, 'a'],
        [0, 'a'],
        [0, 'a'],
        [0, 'a'],
        [1000, 'a'],
        [1000, 'a'],
      ],
      [true, true, false, false, true, true],
      1,
    ],
  ])('%s', (_what, takes, fits, size) => {
    const { it: one, at } = allowance();
    const found = takes.map(([when, key]) => {
      at(when);
      return one.take(key).fits;
    });
    expect(found).toEqual(fits);
    expect(one.size).toBe(size);
  });
});
