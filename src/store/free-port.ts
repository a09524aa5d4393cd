import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A free port on loopback for a server that must be told one. It lies below those that systems hand out by themselves (Linux: from
 * 32768, macOS and Windows: from 49152), so that no connection is given it before that server opens it. Another of our servers could still take it in that moment, and would answer in its place.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
    } catch {
      continue;
    }
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
