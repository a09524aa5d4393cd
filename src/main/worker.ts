import type { RunningService } from './api.ts';
import { randomUUID } from 'node:crypto';
import { refuseKnownForbidden } from './bootstrap.ts';
import type { Config } from './config.ts';
import { startWorkerOn, TASK_QUEUE } from './engine.ts';
import { withOthers } from './notifiers.ts';
import { activityDeps } from './parts.ts';
import { keepSchedules } from './schedules.ts';
import { ensureSharing } from './witnesses.ts';
import { Closers } from './listen.ts';
import { workerChecks } from './readiness.ts';
import { openService } from './serve.ts';
import { slackNotifiers } from './slack-notifiers.ts';

/** A worker alone: it judges, seals and notifies Slack. It serves only health and metrics. */
export async function startWorker(config: Config, io: { out(line: string): void }): Promise<RunningService> {
  const closers = new Closers();
  try {
    const { parts, temporal, gateway, client, judging, show } = await openService(config, closers, io);
    const people = withOthers(parts, slackNotifiers(parts, config.slack));
    closers.add(async () => people.close());
    const deps = activityDeps(parts, people.notifier, config.publicUrl ?? null);
    await refuseKnownForbidden(gateway, randomUUID(), { say: (line) => io.out(line) });
    const worker = await startWorkerOn(parts, temporal.connection, temporal.namespace, deps, {
      judging,
      nexus: config.nexus,
    });
    closers.add(() => worker.stop());
    show([...workerChecks(temporal, worker), ...people.checks]);
    const schedules = await keepSchedules(client, TASK_QUEUE, parts.log);
    closers.add(() => schedules.stop());
    await ensureSharing(client, TASK_QUEUE, parts.sharing, parts.log);
    io.out('countersign worker runs');
    const failed = Promise.race([worker.done.then(() => new Promise<never>(() => undefined)), temporal.failed]);
    failed.catch(() => undefined);
    return { url: null, failed, stop: () => closers.closeAll() };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}
