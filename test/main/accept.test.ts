/** Connections that come together are taken together, are served by the one server, and are waited for when it closes. */
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { acceptTogether, type Acceptors } from '../../src/main/accept.ts';

let server: Server;
let acceptors: Acceptors;
let answer: () => void;

beforeEach(async () => {
  const answered = new Promise<void>((resolve) => (answer = resolve));
  server = createServer((_request, response) => void answered.then(() => response.end('served')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  acceptors = acceptTogether(server);
});
afterEach(async () => {
  answer();
  server.close();
  server.closeAllConnections();
  await acceptors.close();
});

const callers = (count: number): Socket[] =>
  Array.from({ length: count }, () => connect((server.address() as AddressInfo).port, '127.0.0.1'));

it('takes more than one in a turn of the event loop', async () => {
  expect(await acceptors.opened).toBe(15);
  let [inTurn, most, taken] = [0, 0, 0];
  server.on('connection', () => {
    [inTurn, taken] = [inTurn + 1, taken + 1];
  });
  // All are there before the loop looks.
  const sockets = callers(48);
  while (taken < 48) {
    inTurn = 0;
    await new Promise(setImmediate);
    most = Math.max(most, inTurn);
  }
  expect(most).toBeGreaterThan(1);
  for (const socket of sockets) socket.destroy();
});

it('serves whoever was accepted before it is closed, and is closed after them', async () => {
  await acceptors.opened;
  const { port } = server.address() as AddressInfo;
  const arrived = new Promise<void>((resolve) => {
    let requests = 0;
    server.on('request', () => {
      requests += 1;
      if (requests === 32) resolve();
    });
  });
  const asked = Array.from({ length: 32 }, async () =>
    (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text(),
  );
  await arrived;
  let closed = false;
  const closing = Promise.all([new Promise((resolve) => server.close(resolve)), acceptors.close()]).then(
    () => (closed = true),
  );
  expect(closed).toBe(false);
  answer();
  expect(await Promise.all(asked)).toEqual(Array.from({ length: 32 }, () => 'served'));
  await closing;
});

it('goes on with one where it is closed at once', async () => {
  await acceptors.close();
  expect(await acceptors.opened).toBeLessThanOrEqual(15);
});
