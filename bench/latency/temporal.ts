import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { loadConfig } from '../../src/main/config.ts';
import { installRuntime } from '../../src/main/temporal/runtime.ts';
import { createLogger } from '../../src/main/parts.ts';
import { findTemporal, startReadyDevServer } from '../../src/main/temporal/index.ts';
import type { empty } from './empty-workflow.ts';

const TASK_QUEUE = 'bench';

export interface EmptyWorkflows {
  /** One empty workflow by `client.workflow.execute`. */
  execute(options: { eager: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Empty workflows on a dev server of their own, stock or as `npm start` starts it. */
export async function startEmptyWorkflows({ stock }: { stock: boolean }): Promise<EmptyWorkflows> {
  const config = loadConfig(process.env);
  await installRuntime({ log: createLogger('error') });
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  const { path } = await findTemporal({
    env: process.env,
    cliPath: config.temporal.cliPath,
    cacheDir: config.cacheDir,
    say: (line) => console.error(line),
  });
  const options = { binary: path, dataDir, namespace: 'default', stock };
  const { server, connection } = await startReadyDevServer(options, config);
  const worker = await Worker.create({
    connection,
    namespace: 'default',
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('empty-workflow.ts', import.meta.url)),
  });
  const running = worker.run();
  const own = await Connection.connect({ address: server.address });
  const separate = new Client({ connection: own, namespace: 'default' });
  const shared = new Client({ connection, namespace: 'default' });
  return {
    async execute({ eager }) {
      await (eager ? shared : separate).workflow.execute<typeof empty>('empty', {
        taskQueue: TASK_QUEUE,
        workflowId: randomUUID(),
        args: [],
        requestEagerStart: eager,
      });
    },
    async stop() {
      worker.shutdown();
      await running;
      await own.close();
      await connection.close();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
