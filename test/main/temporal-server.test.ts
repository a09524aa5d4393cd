/** The dev server, for real. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/main/config.ts';
import {
  checkNamespace,
  connectTemporal,
  startDevServer,
  startReadyDevServer,
  untilReady,
  type DevServer,
} from '../../src/main/temporal/index.ts';
import { eventually } from '../support/eventually.ts';
import { untyped } from '../support/untyped.ts';

const binary = process.env['TEMPORAL_CLI_PATH'] ?? '';
const config = loadConfig({});

let dataDir: string;
let server: DevServer | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'countersign-temporal-'));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(dataDir, { recursive: true, force: true });
});

const start = async (): Promise<DevServer> =>
  (server = await startDevServer({ binary, dataDir, namespace: 'default' }));

/** Process ids whose command line mentions our folder. */
function processes(): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8');
      return line.includes(`${dataDir}/temporal.db`) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

describe('the dev server', () => {
  it('serves its namespace and its Web UI on loopback, in WAL mode, and keeps its state', async () => {
    const first = await start();
    const connection = await untilReady(first, config);
    expect((await fetch(first.uiUrl)).status).toBe(200);
    expect(readdirSync(dataDir)).toContain('temporal.db-wal');
    await connection.workflowService.registerNamespace({
      namespace: 'kept',
      workflowExecutionRetentionPeriod: { seconds: untyped(86_400) },
    });
    await connection.close();
    await first.stop();
    const second = await untilReady(await start(), { temporal: { ...config.temporal, namespace: 'kept' } });
    await second.close();
  });

  it('tells when it ends by itself', async () => {
    const connection = await untilReady(await start(), config);
    const [pid] = processes().filter((id) => readFileSync(`/proc/${id}/comm`, 'utf8').startsWith('temporal'));
    process.kill(pid ?? 0, 'SIGKILL');
    expect((await server?.exited)?.why).toMatch(/^Temporal’s server ended \(137\)/);
    await connection.close();
  });

  it('that cannot start says why, and is not waited for', async () => {
    const broken = await startDevServer({ binary: '/bin/false', dataDir, namespace: 'default' });
    await expect(untilReady(broken, config)).rejects.toMatchObject({ code: 'configuration' });
  });

  it('does not take a port from somebody else', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(startDevServer({ binary, dataDir, namespace: 'default', port })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(`port ${port}`) as string,
    });
    expect(processes()).toEqual([]);
    other.close();
  });

  it('is started again on other ports when one was taken after it was found free', async () => {
    const says = 'listen tcp 127.0.0.1:43039: bind: address already in use';
    const late = join(dataDir, 'late');
    const script = `#!/bin/sh\n[ -e "${late}" ] && exec "${binary}" "$@"\n: > "${late}"\necho "${says}"\nexit 1\n`;
    const twice = join(dataDir, 'temporal');
    writeFileSync(twice, script, { mode: 0o700 });
    const ready = await startReadyDevServer({ binary: twice, dataDir, namespace: 'default' }, config);
    server = ready.server;
    await ready.connection.close();
    expect(readFileSync(join(dataDir, 'temporal.log'), 'utf8')).toContain(says);
  });

  it('is not started again when it fails for another reason', async () => {
    const broken = join(dataDir, 'temporal');
    writeFileSync(broken, '#!/bin/sh\necho "no such namespace"\nexit 1\n', { mode: 0o700 });
    await expect(startReadyDevServer({ binary: broken, dataDir, namespace: 'default' }, config)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('no such namespace') as string,
    });
    expect(readFileSync(join(dataDir, 'temporal.log'), 'utf8')).toBe('no such namespace\n');
  });

  it('ends when its owner is killed with -9', async () => {
    const program = `
      import { startDevServer } from ${JSON.stringify(fileURLToPath(new URL('../../src/main/temporal/index.ts', import.meta.url)))};
      const { address } = await startDevServer(${JSON.stringify({ binary, dataDir, namespace: 'default' })});
      console.log(address);
      setInterval(() => undefined, 1000);`;
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    expect(processes()).not.toEqual([]);
    owner.kill('SIGKILL');
    await eventually('the server is gone', () => processes().length === 0 || undefined);
  });
});

describe('a given cluster', () => {
  it('is refused in one sentence when nothing answers there', async () => {
    await expect(connectTemporal('127.0.0.1:1', config.temporal)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('TEMPORAL_ADDRESS') as string,
    });
  });

  it('is refused when a certificate cannot be read, naming its variable', async () => {
    await expect(
      connectTemporal('127.0.0.1:1', { ...config.temporal, tls: { ca: join(dataDir, 'none.pem') } }),
    ).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('TEMPORAL_TLS_SERVER_CA_CERT_PATH') as string,
    });
  });

  it('is refused when the namespace is not there', async () => {
    const { address } = await start();
    await (await untilReady(server as DevServer, config)).close();
    const settings = { ...config.temporal, namespace: 'nowhere' };
    await expect(checkNamespace(await connectTemporal(address, settings), settings)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('TEMPORAL_NAMESPACE') as string,
    });
  });
});
