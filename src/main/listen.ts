/** How a process opens what it serves on, and closes everything again. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { within } from '../availability/index.ts';
import { CountersignError } from '../contract/index.ts';

/** Longer than any part takes that closes in an orderly way: open requests have ten seconds. */
const CLOSE_MS = 15_000;

/**
 * Closes everything in reverse order of opening, each once, even if one of them fails. One that does not end is left behind, so that a process
 * whose start failed ends too.
 */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];
  add(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }
  async closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await within(CLOSE_MS, close()).catch(() => undefined);
    }
  }
}

/**
 * Listens, or says in one sentence why it cannot.
 *
 * @param variables What the names of its two settings begin with.
 * @returns the port.
 */
export async function listen(server: Server, port: number, host: string, variables = 'COUNTERSIGN'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new CountersignError(
          'configuration',
          error.code === 'EADDRINUSE'
            ? `port ${port} on ${host} is taken; stop what uses it, or set ${variables}_PORT to another one (0 = any free port)`
            : `cannot listen on ${host}:${port} (${error.code ?? error.message}); set ${variables}_HOST and ${variables}_PORT`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
