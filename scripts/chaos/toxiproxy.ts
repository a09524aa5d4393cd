/** Toxiproxy between the services and what they stand on: connections are cut and slowed. Built once by Go, as Temporal's server is. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, spawnSupervised } from '../../src/store/index.ts';
import { goTool } from '../cluster/binaries.ts';

export interface Proxies {
  /** Where a service connects to instead. @param address `host:port` */
  before(name: string, address: string): Promise<string>;
  /** For a while, every connection is reset, or every byte comes late. */
  reset(name: string, ms: number): Promise<void>;
  slow(name: string, latencyMs: number, ms: number): Promise<void>;
  stop(): Promise<void>;
}

const VERSION = '2.12.0';

export async function startToxiproxy(cacheDir: string, say: (line: string) => void): Promise<Proxies> {
  // Its binary is called as Temporal's is, so each has a folder of its own.
  const folder = await goTool(
    {
      name: `toxiproxy-${VERSION}`,
      packages: [`github.com/Shopify/toxiproxy/v2/cmd/server@v${VERSION}`],
      binaries: ['server'],
    },
    cacheDir,
    say,
  );
  const port = await freePort();
  const child = await spawnSupervised(join(folder, 'server'), ['-host', '127.0.0.1', '-port', String(port)]);
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`toxiproxy answered ${response.status} to ${method} ${path}`);
  };
  await untilServing(() => ask('GET', '/version'));
  const toxic = async (name: string, type: string, attributes: object, ms: number): Promise<void> => {
    await ask('POST', `/proxies/${name}/toxics`, { name: type, type, attributes });
    await sleep(ms);
    await ask('DELETE', `/proxies/${name}/toxics/${type}`);
  };
  return {
    async before(name, address) {
      const listen = `127.0.0.1:${await freePort()}`;
      await ask('POST', '/proxies', { name, listen, upstream: address, enabled: true });
      return listen;
    },
    reset: (name, ms) => toxic(name, 'reset_peer', { timeout: 0 }, ms),
    slow: (name, latency, ms) => toxic(name, 'latency', { latency, jitter: Math.trunc(latency / 2) }, ms),
    async stop() {
      await child.stop();
    },
  };
}

async function untilServing(probe: () => Promise<void>): Promise<void> {
  for (let left = 100; ; left -= 1) {
    try {
      return await probe();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(50);
    }
  }
}
