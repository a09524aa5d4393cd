/**
 * Accepts connections that come together. Node.js takes one connection of a listening socket in each turn of its event loop, so under load the
 * last of a hundred callers would wait a hundred turns before anybody reads what it asks. More descriptors of the same socket take one each.
 */
import { spawn, type ChildProcess, type SendHandle } from 'node:child_process';
import { createServer, type Server } from 'node:net';

/** Connections that are taken in one turn. Each costs a failed call where only one has come. */
const AT_ONCE = 16;

/** A descriptor that goes to another process and comes back is a new one. Nothing else in Node.js makes one. */
const ECHO = `
process.on('disconnect', () => process.exit());
process.on('message', (count, handle) => {
  for (let n = 0; n < count; n += 1) process.send(n, handle, { keepOpen: true });
});`;

export interface Acceptors {
  /** Resolves with how many more descriptors there are; 0 where no process can be started. */
  opened: Promise<number>;
  /** Accepts no more, and resolves when the accepted connections are closed. */
  close(): Promise<void>;
}

/** @param server One that listens. Its connections are served by it, whichever descriptor took them. */
export function acceptTogether(server: Server): Acceptors {
  const more: Server[] = [];
  let closed = false;
  const listenOn = (handle: unknown): void => {
    if (handle === undefined) return;
    // As an HTTP server makes its own.
    const one = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
    one.on('error', () => one.close());
    one.listen(handle);
    if (closed) one.close();
    else more.push(one);
  };
  // It is told nothing of this process, and needs nothing.
  const child: ChildProcess = spawn(process.execPath, ['-e', ECHO], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {},
  });
  const opened = new Promise<number>((resolve) => {
    const done = (): void => {
      if (child.connected) child.disconnect();
      resolve(more.length);
    };
    child.on('message', (_n, handle: unknown) => {
      listenOn(handle);
      if (more.length === AT_ONCE - 1) done();
    });
    child.once('error', done);
    child.once('exit', done);
    // The descriptor itself: a server that is sent would accept over there.
    child.send(AT_ONCE - 1, Reflect.get(server, '_handle') as SendHandle, (error) => {
      if (error !== null) done();
    });
  });
  child.unref();
  return {
    opened,
    async close() {
      closed = true;
      child.kill();
      await Promise.all(more.map((one) => new Promise((resolve) => one.close(resolve))));
    },
  };
}
