/** A service whose start fails ends, says why, and leaves nothing that stands half started: whoever watches it starts another. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startService, type ServiceKind } from '../../scripts/cluster/services.ts';
import { loadConfig } from '../../src/main/config.ts';
import { startReadyDevServer, type DevServer } from '../../src/main/temporal/index.ts';
import { freePort, type EmbeddedPostgres } from '../../src/store/index.ts';
import { openTestPostgres } from '../support/cluster.ts';

/** Temporal, until it is asked for something the so many-th time: then it is gone for good. */
interface Doomed {
  address: string;
  /** Whether it is gone. */
  gone(): boolean;
  end(): void;
}

let folder: string;
let postgres: EmbeddedPostgres;
let temporal: DevServer;
const doomed: Doomed[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-failed-start-'));
  const binary = process.env['TEMPORAL_CLI_PATH'] ?? '';
  const [database, { server, connection }] = await Promise.all([
    openTestPostgres({ dataDir: join(folder, 'database') }),
    startReadyDevServer({ binary, dataDir: join(folder, 'temporal'), namespace: 'default' }, loadConfig({})),
  ]);
  await connection.close();
  [postgres, temporal] = [database, server];
});
afterAll(async () => {
  for (const one of doomed) one.end();
  await Promise.all([postgres.stop(), temporal.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function doomedTemporal(method: string, times: number): Promise<Doomed> {
  const far = connect(`http://${temporal.address}`);
  const near = new Set<ServerHttp2Session>();
  let [asked, gone] = [0, false];
  const server = createServer();
  const end = (): void => {
    gone = true;
    server.close();
    for (const session of near) session.destroy();
    far.destroy();
  };
  server.on('session', (session) => {
    near.add(session);
    session.on('error', () => undefined);
  });
  far.on('error', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (headers[':path']?.endsWith(`/${method}`) === true && (asked += 1) === times) end();
    if (gone) return;
    const { ':authority': _authority, ...rest } = headers;
    const request = far.request(rest);
    request.on('error', () => undefined);
    request.on('response', (answer, flags) => {
      const last = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(answer, { endStream: last, waitForTrailers: !last });
    });
    let trailers: IncomingHttpHeaders = {};
    request.on('trailers', (said) => (trailers = said));
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.pipe(request).pipe(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const one = { address, gone: () => gone, end };
  doomed.push(one);
  return one;
}

const started = (kind: ServiceKind, env: NodeJS.ProcessEnv): Promise<unknown> =>
  startService(kind, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      COUNTERSIGN_DATA: join(folder, 'data'),
      COUNTERSIGN_METRICS_PORT: '0',
      COUNTERSIGN_LOG_LEVEL: 'error',
      DATABASE_URL: postgres.connectionString,
      TEMPORAL_ADDRESS: temporal.address,
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_SIGNING_SECRET: 'a secret',
      ...env,
    },
    say: () => undefined,
  });

const KINDS: readonly ServiceKind[] = ['api', 'worker', 'slack'];
const FAULT = 'ended with 1: ';

it('ends where Temporal is not there', { timeout: 120_000 }, async () => {
  const TEMPORAL_ADDRESS = `127.0.0.1:${await freePort()}`;
  await Promise.all(
    KINDS.map((kind) =>
      expect(started(kind, { TEMPORAL_ADDRESS })).rejects.toThrow(
        new RegExp(`countersign ${kind} ${FAULT}[^]*Temporal does not answer at ${TEMPORAL_ADDRESS}`),
      ),
    ),
  );
});

it('ends where Temporal refuses the namespace', { timeout: 120_000 }, async () => {
  await Promise.all(
    KINDS.map((kind) =>
      expect(started(kind, { TEMPORAL_NAMESPACE: 'nobodys' })).rejects.toThrow(
        new RegExp(`countersign ${kind} ${FAULT}[^]*Temporal has no namespace \`nobodys\``),
      ),
    ),
  );
});

it('ends where the database is away', { timeout: 120_000 }, async () => {
  const url = new URL(postgres.connectionString);
  url.search = '';
  url.host = `127.0.0.1:${await freePort()}`;
  await Promise.all(
    KINDS.map((kind) =>
      expect(started(kind, { DATABASE_URL: url.href })).rejects.toThrow(
        new RegExp(`countersign ${kind} ${FAULT}[^]*database`),
      ),
    ),
  );
});

it(
  'a worker ends whose Temporal dies while it makes its threads, whatever they keep open',
  { timeout: 180_000 },
  async () => {
    // Once at the beginning, and once as the worker is made, after its self-check.
    const { address, gone } = await doomedTemporal('DescribeNamespace', 2);
    await expect(started('worker', { TEMPORAL_ADDRESS: address })).rejects.toThrow(
      new RegExp(`countersign worker ${FAULT}`),
    );
    expect(gone()).toBe(true);
  },
);
