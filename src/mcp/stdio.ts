/** MCP over standard input and output. */
import { once } from 'node:events';
import { Transform, type Readable, type Writable } from 'node:stream';
import type { Server } from '@modelcontextprotocol/server';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createServer, type ServerOptions } from './server.ts';

/** Refuses arrays before anything reads them: a batch would be dropped silently, or run unseen. */
export function refuseBatches(out: Writable): Transform {
  let rest = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!/^\s*\[/.test(line)) this.push(`${line}\n`);
        else out.write(`${JSON.stringify(BATCH_REFUSED)}\n`);
      }
      done();
    },
  });
}

export const BATCH_REFUSED = {
  jsonrpc: '2.0',
  id: null,
  error: { code: -32600, message: 'batches are refused; send one message at a time' },
};

export interface StdioOptions {
  input: Readable;
  output: Writable;
  onError(error: Error): void;
  /** Called when the server behind says that its tools changed. */
  toolsChanged: Set<() => void>;
}

/** Serves until the client closes its end. */
export async function serveOverStdio(
  options: ServerOptions,
  { input, output, onError, toolsChanged }: StdioOptions,
): Promise<void> {
  // Decoded here once, so that a character cut in two by a chunk stays whole.
  const decoded = input.setEncoding('utf8');
  const guarded = decoded.pipe(refuseBatches(output));
  const serve = (): Server => {
    const server = createServer(options);
    // A changed tool is no longer listed. A client that ignores this loses nothing.
    toolsChanged.add(() => void server.sendToolListChanged().catch(() => undefined));
    return server;
  };
  const handle = serveStdio(serve, {
    transport: new StdioServerTransport(guarded, output),
    onerror: onError,
  });
  await once(decoded, 'end');
  await handle.close();
}
